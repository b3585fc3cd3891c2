package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"strings"
	"time"
)

// signatureWindow is how far a request's timestamp may lie from our clock, in
// either direction, before a valid signature is taken for a replay.
const signatureWindow = 5 * time.Minute

// Verify reports whether Slack signed body: signature is the header
// X-Slack-Signature, timestamp X-Slack-Request-Timestamp. An empty secret
// verifies nothing. It must see the raw bytes, before anything is parsed.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
func Verify(secret, timestamp, signature string, body []byte, now time.Time) bool {
	if secret == "" {
		return false
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || seconds < 0 {
		return false
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > signatureWindow {
		return false
	}
	digest, found := strings.CutPrefix(signature, "v0=")
	if !found {
		return false
	}
	given, err := hex.DecodeString(digest)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	// Writing to a hash cannot fail.
	_, _ = io.WriteString(mac, "v0:"+timestamp+":")
	_, _ = mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}
