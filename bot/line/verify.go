package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Verify reports whether signature is the x-line-signature of body under one
// of the secrets (two while they are rotated). An empty secret verifies
// nothing: anybody could sign with it.
// See https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
func Verify(secrets []string, signature string, body []byte) bool {
	given, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil || len(given) != sha256.Size {
		return false
	}
	valid := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if hmac.Equal(given, mac.Sum(nil)) {
			valid = true
		}
	}
	return valid
}
