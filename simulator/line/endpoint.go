package line

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func (p *Platform) endpoint(c *call) answer {
	if c.account.webhook == "" {
		return notFound()
	}
	return succeed(map[string]any{"endpoint": c.account.webhook, "active": c.account.active})
}

// setEndpoint takes plain HTTP too, which LINE does not: this is loopback.
func (p *Platform) setEndpoint(c *call) answer {
	var body struct {
		Endpoint string `json:"endpoint"`
	}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	if u, err := url.Parse(body.Endpoint); err != nil || u.Host == "" || len(body.Endpoint) > 500 {
		return complain(http.StatusBadRequest, "Invalid webhook endpoint URL")
	}
	c.account.webhook = body.Endpoint
	return succeed(struct{}{})
}

// testEndpoint posts a webhook without events and tells what came of it.
func (p *Platform) testEndpoint(c *call) answer {
	var target, secret, bot string
	refused := p.authorized(func(_ *Platform, c *call) answer {
		var body struct {
			Endpoint string `json:"endpoint"`
		}
		if len(c.body) > 0 && json.Unmarshal(c.body, &body) != nil {
			return badJSON()
		}
		target, secret, bot = body.Endpoint, c.account.Secret, c.account.BotUserID
		if target == "" {
			target = c.account.webhook
		}
		if target == "" {
			return notFound()
		}
		return answer{}
	})(c)
	if refused.status != 0 {
		return refused
	}
	// Not under the lock: the webhook may call us before it answers.
	status, reason := p.post(p.ctx, target, secret, envelope(bot, nil))
	detail := reason
	if status != 0 {
		detail = strconv.Itoa(status)
	}
	return succeed(map[string]any{
		"success":    reason == reasonOK,
		"timestamp":  p.now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"statusCode": status,
		"reason":     reason,
		"detail":     detail,
	})
}

// tokenLife is how long a short-lived token lives.
const tokenLife = 15 * time.Minute

// issueToken gives a stateless channel access token for channel id and secret.
// See https://developers.line.biz/en/reference/messaging-api/#issue-stateless-channel-access-token
func (p *Platform) issueToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || form.Get("grant_type") != "client_credentials" {
		return oauthError("unsupported_grant_type", "unsupported grant_type")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.order {
		if a.ChannelID == "" || a.ChannelID != form.Get("client_id") || a.Secret != form.Get("client_secret") {
			continue
		}
		issued := token(32)
		a.issued[issued] = p.now().Add(tokenLife)
		return succeed(map[string]any{
			"token_type":   "Bearer",
			"access_token": issued,
			"expires_in":   int(tokenLife.Seconds()),
		})
	}
	return oauthError("invalid_client", "invalid client credentials")
}

func oauthError(code, description string) answer {
	return answer{
		status: http.StatusBadRequest,
		body:   map[string]string{"error": code, "error_description": description},
	}
}
