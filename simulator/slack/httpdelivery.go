package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// newClient makes the client that requests go out with. It follows no
// redirect: an app that answers with one has not taken the request.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 16,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends o to the address for its kind, signed.
func (w *Workspace) post(ctx context.Context, o outgoing) ([]byte, int, error) {
	address, contentType, body, err := w.encode(o)
	if err != nil {
		return nil, 0, err
	}
	if address == "" {
		return nil, 0, &DeliveryError{Reason: reasonConnection}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, 0, &DeliveryError{Reason: reasonConnection}
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	w.sign(req.Header, body)
	if o.retry > 0 {
		req.Header.Set("X-Slack-Retry-Num", strconv.Itoa(o.retry))
		req.Header.Set("X-Slack-Retry-Reason", o.reason)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, 0, &DeliveryError{Reason: whyNoAnswer(ctx)}
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, resp.StatusCode, &DeliveryError{Reason: whyNoAnswer(ctx), Status: resp.StatusCode}
	}
	if resp.StatusCode/100 != 2 {
		return nil, resp.StatusCode, &DeliveryError{
			Reason: reasonError, Status: resp.StatusCode, final: resp.Header.Get("X-Slack-No-Retry") == "1",
		}
	}
	return answer, resp.StatusCode, nil
}

func whyNoAnswer(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return reasonTimeout
	}
	return reasonConnection
}

func (w *Workspace) encode(o outgoing) (address, contentType string, body []byte, err error) {
	w.mu.Lock()
	urls := w.urls
	w.mu.Unlock()
	const form = "application/x-www-form-urlencoded"
	switch o.kind {
	case KindInteraction:
		return urls.interactions, form, []byte(url.Values{"payload": {string(o.body)}}.Encode()), nil
	case KindCommand:
		var members map[string]string
		if err := json.Unmarshal(o.body, &members); err != nil {
			return "", "", nil, fmt.Errorf("encode a command: %w", err)
		}
		values := url.Values{}
		for k, v := range members {
			values.Set(k, v)
		}
		return urls.commands, form, []byte(values.Encode()), nil
	default:
		return urls.events, "application/json", o.body, nil
	}
}

// sign puts Slack's v0 signature over the raw body into the headers.
func (w *Workspace) sign(h http.Header, body []byte) {
	ts := strconv.FormatInt(w.now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(w.opts.SigningSecret))
	_, _ = fmt.Fprintf(mac, "v0:%s:", ts)
	_, _ = mac.Write(body)
	h.Set("X-Slack-Request-Timestamp", ts)
	h.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
}

// VerifyURL sends url_verification to the event address and reports whether
// the app echoed the challenge, which is how Slack accepts an address.
func (w *Workspace) VerifyURL(ctx context.Context) error {
	challenge := newID("challenge")
	body, err := json.Marshal(map[string]string{
		"token": "simulated-verification-token", "challenge": challenge, "type": "url_verification",
	})
	if err != nil {
		return fmt.Errorf("encode url_verification: %w", err)
	}
	answer, err := w.request(ctx, outgoing{kind: KindEvent, name: "url_verification", body: body})
	if err != nil {
		return err
	}
	var echo struct {
		Challenge string `json:"challenge"`
	}
	if string(bytes.TrimSpace(answer)) == challenge {
		return nil
	}
	if json.Unmarshal(answer, &echo) != nil || echo.Challenge != challenge {
		return errors.New("the challenge was not echoed")
	}
	return nil
}
