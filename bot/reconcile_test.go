package bot_test

import (
	"context"
	"testing"

	"madoguchi/bot"
)

// overtaken is a Slack during whose answer something else becomes known.
type overtaken struct {
	bot.Slack
	during func()
}

func (s *overtaken) Channel(ctx context.Context, id string) (bot.Room, error) {
	room, err := s.Slack.Channel(ctx, id)
	if during := s.during; during != nil && id == channelOf("sato") {
		s.during = nil
		during()
	}
	return room, err
}

// Who looks at a Slack channel does not write over what became known meanwhile:
// here that somebody came in who does not belong.
func TestALookAtASlackChannelIsOvertaken(t *testing.T) {
	each(t, options{config: func(c *bot.Config) { c.Slack = &overtaken{Slack: c.Slack} }}, func(t *testing.T, w *world) {
		s := w.config.Slack.(*overtaken)
		var channel bot.SlackChannel
		find := func() {
			w.look(func(tx bot.Tx) (err error) {
				channel, err = tx.SlackChannelAt(accountID, "sato")
				return err
			})
		}
		find()
		w.settle()
		s.during = func() {
			w.in(func(tx bot.Tx) error {
				c, err := tx.LockSlackChannel(channel.ID)
				if err != nil {
					return err
				}
				c.State, c.Reason = bot.ChannelStopped, "checking_stranger"
				return tx.SaveSlackChannel(&c)
			})
		}
		w.in(func(tx bot.Tx) error {
			_, err := tx.AddCall(&bot.Call{
				ID: "look", AccountID: accountID, Lane: "task:look", Kind: bot.CallReconcile, Ref: channel.ID, State: bot.CallQueued, CreatedAt: tx.Now(),
			})
			return err
		})
		w.settle()
		find()
		if s.during != nil || channel.State != bot.ChannelStopped || channel.Reason != "checking_stranger" {
			t.Errorf("the Slack channel is %s (%s)", channel.State, channel.Reason)
		}
	})
}
