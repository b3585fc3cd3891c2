package line

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"madoguchi/bot"
)

// Reply sends a body of RenderReply. A 400 that names no message is the reply
// token's: used, too old or not ours. A 429 is the rate, never the quota, for
// replies are free.
func (c *Client) Reply(ctx context.Context, body []byte) (bot.Accepted, error) {
	const path = "/v2/bot/message/reply"
	r := request{method: http.MethodPost, base: c.api, path: path, endpoint: path, body: body, sends: true}
	a, err := c.call(ctx, r)
	if err != nil {
		return bot.Accepted{}, err
	}
	if succeeded(a) {
		return accepted(a), nil
	}
	f := c.unsent(ctx, r, a)
	if a.status == http.StatusBadRequest && !blamesMessages(a.complaint()) {
		f.Code = "invalid_reply_token"
	}
	return bot.Accepted{}, f
}

// Push sends a body of RenderPush. The key must have been stored before, and
// be given with every repetition within LINE's 24 hours.
// See https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
func (c *Client) Push(ctx context.Context, body []byte, retryKey string) (bot.Accepted, error) {
	if retryKey == "" {
		return bot.Accepted{}, &bot.Failure{Kind: bot.Permanent, Code: "no_retry_key"}
	}
	const path = "/v2/bot/message/push"
	r := request{method: http.MethodPost, base: c.api, path: path, endpoint: path, body: body, retryKey: retryKey, sends: true}
	a, err := c.call(ctx, r)
	if err != nil {
		return bot.Accepted{}, err
	}
	if succeeded(a) || a.status == http.StatusConflict {
		return accepted(a), nil
	}
	f := c.unsent(ctx, r, a)
	if a.status == http.StatusTooManyRequests && c.usedUp(ctx) {
		f.Kind, f.Code, f.RetryAfter = bot.Misconfigured, "quota", 0
	}
	return bot.Accepted{}, f
}

// unsent says what the refusal of a reply or a push means. A 403 may mean the
// whole account, or this chat alone because a module channel holds it; LINE
// documents neither for sure.
func (c *Client) unsent(ctx context.Context, r request, a reply) *bot.Failure {
	f := c.refused(r, a)
	if a.status == http.StatusForbidden && c.welcome(ctx) {
		f.Kind, f.Code = bot.Permanent, "chat_held"
	}
	return f
}

// welcome asks whether LINE deals with the account at all. Where that cannot be
// found out, it is as good as not: waiting loses nothing.
func (c *Client) welcome(ctx context.Context) bool {
	_, err := c.BotInfo(ctx)
	return err == nil
}

// usedUp asks whether the month's messages are gone: LINE tells that apart
// from a rate limit by a text only, and texts may change. Where it cannot be
// found out, waiting is the harmless guess.
func (c *Client) usedUp(ctx context.Context) bool {
	quota, err := c.Quota(ctx)
	return err == nil && quota.Limited && quota.Used >= quota.Limit
}

func succeeded(a reply) bool { return a.status >= 200 && a.status < 300 }

// accepted reads what LINE says about messages it took. LINE has taken them
// even if that cannot be read.
func accepted(a reply) bot.Accepted {
	result := bot.Accepted{RequestID: a.header.Get(headerAcceptedRequestID)}
	if result.RequestID == "" {
		result.RequestID = a.header.Get(headerRequestID)
	}
	var body struct {
		SentMessages []struct {
			ID string `json:"id"`
		} `json:"sentMessages"`
	}
	if json.Unmarshal(a.body, &body) != nil {
		return result
	}
	for _, m := range body.SentMessages {
		result.MessageIDs = append(result.MessageIDs, m.ID)
	}
	return result
}

func blamesMessages(c complaint) bool {
	for _, name := range c.properties() {
		if strings.HasPrefix(name, "messages") {
			return true
		}
	}
	return false
}
