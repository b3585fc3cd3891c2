package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/s3blob" // the scheme s3
	"gocloud.dev/gcerrors"

	"madoguchi/bot"
)

// Files keeps files in a folder or in an S3 bucket. Keys are made by the caller
// and cannot be guessed.
type Files struct{ bucket *blob.Bucket }

var _ bot.Files = (*Files)(nil)

// OpenFiles opens file:PATH, which is made if need be, or s3://BUCKET?….
func OpenFiles(ctx context.Context, raw string) (*Files, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch {
	case scheme == "file" && rest != "":
		path, err := filepath.Abs(strings.TrimPrefix(rest, "//"))
		if err != nil {
			return nil, fmt.Errorf("folder for files: %w", err)
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("folder for files: %w", err)
		}
		// Half-written files lie in the same folder, since a file cannot be
		// renamed from one disk to another. What a file is, its message says.
		bucket, err := fileblob.OpenBucket(path, &fileblob.Options{
			NoTempDir: true, DirFileMode: 0o700, Metadata: fileblob.MetadataDontWrite,
		})
		if err != nil {
			return nil, fmt.Errorf("folder for files: %w", err)
		}
		return &Files{bucket}, nil
	case scheme == "s3":
		if u, err := url.Parse(raw); err != nil || u.Host == "" {
			return nil, errors.New("place for files is not of the form s3://BUCKET?…")
		}
		bucket, err := blob.OpenBucket(ctx, raw)
		if err != nil {
			return nil, fmt.Errorf("bucket for files: %w", err)
		}
		return &Files{bucket}, nil
	default:
		return nil, errors.New("place for files is neither file:PATH nor s3://…")
	}
}

// Put implements bot.Files.
func (f *Files) Put(ctx context.Context, key string, body io.Reader, contentType string, limit int64) (size int64, err error) {
	// Ending this context is the only way to give a writer up: Close would keep
	// what was written.
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	w, err := f.bucket.NewWriter(ctx, key, &blob.WriterOptions{ContentType: contentType, DisableContentTypeDetection: true})
	if err != nil {
		return 0, fmt.Errorf("store file: %w", err)
	}
	size, err = io.Copy(w, io.LimitReader(body, limit+1))
	if err == nil && size > limit {
		err = bot.ErrTooLarge
	}
	if err != nil {
		giveUp()
		_ = w.Close() // it only says that it was given up
		return 0, fmt.Errorf("store file: %w", err)
	}
	if err := w.Close(); err != nil {
		return 0, fmt.Errorf("store file: %w", err)
	}
	return size, nil
}

// Open implements bot.Files. It returns bot.ErrNotFound for a key that is not there.
func (f *Files) Open(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	r, err := f.bucket.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		err = bot.ErrNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open file: %w", err)
	}
	return r, r.Size(), nil
}

// Delete implements bot.Files. A file that is not there is deleted.
func (f *Files) Delete(ctx context.Context, key string) error {
	err := f.bucket.Delete(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return errorOf("delete file", err)
}

// Close ends the use of the bucket.
func (f *Files) Close() error { return f.bucket.Close() }
