package line

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                     0,
		"0":                    0,
		"-1":                   0,
		"30":                   30 * time.Second,
		" 1.5 ":                1500 * time.Millisecond,
		"1e9":                  time.Hour,
		"99999999999999999999": time.Hour,
		"NaN":                  0,
		"Inf":                  time.Hour,
		"soon":                 0,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
		now.AddDate(50, 0, 0).Format(http.TimeFormat): time.Hour,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}
