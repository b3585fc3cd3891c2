package bot_test

import (
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/operators"
)

// second is another account, of the same owner.
func (w *world) second(change func(*bot.Settings)) bot.Account {
	w.t.Helper()
	a := bot.Account{
		ID: "a2", Slug: "shibuya", BotUserID: "Ubot2", LINE: bot.LINEChannel{Secrets: []string{"x"}, Token: "y"},
		Settings: bot.Settings{
			Name: "渋谷", Timezone: "Asia/Tokyo", Locale: "ja", Owners: []string{owner},
			PermissionSets: []operators.PermissionSet{{ID: "all", Name: "全店", AllFriends: true}},
		},
	}
	change(&a.Settings)
	w.in(func(tx bot.Tx) error { return tx.SaveAccount(&a, nil) })
	return a
}

// channelAt is the Slack channel of a place of an account, the zero one while
// nobody wants it.
func (w *world) channelAt(account, place string) (c bot.SlackChannel) {
	w.t.Helper()
	w.look(func(tx bot.Tx) error {
		all, err := tx.SlackChannels(account)
		for _, one := range all {
			if one.Place == place {
				c = one
			}
		}
		return err
	})
	return c
}

// A Slack channel that the account file of another account names too is not
// shared: the owners who have one hear of it, and it is used once it is free to.
func TestSlackChannelOfAnotherAccount(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		second := w.second(func(s *bot.Settings) { s.OwnersChannel = channelOf(bot.OwnersPlace) })
		w.until("the second account's is refused", func() bool {
			c := w.channelAt(second.ID, bot.OwnersPlace)
			return c.State == bot.ChannelStopped && c.Reason == "taken" && c.ChannelID == ""
		})
		args := []any{channelOf(bot.OwnersPlace), "shibuya", bot.OwnersPlace, slug, bot.OwnersPlace}
		w.until("the owners of the first are told", func() bool { return w.said(bot.OwnersPlace, "relay.channel_taken", args...) == 1 })
		if c := w.channelAt(accountID, bot.OwnersPlace); c.State != bot.ChannelReady {
			t.Errorf("the first account's Slack channel is %s (%s)", c.State, c.Reason)
		}

		w.slack.mu.Lock()
		w.slack.rooms["CFREE"] = bot.Room{ID: "CFREE", Name: "free", Private: true, Member: true}
		w.slack.mu.Unlock()
		second.Settings.OwnersChannel = "CFREE"
		w.in(func(tx bot.Tx) error { return tx.SaveAccount(&second, nil) })
		w.until("the second account has another one", func() bool {
			c := w.channelAt(second.ID, bot.OwnersPlace)
			return c.State == bot.ChannelReady && c.ChannelID == "CFREE"
		})
	})
}

// An operator keeps the Slack channel they have when the account file names one
// that is another account's, and the owners of both are told, once an hour.
func TestSlackChannelOfAnotherAccountsOperator(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		w.slack.mu.Lock()
		for _, id := range []string{"CTHEIRS", "CIKEDA"} {
			w.slack.rooms[id] = bot.Room{ID: id, Name: id, Private: true, Member: true}
		}
		w.slack.mu.Unlock()
		second := w.second(func(s *bot.Settings) {
			s.OwnersChannel = "CTHEIRS"
			s.Operators = []operators.Operator{{Key: "ikeda", Name: "池田", SlackUser: "UIKEDA", SlackChannel: "CIKEDA", PermissionSets: []string{"all"}}}
		})
		w.until("the operator's is ready", func() bool { return w.channelAt(second.ID, "ikeda").State == bot.ChannelReady })
		for range 2 {
			second.Settings.Operators[0].SlackChannel = channelOf("sato")
			second.Settings.Name += "店"
			w.in(func(tx bot.Tx) error { return tx.SaveAccount(&second, nil) })
			args := []any{channelOf("sato"), "shibuya", "ikeda", slug, "sato"}
			w.until("the owners of both are told", func() bool {
				return w.said(bot.OwnersPlace, "relay.channel_taken", args...) == 1 && w.said("theirs", "relay.channel_taken", args...) == 1
			})
			if c := w.channelAt(second.ID, "ikeda"); c.State != bot.ChannelReady || c.ChannelID != "CIKEDA" {
				t.Errorf("the operator's Slack channel is %s, %s (%s)", c.ChannelID, c.State, c.Reason)
			}
			w.pass(time.Minute)
		}
	})
}
