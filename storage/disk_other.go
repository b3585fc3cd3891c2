//go:build !linux && !darwin && !freebsd && !windows

package storage

import "errors"

// DiskSpace is not told on this system.
func DiskSpace(string) (available, size uint64, err error) { return 0, 0, errors.ErrUnsupported }
