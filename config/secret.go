package config

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Secret is a value that must not be printed. Every way of formatting it gives
// the same placeholder; Reveal gives the value.
type Secret string

// Reveal returns the value, for the call that needs it.
func (s Secret) Reveal() string { return string(s) }

// String keeps the value out of texts.
func (s Secret) String() string { return redacted }

// GoString keeps the value out of %#v.
func (s Secret) GoString() string { return redacted }

// Format keeps the value out of every verb; %d would print it otherwise.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redacted) }

// LogValue keeps the value out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the value out of JSON and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// keySize is what AES-256 takes.
const keySize = 32

// Key is the key that encrypts tokens at rest: 32 bytes, or nil where none was
// given. It is formatted as Secret is.
type Key []byte

// ParseKey reads a key from hex or from base64 of either alphabet, padded or
// not. Its error does not quote the text.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if key, err := hex.DecodeString(text); err == nil && len(key) == keySize {
		return key, nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if key, err := base64.RawStdEncoding.Strict().DecodeString(plain); err == nil && len(key) == keySize {
		return key, nil
	}
	return nil, fmt.Errorf("is not %d bytes in hex or base64", keySize)
}

// String keeps the key out of texts.
func (k Key) String() string { return redacted }

// GoString keeps the key out of %#v.
func (k Key) GoString() string { return redacted }

// Format keeps the key out of every verb.
func (k Key) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redacted) }

// LogValue keeps the key out of logs.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the key out of JSON and the like.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
