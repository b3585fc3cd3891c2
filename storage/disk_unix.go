//go:build linux || darwin || freebsd

package storage

import "golang.org/x/sys/unix"

// DiskSpace tells how much room is left for us on the disk that a file or folder
// lies on, and how large the disk is.
func DiskSpace(path string) (available, size uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)                                       //nolint:gosec,unconvert // its type differs between systems and is never negative
	return uint64(max(s.Bavail, 0)) * block, s.Blocks * block, nil //nolint:gosec,unconvert // the same
}
