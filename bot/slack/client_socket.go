package slack

import "context"

// CheckSocketMode asks Slack for the address of a socket, with the app-level
// token as Config.Token, and opens none. It fails unless the token is good, may
// open sockets, and Socket Mode is switched on for the app.
func (c *Client) CheckSocketMode(ctx context.Context) error {
	_, err := c.call(ctx, request{method: "apps.connections.open", effect: reads, form: values()}, nil)
	return err
}
