package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"madoguchi/storage"
)

func TestDiskSpace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "madoguchi.db")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Dir(file)} {
		available, size, err := storage.DiskSpace(path)
		if errors.Is(err, errors.ErrUnsupported) {
			t.Skip("it cannot be told on this system")
		}
		if err != nil || available == 0 || available > size {
			t.Errorf("DiskSpace(%s) = %d of %d (%v)", path, available, size, err)
		}
	}
	if _, _, err := storage.DiskSpace(filepath.Join(file, "nosuch")); err == nil {
		t.Error("there is room on a disk that is not there")
	}
}
