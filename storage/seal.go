package storage

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"madoguchi/bot"
)

// ErrWrongKey is returned by Open when the database was made with another
// secret key.
var ErrWrongKey = errors.New("SECRET_KEY is not the one this database was first used with: give that one " +
	"(with SQLite it was made beside the database); without it the stored credentials cannot be read")

// sealer encrypts what must not lie readable in the database.
type sealer struct {
	aead  cipher.AEAD
	keyID string // begins every sealed text, so that a rotation can tell keys apart
	check string // derived from the key; the key does not follow from it
}

func newSealer(secret []byte) (*sealer, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("secret key has %d bytes, not 32", len(secret))
	}
	key, err := derive(secret, "seal at rest")
	if err != nil {
		return nil, err
	}
	check, err := derive(secret, "key check")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	return &sealer{aead: aead, keyID: hex.EncodeToString(check[:4]), check: hex.EncodeToString(check)}, nil
}

func derive(secret []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "madoguchi: "+purpose, 32)
	return key, errorOf("secret key", err)
}

// seal encrypts for one place: what is moved to another does not open there.
func (s *sealer) seal(plain []byte, place string) string {
	sealed := s.aead.Seal(nil, nil, plain, []byte(place))
	return s.keyID + ":" + base64.RawStdEncoding.EncodeToString(sealed)
}

func (s *sealer) open(text, place string) ([]byte, error) {
	keyID, encoded, ok := strings.Cut(text, ":")
	if !ok || keyID != s.keyID {
		return nil, ErrWrongKey
	}
	sealed, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("sealed text: %w", err)
	}
	plain, err := s.aead.Open(nil, nil, sealed, []byte(place))
	return plain, errorOf("sealed text", err)
}

// checkKey refuses a key other than the first one the database was used with.
func (s *Store) checkKey(ctx context.Context) error {
	stored, err := s.firstKey(ctx)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(stored), []byte(s.sealer.check)) != 1 {
		return ErrWrongKey
	}
	return nil
}

// firstKey returns the check value of the database's key, which is ours where
// there is none yet.
func (s *Store) firstKey(ctx context.Context) (stored string, err error) {
	read := func(t *tx) error {
		return t.get("key check", &stored, `SELECT value FROM deployment WHERE name = 'key_check'`)
	}
	if s.config.Existing {
		err = s.engine.readOne(ctx, read)
		if errors.Is(err, bot.ErrNotFound) {
			return s.sealer.check, nil
		}
		return stored, err
	}
	err = s.engine.write(ctx, func(t *tx) error {
		if err := t.do("key check",
			`INSERT INTO deployment (name, value) VALUES ('key_check', ?) ON CONFLICT (name) DO NOTHING`, s.sealer.check); err != nil {
			return err
		}
		return read(t)
	})
	return stored, err
}
