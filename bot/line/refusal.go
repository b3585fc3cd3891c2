package line

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"madoguchi/bot"
)

const (
	headerRequestID         = "X-Line-Request-Id"
	headerAcceptedRequestID = "X-Line-Accepted-Request-Id"
	// maxRetryAfter bounds what a broken proxy may make us wait.
	maxRetryAfter = time.Hour
)

// complaint is LINE's error object. Its texts may change at any time, so
// nothing branches on them.
// See https://developers.line.biz/en/reference/messaging-api/#error-responses
type complaint struct {
	Message string `json:"message"`
	Details []struct {
		Property string `json:"property"`
	} `json:"details"`
}

func (r reply) complaint() complaint {
	var c complaint
	if json.Unmarshal(r.body, &c) != nil {
		return complaint{}
	}
	return c
}

var propertyPattern = regexp.MustCompile(`^[0-9A-Za-z_.\[\]-]{1,80}$`)

// properties names what LINE found wrong, where that is a name and nothing else.
func (c complaint) properties() []string {
	var names []string
	for _, d := range c.Details {
		if propertyPattern.MatchString(d.Property) {
			names = append(names, d.Property)
		}
	}
	return names
}

// fixedMessages are the texts of LINE that hold nothing of the request. Others
// might quote it and stay out of the log.
var fixedMessages = map[string]bool{
	"Invalid reply token":                                    true,
	"Failed to send messages":                                true,
	"You have reached your monthly limit.":                   true,
	"The API rate limit has been exceeded. Try again later.": true,
	"The retry key is already accepted":                      true,
	"Access to this API is not available for your account":   true,
	"Authentication failed. Confirm that the access token in the authorization header is valid.": true,
	"Not found": true,
}

func (c complaint) detail() string {
	var parts []string
	if fixedMessages[c.Message] {
		parts = append(parts, c.Message)
	}
	return strings.Join(append(parts, c.properties()...), ", ")
}

// refused says what an answer that is no success means.
func (c *Client) refused(r request, a reply) *bot.Failure {
	kind, code := judge(r, a.status)
	f := &bot.Failure{Kind: kind, Code: code, Detail: a.complaint().detail(), RequestID: a.header.Get(headerRequestID)}
	if kind == bot.RateLimited {
		f.RetryAfter = retryAfter(a.header.Get("Retry-After"), c.now())
	}
	return f
}

// judge says what a status that is no success means. For a call that sends, one
// of the server's side leaves open whether it was carried out.
func judge(r request, status int) (kind bot.FailureKind, code string) {
	switch {
	case status >= 300 && status < 400:
		return bot.Misconfigured, "redirected"
	case status == http.StatusBadRequest:
		return bot.Permanent, "bad_request"
	case status == http.StatusUnauthorized:
		return bot.Misconfigured, "unauthorized"
	case status == http.StatusForbidden:
		return bot.Misconfigured, "forbidden"
	case status == http.StatusNotFound:
		return bot.Permanent, "not_found"
	case status == http.StatusGone:
		return bot.Permanent, "gone"
	case status == http.StatusRequestEntityTooLarge:
		return bot.Permanent, "too_large"
	case status == http.StatusTooManyRequests:
		return bot.RateLimited, "rate_limited"
	case (status >= 500 || status == http.StatusRequestTimeout) && r.sends:
		return bot.Uncertain, httpCode(status)
	case status >= 500 || status == http.StatusRequestTimeout:
		return bot.Transient, httpCode(status)
	default:
		return bot.Permanent, httpCode(status)
	}
}

func httpCode(status int) string { return fmt.Sprintf("http_%d", status) }

// retryAfter reads seconds or a date. What lies in the past or cannot be read
// is 0, and nothing is longer than an hour.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		switch {
		case !(seconds > 0): // also NaN
			return 0
		case seconds > maxRetryAfter.Seconds():
			return maxRetryAfter
		default:
			return time.Duration(seconds * float64(time.Second))
		}
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// read decodes the answer of a call that asks something.
func (c *Client) read(r request, a reply, into any) error {
	if a.status != http.StatusOK {
		return c.refused(r, a)
	}
	if json.Unmarshal(a.body, into) != nil {
		return &bot.Failure{Kind: bot.Transient, Code: "bad_answer", RequestID: a.header.Get(headerRequestID)}
	}
	return nil
}
