package line

import (
	"context"
	"net/http"

	"madoguchi/bot"
)

// WebhookEndpoint returns where LINE delivers this account's webhooks, "" if
// nowhere, and whether the owner has switched them on.
func (c *Client) WebhookEndpoint(ctx context.Context) (url string, active bool, err error) {
	const path = "/v2/bot/channel/webhook/endpoint"
	var endpoint struct {
		Endpoint string `json:"endpoint"`
		Active   bool   `json:"active"`
	}
	if err := c.get(ctx, path, path, &endpoint); err != nil {
		if bot.AsFailure(err).Code == "not_found" {
			return "", false, nil
		}
		return "", false, err
	}
	return endpoint.Endpoint, endpoint.Active, nil
}

// WebhookTest is what LINE found when it called the webhook.
type WebhookTest struct {
	Success bool
	Status  int    // what the webhook answered; 0 if it did not
	Reason  string // OK, COULD_NOT_CONNECT, REQUEST_TIMEOUT, ERROR_STATUS_CODE, UNCLASSIFIED, or newer
	Detail  string
}

// TestWebhook has LINE call the account's webhook with no events. LINE allows
// it 60 times an hour.
// See https://developers.line.biz/en/reference/messaging-api/#test-webhook-endpoint
func (c *Client) TestWebhook(ctx context.Context) (WebhookTest, error) {
	const path = "/v2/bot/channel/webhook/test"
	r := request{method: http.MethodPost, base: c.api, path: path, endpoint: path, body: []byte("{}")}
	a, err := c.call(ctx, r)
	if err != nil {
		return WebhookTest{}, err
	}
	var test struct {
		Success bool   `json:"success"`
		Status  int    `json:"statusCode"`
		Reason  string `json:"reason"`
		Detail  string `json:"detail"`
	}
	if err := c.read(r, a, &test); err != nil {
		return WebhookTest{}, err
	}
	return WebhookTest(test), nil
}
