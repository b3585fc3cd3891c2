package line

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"madoguchi/bot"
)

// request is one call as it will be sent.
type request struct {
	method   string
	base     string // of the API or the data API
	path     string
	endpoint string // the path with ids left out, for the log
	body     []byte
	form     bool // body is a form, not JSON
	retryKey string
	// sends says that the call shows something to a friend. If its outcome is
	// unknown, it must not simply be repeated; any other call may be.
	sends bool
}

// attempt makes one request. Token "" sends none. The error is a *bot.Failure;
// it never holds the URL, which may name a friend.
func (c *Client) attempt(ctx context.Context, r request, token string) (*http.Response, error) {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(traced, r.method, r.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, &bot.Failure{Kind: bot.Misconfigured, Code: "bad_url", Detail: "the address of LINE's API cannot be read"}
	}
	switch {
	case r.form:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case r.body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if r.retryKey != "" {
		req.Header.Set("X-Line-Retry-Key", r.retryKey)
	}
	start := time.Now()
	resp, err := c.http.Do(req)
	took := time.Since(start)
	if err != nil {
		f := unanswered(ctx, err, connected.Load() && r.sends)
		c.onCall(r.endpoint, string(f.Kind), took)
		c.logger.DebugContext(ctx, "LINE call", "method", r.method, "endpoint", r.endpoint, "failure", f.Code, "took", took)
		return nil, f
	}
	c.onCall(r.endpoint, outcome(r, resp.StatusCode), took)
	c.logger.DebugContext(ctx, "LINE call", "method", r.method, "endpoint", r.endpoint,
		"status", resp.StatusCode, "request_id", resp.Header.Get(headerRequestID), "took", took)
	return resp, nil
}

// outcome is "ok" also for a conflict: LINE accepted the same push before.
func outcome(r request, status int) string {
	if status >= 200 && status < 300 || status == http.StatusConflict {
		return "ok"
	}
	kind, _ := judge(r, status)
	return string(kind)
}

// unanswered says what a call without an answer means. Without a connection
// nothing can have reached LINE.
func unanswered(ctx context.Context, err error, mayHaveArrived bool) *bot.Failure {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	f := &bot.Failure{Kind: bot.Transient, Code: "connection", Detail: err.Error()}
	if mayHaveArrived {
		f.Kind = bot.Uncertain
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		f.Code = "cancelled"
	case errors.Is(ctx.Err(), context.DeadlineExceeded), timedOut(err):
		f.Code = "timeout"
	}
	return f
}

func timedOut(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}
