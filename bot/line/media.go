package line

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"madoguchi/bot"
)

// MediaContent returns the bytes of a message that LINE keeps. LINE has ten
// seconds to begin; how long the download may take is for ctx to say.
func (c *Client) MediaContent(ctx context.Context, messageID string) (bot.Media, error) {
	if !idPattern.MatchString(messageID) {
		return bot.Media{}, badID()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	slow := time.AfterFunc(callTimeout, func() { cancel(context.DeadlineExceeded) })
	resp, err := c.open(ctx, request{ //nolint:bodyclose // whoever receives the bytes closes it
		method:   http.MethodGet,
		base:     c.data,
		path:     "/v2/bot/message/" + messageID + "/content",
		endpoint: "/v2/bot/message/{messageId}/content",
	})
	slow.Stop()
	if err != nil {
		defer cancel(nil)
		if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return bot.Media{}, &bot.Failure{Kind: bot.Transient, Code: "timeout"}
		}
		return bot.Media{}, err
	}
	if resp.StatusCode == http.StatusOK {
		return bot.Media{
			Body: &mediaBody{ReadCloser: resp.Body, cancel: func() { cancel(nil) }},
			Type: resp.Header.Get("Content-Type"),
			Size: resp.ContentLength,
		}, nil
	}
	defer cancel(nil)
	a, err := whole(resp, nil)
	if err != nil {
		return bot.Media{}, err
	}
	if a.status == http.StatusAccepted {
		return bot.Media{}, &bot.Failure{Kind: bot.Transient, Code: "not_ready", RequestID: a.header.Get(headerRequestID)}
	}
	return bot.Media{}, c.refused(request{}, a)
}

// mediaBody gives up the request when the bytes are no longer wanted.
type mediaBody struct {
	io.ReadCloser
	cancel func()
}

func (b *mediaBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}
