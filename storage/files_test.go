package storage_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/bot"
	"madoguchi/storage"
)

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "media")
	f, err := storage.OpenFiles(t.Context(), "file:"+dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder = %v (%v), want 0700", info.Mode(), err)
	}
	const key = "a1/0123"
	if n, err := f.Put(t.Context(), key, strings.NewReader("12345"), "image/png", 5); n != 5 || err != nil {
		t.Errorf("Put = %d, %v", n, err)
	}
	r, size, err := f.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	r.Close()
	if string(content) != "12345" || size != 5 || err != nil {
		t.Errorf("read %q of %d bytes (%v)", content, size, err)
	}
	if _, err := f.Put(t.Context(), "a1/big", strings.NewReader("123456"), "", 5); !errors.Is(err, bot.ErrTooLarge) {
		t.Errorf("Put over the limit = %v, want ErrTooLarge", err)
	}
	broken := io.MultiReader(strings.NewReader("123"), failing{})
	if _, err := f.Put(t.Context(), "a1/broken", broken, "", 50); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Put of a body that breaks off = %v", err)
	}
	for _, key := range []string{"a1/big", "a1/broken", "never"} {
		if _, _, err := f.Open(t.Context(), key); !errors.Is(err, bot.ErrNotFound) {
			t.Errorf("Open(%s) = %v, want ErrNotFound", key, err)
		}
	}
	for range 2 {
		if err := f.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	left := 0
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left++
		}
		return err
	})
	if left != 0 || err != nil {
		t.Errorf("%d files are left (%v)", left, err)
	}
	for _, bad := range []string{"", "file:", "s3:", "ftp://x", "s3://"} {
		if _, err := storage.OpenFiles(t.Context(), bad); err == nil {
			t.Errorf("OpenFiles(%q) succeeded", bad)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
