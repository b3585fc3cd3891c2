package bot_test

import (
	"fmt"
	"testing"

	"madoguchi/bot"
)

// Whoever sees only few of many who wait gets to know of all of them.
func TestDeskLooksAtAllWhoWait(t *testing.T) {
	each(t, options{settings: byTag}, func(t *testing.T, w *world) {
		w.in(func(tx bot.Tx) error {
			for i := range 2100 {
				f, _, err := tx.LockFriendByLINE(accountID, fmt.Sprintf("U%032x", 1000+i), bot.KindUser)
				if err != nil {
					return err
				}
				f.Name, f.WaitingSince = fmt.Sprintf("花子%d", i), int64(1+i)
				if err := tx.SaveFriend(&f); err != nil {
					return err
				}
				if i < 2050 {
					continue
				}
				if err := tx.SetFriendTag(bot.FriendTag{FriendID: f.ID, TagID: "t-aoyama", On: true, By: "rule", At: 1}, accountID); err != nil {
					return err
				}
			}
			return nil
		})
		for what, ask := range map[string]func() (bot.Listing, *bot.Refusal, error){
			"waiting": func() (bot.Listing, *bot.Refusal, error) {
				return w.relay.Desk().Waiting(w.ctx, sato, channelOf("sato"))
			},
			"found": func() (bot.Listing, *bot.Refusal, error) {
				return w.relay.Desk().Find(w.ctx, sato, channelOf("sato"), "花子")
			},
		} {
			l, refusal, err := ask()
			if err != nil || refusal != nil {
				t.Fatalf("%s: refused %v, error %v", what, refusal, err)
			}
			shown := 0
			for _, g := range l.Groups {
				shown += len(g.Entries)
			}
			if shown != 40 || l.More != 10 || l.Cut {
				t.Errorf("%s: %d entries and %d more (cut: %v), want 40 and 10 of all", what, shown, l.More, l.Cut)
			}
		}
	})
}
