package line

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"madoguchi/bot"
)

// tokenLife is how long a short-lived token is used. LINE's live 15 minutes;
// one that dies early is replaced when LINE refuses it.
// See https://developers.line.biz/en/docs/basics/channel-access-token/#stateless-channel-access-token
const tokenLife = 12 * time.Minute

// tokenSource hands out the channel access token: the fixed one, or a
// short-lived one that it fetches when needed, once for all who wait.
type tokenSource struct {
	client      *Client
	credentials bot.LINEChannel

	// turn is held by whoever looks at or fetches the token. A mutex could not
	// be left when the caller's context ends.
	turn   chan struct{}
	token  string
	expire time.Time
}

func newTokenSource(c *Client, credentials bot.LINEChannel) *tokenSource {
	return &tokenSource{client: c, credentials: credentials, turn: make(chan struct{}, 1)}
}

// renewable reports whether a refused token can be replaced.
func (s *tokenSource) renewable() bool {
	return s.credentials.Token == "" && s.credentials.ChannelID != ""
}

// get returns a token other than refused, which is "" or what LINE just
// answered 401 to. Its error is a *bot.Failure.
func (s *tokenSource) get(ctx context.Context, refused string) (string, error) {
	if s.credentials.Token != "" {
		return s.credentials.Token, nil
	}
	if s.credentials.ChannelID == "" {
		return "", &bot.Failure{Kind: bot.Misconfigured, Code: "no_token", Detail: "neither a channel token nor a channel id is set"}
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return "", unanswered(ctx, ctx.Err(), false)
	}
	if s.token != "" && s.token != refused && s.client.now().Before(s.expire) {
		return s.token, nil
	}
	return s.fetch(ctx)
}

// fetch asks with each secret in turn: while they are rotated, LINE knows one.
func (s *tokenSource) fetch(ctx context.Context) (string, error) {
	err := error(&bot.Failure{Kind: bot.Misconfigured, Code: "no_token", Detail: "no channel secret is set"})
	for _, secret := range s.credentials.Secrets {
		if secret == "" {
			continue
		}
		if err = s.issue(ctx, secret); err == nil {
			return s.token, nil
		}
		if bot.AsFailure(err).Kind != bot.Misconfigured {
			break
		}
	}
	return "", err
}

func (s *tokenSource) issue(ctx context.Context, secret string) error {
	r := request{
		method:   http.MethodPost,
		base:     s.client.api,
		path:     "/oauth2/v3/token",
		endpoint: "/oauth2/v3/token",
		form:     true,
		body: []byte(url.Values{
			"grant_type":    {"client_credentials"},
			"client_id":     {s.credentials.ChannelID},
			"client_secret": {secret},
		}.Encode()),
	}
	asked := s.client.now()
	a, err := s.client.exchange(ctx, r)
	if err != nil {
		return err
	}
	var issued struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	switch {
	case a.status == http.StatusBadRequest || a.status == http.StatusUnauthorized:
		return &bot.Failure{
			Kind:      bot.Misconfigured,
			Code:      "token_refused",
			Detail:    "LINE does not accept channel id and secret",
			RequestID: a.header.Get(headerRequestID),
		}
	case a.status != http.StatusOK:
		return s.client.refused(r, a)
	case json.Unmarshal(a.body, &issued) != nil || issued.Token == "":
		return &bot.Failure{Kind: bot.Transient, Code: "bad_answer", RequestID: a.header.Get(headerRequestID)}
	}
	life := tokenLife
	if issued.Seconds > 0 {
		life = min(life, time.Duration(issued.Seconds)*time.Second*4/5)
	}
	s.token, s.expire = issued.Token, asked.Add(life)
	return nil
}
