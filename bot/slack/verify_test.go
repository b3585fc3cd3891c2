package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"testing"
	"time"
)

const testSecret = "8f742231b10e8888abcd99yyyzzz85a5"

var testNow = time.Unix(1_700_000_000, 0)

func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func stamp(d time.Duration) string {
	return strconv.FormatInt(testNow.Add(d).Unix(), 10)
}

func TestVerify(t *testing.T) {
	body := []byte(`{"type":"event_callback"}`)
	for _, c := range []struct {
		name                         string
		secret, timestamp, signature string
		body                         []byte
		want                         bool
	}{
		{"as Slack signs", testSecret, stamp(0), sign(testSecret, stamp(0), body), body, true},
		{"empty body", testSecret, stamp(0), sign(testSecret, stamp(0), nil), nil, true},
		{"almost too old", testSecret, stamp(-5 * time.Minute), sign(testSecret, stamp(-5*time.Minute), body), body, true},
		{"6 minutes old", testSecret, stamp(-6 * time.Minute), sign(testSecret, stamp(-6*time.Minute), body), body, false},
		{"6 minutes ahead", testSecret, stamp(6 * time.Minute), sign(testSecret, stamp(6*time.Minute), body), body, false},
		{"no timestamp", testSecret, "", sign(testSecret, "", body), body, false},
		{"timestamp abc", testSecret, "abc", sign(testSecret, "abc", body), body, false},
		{"timestamp 1e20", testSecret, "1e20", sign(testSecret, "1e20", body), body, false},
		{"timestamp of 21 digits", testSecret, "100000000000000000000", sign(testSecret, "100000000000000000000", body), body, false},
		{"largest timestamp", testSecret, "9223372036854775807", sign(testSecret, "9223372036854775807", body), body, false},
		{"smallest timestamp", testSecret, "-9223372036854775808", sign(testSecret, "-9223372036854775808", body), body, false},
		{"empty secret", "", stamp(0), sign("", stamp(0), body), body, false},
		{"another secret", testSecret, stamp(0), sign("other", stamp(0), body), body, false},
		{"no signature", testSecret, stamp(0), "", body, false},
		{"only the version", testSecret, stamp(0), "v0=", body, false},
		{"another version", testSecret, stamp(0), "v1" + sign(testSecret, stamp(0), body)[2:], body, false},
		{"not hexadecimal", testSecret, stamp(0), "v0=zz", body, false},
		{"cut short", testSecret, stamp(0), sign(testSecret, stamp(0), body)[:40], body, false},
		{"body off by one byte", testSecret, stamp(0), sign(testSecret, stamp(0), body), append(body[:len(body):len(body)], ' '), false},
		{"timestamp swapped", testSecret, stamp(time.Second), sign(testSecret, stamp(0), body), body, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Verify(c.secret, c.timestamp, c.signature, c.body, testNow); got != c.want {
				t.Errorf("Verify = %v, want %v", got, c.want)
			}
		})
	}
}
