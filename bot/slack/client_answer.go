package slack

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/bot"
)

const (
	shortestWait = time.Second
	longestWait  = time.Hour
)

// codeKinds are the error codes of Slack that are not Permanent. Each method's
// reference page lists its own, such as
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
var codeKinds = map[string]bot.FailureKind{
	"ratelimited":            bot.RateLimited,
	"rate_limited":           bot.RateLimited,
	"message_limit_exceeded": bot.RateLimited,

	"invalid_auth":              bot.Misconfigured,
	"not_authed":                bot.Misconfigured,
	"token_revoked":             bot.Misconfigured,
	"token_expired":             bot.Misconfigured,
	"account_inactive":          bot.Misconfigured,
	"missing_scope":             bot.Misconfigured,
	"no_permission":             bot.Misconfigured,
	"access_denied":             bot.Misconfigured,
	"accesslimited":             bot.Misconfigured,
	"restricted_action":         bot.Misconfigured,
	"team_access_not_granted":   bot.Misconfigured,
	"not_allowed_token_type":    bot.Misconfigured,
	"ekm_access_denied":         bot.Misconfigured,
	"enterprise_is_restricted":  bot.Misconfigured,
	"org_login_required":        bot.Misconfigured,
	"two_factor_setup_required": bot.Misconfigured,
	"unknown_method":            bot.Misconfigured,

	// Sent while a workspace moves; nothing is carried out then.
	"team_added_to_org": bot.Transient,

	// Slack says of these that some of the effect may have happened.
	"fatal_error":         bot.Uncertain,
	"internal_error":      bot.Uncertain,
	"request_timeout":     bot.Uncertain,
	"service_unavailable": bot.Uncertain,
}

// answer is what every answer of the Web API has.
type answer struct {
	OK       *bool  `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// judge returns what went wrong by the answer's own account, or nil.
func judge(method string, resp *http.Response, raw []byte, now time.Time) *bot.Failure {
	f := &bot.Failure{Detail: method, RequestID: resp.Header.Get("X-Slack-Req-Id")}
	var a answer
	readable := len(raw) <= maxResponse && json.Unmarshal(raw, &a) == nil && a.OK != nil
	status := resp.StatusCode
	switch {
	case status == http.StatusTooManyRequests:
		f.Kind, f.Code = bot.RateLimited, "ratelimited"
	case status >= 500 || status == http.StatusRequestTimeout:
		f.Kind, f.Code = bot.Uncertain, "http_"+strconv.Itoa(status)
	case readable && *a.OK && status < 300:
		return nil
	case readable && !*a.OK:
		f.Kind, f.Code = kindOf(a.Error), shortCode(a.Error)
		f.Detail += detail(a)
	case status < 300:
		f.Kind, f.Code = bot.Uncertain, "garbage"
	case status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge:
		f.Kind, f.Code = bot.Permanent, "http_"+strconv.Itoa(status)
	default:
		// Something that is not Slack's API stands at this address or in
		// between: it redirects, or knows no such page.
		f.Kind, f.Code = bot.Misconfigured, "http_"+strconv.Itoa(status)
	}
	if f.Kind == bot.RateLimited {
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), now)
	}
	return f
}

func kindOf(code string) bot.FailureKind {
	if kind, ok := codeKinds[code]; ok {
		return kind
	}
	return bot.Permanent
}

var codeForm = regexp.MustCompile(`^[a-z0-9_.-]{1,64}$`)

// shortCode keeps anything but a code out of Code.
func shortCode(code string) string {
	if codeForm.MatchString(code) {
		return code
	}
	return "unknown_error"
}

var pointer = regexp.MustCompile(`\[json-pointer:([A-Za-z0-9_/]{1,200})\]`)

// detail says which scope is missing or where the blocks are wrong. Slack's
// own sentences stay out of it: they may quote the blocks.
func detail(a answer) string {
	var b strings.Builder
	if codeForm.MatchString(strings.NewReplacer(":", "_", ",", "_").Replace(a.Needed)) {
		b.WriteString(" needs the scope " + a.Needed)
	}
	for i, m := range a.Metadata.Messages {
		if found := pointer.FindStringSubmatch(m); found != nil && i < 5 {
			b.WriteString(" at " + found[1])
		}
	}
	return b.String()
}

// retryAfter reads the header in either of its forms. Whatever it says, the
// wait has an end, and is not none.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	wait := shortestWait
	if seconds, err := strconv.ParseFloat(header, 64); err == nil || math.IsInf(seconds, 0) {
		if math.IsNaN(seconds) {
			return shortestWait
		}
		wait = time.Duration(min(max(seconds, 0), longestWait.Seconds()) * float64(time.Second))
	} else if date, err := http.ParseTime(header); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, shortestWait), longestWait)
}

// decodeAnswer reads an answer that says ok. One that cannot be read leaves it
// open what was done.
func decodeAnswer(method string, raw []byte, out any) *bot.Failure {
	if out == nil {
		return nil
	}
	if json.Unmarshal(raw, out) != nil {
		return &bot.Failure{Kind: bot.Uncertain, Code: "garbage", Detail: method}
	}
	return nil
}

// forgive returns nil for a failure that means that the wish is fulfilled
// already.
func forgive(err error, codes ...string) error {
	if err != nil && slices.Contains(codes, bot.AsFailure(err).Code) {
		return nil
	}
	return err
}
