package line

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"madoguchi/bot"
)

const (
	// callTimeout ends a call whose caller set no earlier deadline.
	callTimeout = 10 * time.Second
	// maxAnswer caps what is read of an answer; LINE's are a few hundred bytes.
	maxAnswer = 1 << 20
)

// Config is what a Client needs.
type Config struct {
	APIURL      string // https://api.line.me; required
	DataAPIURL  string // https://api-data.line.me; required
	Credentials bot.LINEChannel
	// HTTP carries the calls; nil for a client of its own. Its redirect policy
	// is not used: a redirect would carry the token elsewhere.
	HTTP *http.Client
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: nothing is logged
	// OnCall, if set, is told the outcome of every request: "ok" or the kind of
	// the failure. endpoint has no ids in it. It must not block.
	OnCall func(endpoint, outcome string, took time.Duration)
}

// Client calls LINE for one account. Every error it returns is a *bot.Failure.
// It is safe for concurrent use.
//
// The codes of its failures, besides http_ and the number of a rarer status:
// bad_request, invalid_reply_token, unauthorized, forbidden, chat_held,
// not_found, gone, too_large, rate_limited, quota, not_ready, bad_id,
// bad_answer, no_retry_key, no_token, token_refused, redirected, timeout,
// cancelled, connection.
type Client struct {
	api    string
	data   string
	http   *http.Client
	tokens *tokenSource
	now    func() time.Time
	logger *slog.Logger
	onCall func(endpoint, outcome string, took time.Duration)
}

var _ bot.LINE = (*Client)(nil)

// New returns a Client. It makes no call.
func New(cfg Config) *Client {
	client := &http.Client{}
	if cfg.HTTP != nil {
		*client = *cfg.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		api:    strings.TrimRight(cfg.APIURL, "/"),
		data:   strings.TrimRight(cfg.DataAPIURL, "/"),
		http:   client,
		now:    cfg.Now,
		logger: cfg.Log,
		onCall: cfg.OnCall,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	if c.onCall == nil {
		c.onCall = func(string, string, time.Duration) {}
	}
	c.tokens = newTokenSource(c, cfg.Credentials)
	return c
}

// reply is LINE's answer to a call, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call carries r out and reads the answer, whatever its status. The error is
// a *bot.Failure: there is no answer, or no token to ask with.
func (c *Client) call(ctx context.Context, r request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	resp, err := c.open(ctx, r) //nolint:bodyclose // whole closes it
	return whole(resp, err)
}

// exchange is call without a token, for the one call that gets it.
func (c *Client) exchange(ctx context.Context, r request) (reply, error) {
	resp, err := c.attempt(ctx, r, "") //nolint:bodyclose // whole closes it
	return whole(resp, err)
}

func whole(resp *http.Response, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	defer closeBody(resp)
	// The status decides what happened; a body that breaks off changes nothing
	// about that.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// open carries r out with a token and leaves the body to be read. A token
// that LINE refuses is renewed once where that is possible.
func (c *Client) open(ctx context.Context, r request) (*http.Response, error) {
	token, err := c.tokens.get(ctx, "")
	if err != nil {
		return nil, err
	}
	resp, err := c.attempt(ctx, r, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !c.tokens.renewable() {
		return resp, err
	}
	closeBody(resp)
	if token, err = c.tokens.get(ctx, token); err != nil {
		return nil, err
	}
	return c.attempt(ctx, r, token)
}

// closeBody reads a little of what is left, so that the connection can be used
// again.
func closeBody(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
}
