package storage

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// DiskSpace tells how much room is left for us on the disk that a file or folder
// lies on, and how large the disk is.
func DiskSpace(path string) (available, size uint64, err error) {
	folder, err := windows.UTF16PtrFromString(filepath.Dir(path))
	if err != nil {
		return 0, 0, err
	}
	err = windows.GetDiskFreeSpaceEx(folder, &available, &size, nil)
	return available, size, err
}
