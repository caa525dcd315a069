//go:build !race

package queue_test

// slower is how many times smaller the large tests are.
const slower = 1
