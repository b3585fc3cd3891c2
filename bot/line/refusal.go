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

// refused says what an answer that is no success means. For a call that sends,
// a status of the server's side leaves open whether it was carried out.
func (c *Client) refused(r request, a reply) *bot.Failure {
	f := &bot.Failure{
		Kind:      bot.Permanent,
		Code:      fmt.Sprintf("http_%d", a.status),
		Detail:    a.complaint().detail(),
		RequestID: a.header.Get(headerRequestID),
	}
	switch status := a.status; {
	case status >= 300 && status < 400:
		f.Kind, f.Code = bot.Misconfigured, "redirected"
	case status == http.StatusBadRequest:
		f.Code = "bad_request"
	case status == http.StatusUnauthorized:
		f.Kind, f.Code = bot.Misconfigured, "unauthorized"
	case status == http.StatusForbidden:
		f.Kind, f.Code = bot.Misconfigured, "forbidden"
	case status == http.StatusNotFound:
		f.Code = "not_found"
	case status == http.StatusGone:
		f.Code = "gone"
	case status == http.StatusRequestEntityTooLarge:
		f.Code = "too_large"
	case status == http.StatusTooManyRequests:
		f.Kind, f.Code = bot.RateLimited, "rate_limited"
		f.RetryAfter = retryAfter(a.header.Get("Retry-After"), c.now())
	case status >= 500 || status == http.StatusRequestTimeout:
		f.Kind = bot.Transient
		if r.sends {
			f.Kind = bot.Uncertain
		}
	}
	return f
}

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
