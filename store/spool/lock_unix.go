//go:build unix

package spool

import (
	"errors"
	"os"
	"syscall"
)

// lockFile holds the directory for this process; the lock ends with it.
func lockFile(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}
