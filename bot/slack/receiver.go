package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"madoguchi/bot"
)

// Receiver takes in what Slack delivers, however it was delivered: HTTP and
// SocketMode only carry. It changes nothing itself. Every field is required.
type Receiver struct {
	// Self is who we are in Slack, the zero identity while that is unknown.
	Self func() bot.SlackIdentity
	// Accept stores events durably; what it has returned nil for is
	// acknowledged to Slack and never delivered again.
	Accept func(ctx context.Context, events []bot.Incoming) error
	// Echo tells that our own post of a call has come back as an event.
	Echo  func(ctx context.Context, e bot.Echo) error
	Desk  bot.Desk
	Views ViewOpener
	Now   func() time.Time
	Log   *slog.Logger
}

// ViewOpener opens a modal. The trigger id is good for one view and for three
// seconds after the person acted.
type ViewOpener interface {
	OpenView(ctx context.Context, triggerID string, view []byte) error
}

// accept stores one event.
func (r *Receiver) accept(ctx context.Context, in bot.Incoming) error {
	in.Source = bot.FromSlack
	if err := r.Accept(ctx, []bot.Incoming{in}); err != nil {
		return fmt.Errorf("accept from Slack: %w", err)
	}
	return nil
}

// keep stores what Slack signed and we cannot read: answering with an error
// would only bring the same bytes again.
func (r *Receiver) keep(ctx context.Context, body []byte, why error) error {
	r.Log.WarnContext(ctx, "keeping what Slack sent and cannot be read", "bytes", len(body), "reason", why)
	return r.accept(ctx, bot.Incoming{
		Key:    "raw:" + digest(body),
		Lane:   "slack:-",
		At:     r.Now().UnixMilli(),
		Raw:    body,
		Broken: why.Error(),
	})
}

// digest names bytes by what they are.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// foreign reports whether a person belongs to another workspace than the one
// the app serves. Such a person may be in a shared Slack channel with us.
func (r *Receiver) foreign(userTeam string) bool {
	own := r.Self().TeamID
	return own != "" && userTeam != "" && userTeam != own
}
