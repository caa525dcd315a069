//go:build race

package queue_test

// slower is how many times smaller the large tests are under the race
// detector, which slows the database engine compiled into the test as well.
const slower = 10
