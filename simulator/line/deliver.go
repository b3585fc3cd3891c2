package line

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Delivery is one webhook request and its outcome.
type Delivery struct {
	At          time.Time
	BotUserID   string
	EventIDs    []string
	Redelivered bool
	Status      int    // 0 if there was no answer
	Reason      string // OK, ERROR_STATUS_CODE, REQUEST_TIMEOUT or COULD_NOT_CONNECT
	Took        time.Duration
}

// The reasons, as LINE's own test of a webhook names them.
const (
	reasonOK      = "OK"
	reasonStatus  = "ERROR_STATUS_CODE"
	reasonTimeout = "REQUEST_TIMEOUT"
	reasonConnect = "COULD_NOT_CONNECT"
)

func newWebhookClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// deliver posts the events of one request. What fails is delivered again if
// the account wants that.
func (p *Platform) deliver(load []parcel) {
	a := load[0].account
	body, d, err := p.envelope(a, load)
	if err != nil {
		p.opts.Logger.Error("webhook not composed", "error", err)
		return
	}
	p.mu.Lock()
	url, secret, inspect := a.webhook, a.Secret, p.inspect
	p.mu.Unlock()
	if inspect != nil && load[0].raw == nil {
		inspect(body)
	}
	start := time.Now()
	d.Status, d.Reason = p.post(p.ctx, url, secret, body)
	d.Took = time.Since(start)

	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliveries = append(p.deliveries, d)
	p.changed()
	if d.Reason == reasonOK || !a.Redeliver || p.ctx.Err() != nil {
		return
	}
	for _, again := range load {
		if again.attempt < len(p.opts.RedeliverAfter) {
			again.attempt++
			p.courier.add(again, p.opts.RedeliverAfter[again.attempt-1])
		}
	}
}

// envelope writes the body of a request and starts the time of the reply
// tokens in it.
func (p *Platform) envelope(a *account, load []parcel) ([]byte, Delivery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := Delivery{At: p.now(), BotUserID: a.BotUserID}
	events := make([]json.RawMessage, 0, len(load))
	for _, one := range load {
		raw := one.raw
		if one.event != nil {
			e := *one.event
			e.DeliveryContext.IsRedelivery = one.attempt > 0
			var err error
			if raw, err = json.Marshal(e); err != nil {
				return nil, d, fmt.Errorf("encode event %s: %w", e.WebhookEventID, err)
			}
			if t, ok := a.replies[e.ReplyToken]; ok {
				t.delivered = d.At
			}
			if c, ok := a.chats[one.named.ChatID]; ok && e.Mode == "standby" {
				c.told = c.standby
			}
		}
		d.Redelivered = d.Redelivered || one.attempt > 0
		d.EventIDs = append(d.EventIDs, one.named.ID)
		events = append(events, raw)
	}
	return envelope(a.BotUserID, events), d, nil
}

// envelope joins events by hand: raw ones go out byte for byte, even where
// they are no JSON.
func envelope(destination string, events []json.RawMessage) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"destination":%q,"events":[`, destination)
	for i, e := range events {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(e)
	}
	b.WriteString("]}")
	return b.Bytes()
}

// post makes one webhook request, signed.
func (p *Platform) post(ctx context.Context, url, secret string, body []byte) (status int, reason string) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.WebhookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, reasonConnect
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "LineBotWebhook/2.0")
	req.Header.Set("X-Line-Signature", Signature(secret, body))
	resp, err := p.client.Do(req)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return 0, reasonTimeout
	case err != nil:
		return 0, reasonConnect
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, reasonStatus
	}
	return resp.StatusCode, reasonOK
}

// Signature returns the x-line-signature of a webhook body.
func Signature(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SendRaw delivers one event as the bytes that raw is, in a signed request.
func (p *Platform) SendRaw(botUserID string, raw []byte) error {
	return p.with(botUserID, func(a *account) error {
		p.send(a, Event{BotUserID: botUserID, Type: "raw"}, nil, raw)
		return nil
	})
}

// PostBody posts a whole body to an account's webhook at once, with the given
// signature, and returns the status of the answer.
func (p *Platform) PostBody(ctx context.Context, botUserID string, body []byte, signature string) (int, error) {
	p.mu.Lock()
	a, ok := p.accounts[botUserID]
	var url string
	if ok {
		url = a.webhook
	}
	p.mu.Unlock()
	if !ok {
		return 0, errNoAccount
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("webhook of %s: %w", botUserID, err)
	}
	req.Header.Set("X-Line-Signature", signature)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("webhook of %s: %w", botUserID, err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
