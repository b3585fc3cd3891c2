package slack

import (
	"testing"

	"madoguchi/bot"
	simulated "madoguchi/simulator/slack"
)

func TestCheckSocketMode(t *testing.T) {
	w, c := workspace(t, simulated.Options{SocketMode: true})
	err := c.CheckSocketMode(t.Context())
	wantKind(t, "CheckSocketMode with the bot token", err, bot.Misconfigured, "not_allowed_token_type")
	c.token = w.Options().AppToken
	if err := c.CheckSocketMode(t.Context()); err != nil {
		t.Errorf("CheckSocketMode = %v", err)
	}
	if w.Sockets() != 0 {
		t.Error("CheckSocketMode opened a socket")
	}
}
