package slack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"madoguchi/bot"
)

const (
	callTimeout   = 10 * time.Second
	uploadTimeout = 2 * time.Minute
	maxResponse   = 8 << 20
)

// readPauses is how long a call that only reads waits before it is repeated.
var readPauses = []time.Duration{200 * time.Millisecond, time.Second}

// Config is what a Client needs.
type Config struct {
	APIURL string       // ends in a slash, such as https://slack.com/api/
	Token  string       // the bot token
	HTTP   *http.Client // copied, without its redirects; nil for a plain one
	Log    *slog.Logger // nil discards
	Now    func() time.Time
	// OnCall, if set, is told the outcome of every request: "ok" or the kind
	// of the failure. It must not block.
	OnCall func(method, outcome string, took time.Duration)
}

// Client makes the calls to Slack's Web API. It is safe for concurrent use. It
// keeps no rate and repeats nothing but reads; it reports what Slack answered,
// always as a *bot.Failure.
type Client struct {
	api    string
	token  string
	http   *http.Client
	log    *slog.Logger
	now    func() time.Time
	onCall func(method, outcome string, took time.Duration)
	pauses []time.Duration
	team   atomic.Pointer[string]
}

var _ bot.Slack = (*Client)(nil)

// New returns a Client. It makes no call.
func New(c Config) *Client {
	client := &Client{
		api: c.APIURL, token: c.Token, http: &http.Client{},
		log: c.Log, now: c.Now, onCall: c.OnCall, pauses: readPauses,
	}
	if c.HTTP != nil {
		plain := *c.HTTP
		client.http = &plain
	}
	// A redirect would take the token, or a friend's file, somewhere else.
	client.http.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	if client.log == nil {
		client.log = slog.New(slog.DiscardHandler)
	}
	if client.now == nil {
		client.now = time.Now
	}
	if client.onCall == nil {
		client.onCall = func(string, string, time.Duration) {}
	}
	return client
}

// effect says what it means when the outcome of a call is unknown.
type effect int

const (
	changes  effect = iota // it may have been carried out: Uncertain
	reads                  // nothing was to be carried out: Transient, repeated here
	reserves               // nothing that anybody sees: Transient
)

// request is one call of a method, with either a form or a JSON body.
type request struct {
	method string
	effect effect
	form   url.Values
	json   []byte
}

// call makes a request and decodes the answer into out, which may be nil.
func (c *Client) call(ctx context.Context, r request, out any) (http.Header, error) {
	header, failure := c.once(ctx, r, out)
	if r.effect == reads {
		for _, pause := range c.pauses {
			if failure == nil || failure.Kind != bot.Transient || !sleep(ctx, pause) {
				break
			}
			header, failure = c.once(ctx, r, out)
		}
	}
	if failure != nil {
		return nil, failure
	}
	return header, nil
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) once(ctx context.Context, r request, out any) (http.Header, *bot.Failure) {
	begun := c.now()
	header, failure := c.attempt(ctx, r, out)
	if failure != nil && failure.Kind == bot.Uncertain && r.effect != changes {
		failure.Kind = bot.Transient
	}
	c.report(ctx, r.method, failure, c.now().Sub(begun))
	return header, failure
}

func (c *Client) report(ctx context.Context, method string, failure *bot.Failure, took time.Duration) {
	outcome, code := "ok", ""
	if failure != nil {
		outcome, code = string(failure.Kind), failure.Code
	}
	c.onCall(method, outcome, took)
	c.log.DebugContext(ctx, "called Slack", "method", method, "outcome", outcome, "code", code, "took", took)
}

func (c *Client) attempt(ctx context.Context, r request, out any) (http.Header, *bot.Failure) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, kind := r.json, "application/json; charset=utf-8"
	if body == nil {
		body, kind = []byte(r.form.Encode()), "application/x-www-form-urlencoded"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.api+r.method, bytes.NewReader(body))
	if err != nil {
		return nil, &bot.Failure{Kind: bot.Misconfigured, Code: "bad_url", Detail: r.method}
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, failure := c.send(req, r.method)
	if failure != nil {
		return nil, failure
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return nil, lost(r.method, err)
	}
	if failure := judge(r.method, resp, raw, c.now()); failure != nil {
		return nil, failure
	}
	if failure := decodeAnswer(r.method, raw, out); failure != nil {
		return nil, failure
	}
	return resp.Header, nil
}

// send tells a request that never left from one that may have arrived.
func (c *Client) send(req *http.Request, method string) (*http.Response, *bot.Failure) {
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }}
	req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	resp, err := c.http.Do(req)
	if err == nil {
		return resp, nil
	}
	failure := lost(method, err)
	if !connected.Load() {
		failure.Kind = bot.Transient
		if failure.Code == "connection" {
			failure.Code = "unreachable"
		}
	}
	return nil, failure
}

// lost is the failure of a request whose answer did not arrive.
func lost(method string, err error) *bot.Failure {
	code := "connection"
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		code = "timeout"
	case errors.Is(err, context.Canceled):
		code = "cancelled"
	}
	// The outer error names the address, which for an upload is a secret.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	return &bot.Failure{Kind: bot.Uncertain, Code: code, Detail: method + ": " + err.Error()}
}

// values makes form values of names and values in turn, leaving out empty ones.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

func isSecure(address, like string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(like, "http://")
}
