package slack

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// newID makes an id of Slack's look. It is random, so that a workspace that
// was started anew never gives an id of the one before.
func newID(prefix string) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := []byte(prefix)
	for range 10 {
		b = append(b, letters[rand.IntN(len(letters))])
	}
	return string(b)
}

// formatTS writes microseconds as a ts.
func formatTS(micros int64) string {
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// parseTS is the inverse of formatTS; false for anything that is no ts. A ts
// without a fraction, as callers give as a boundary, is taken.
func parseTS(s string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < 0 || sec > 1<<40 || len(fraction) > 6 {
		return 0, false
	}
	if fraction == "" {
		return sec * 1e6, true
	}
	micros, err := strconv.ParseUint(fraction+strings.Repeat("0", 6-len(fraction)), 10, 64)
	if err != nil {
		return 0, false
	}
	return sec*1e6 + int64(micros), true
}

func tsOf(t time.Time) string { return formatTS(t.UnixMicro()) }
