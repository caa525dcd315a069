//go:build !unix

package spool

import "os"

// lockFile does nothing where there is no flock: one process per directory is
// then the administrator's care.
func lockFile(*os.File) error { return nil }
