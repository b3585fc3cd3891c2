package line

import (
	"context"
	"net/http"

	"madoguchi/bot"
)

// MarkAsRead marks the message that brought the token, and all before it. It
// may be repeated freely.
// See https://developers.line.biz/en/docs/messaging-api/mark-as-read/
func (c *Client) MarkAsRead(ctx context.Context, token string) error {
	const path = "/v2/bot/chat/markAsRead"
	if token == "" {
		return &bot.Failure{Kind: bot.Permanent, Code: "bad_request", Detail: "no markAsReadToken"}
	}
	r := request{
		method:   http.MethodPost,
		base:     c.api,
		path:     path,
		endpoint: path,
		body: encode(struct {
			Token string `json:"markAsReadToken"`
		}{token}),
	}
	a, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	if !succeeded(a) {
		return c.refused(r, a)
	}
	return nil
}
