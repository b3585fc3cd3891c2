package main

import (
	"context"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/storage"
)

// With an empty secret anybody could sign a webhook: serve does not start.
func TestServeRefusesAnEmptyChannelSecret(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcdef")
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "madoguchi.db")
	vars := map[string]string{
		"DATABASE_URL": database, "MEDIA_URL": "file:" + filepath.Join(dir, "media"), "SECRET_KEY": hex.EncodeToString(key),
		"LISTEN_ADDR": "127.0.0.1:0", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s",
	}
	for name, secrets := range map[string][]string{"none": nil, "one of two": {"good", ""}} {
		store, err := storage.Open(t.Context(), storage.Config{URL: database, SecretKey: key})
		if err != nil {
			t.Fatal(err)
		}
		a := bot.Account{ID: "a1", Slug: "aoyama", LINE: bot.LINEChannel{Secrets: secrets, Token: "t"}}
		if err := store.InTx(t.Context(), func(tx bot.Tx) error { return tx.SaveAccount(&a, nil) }); err != nil {
			t.Fatal(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		p := process{
			stdout: io.Discard, stderr: io.Discard, readFile: os.ReadFile, environ: os.Environ,
			getenv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok },
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a serve that starts ends with it
		err = run(ctx, p, []string{"serve"})
		cancel()
		if err == nil || !strings.Contains(err.Error(), "account aoyama: line.channel_secret is empty; apply") {
			t.Errorf("%s: serve = %v, want a refusal that names the account and the field", name, err)
		}
	}
}
