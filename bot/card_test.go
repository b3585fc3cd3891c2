package bot_test

import (
	"slices"
	"testing"

	"madoguchi/bot"
	"madoguchi/operators"
)

// A card has 担当する and 対応済み for whoever may send by themselves, and for
// nobody else: they would be refused.
func TestCardOffersWhatItsReaderMay(t *testing.T) {
	for send, want := range map[operators.SendRight]bool{operators.SendYes: true, operators.SendDraft: false, operators.SendNo: false} {
		t.Run("send "+string(send), func(t *testing.T) {
			rights := func(s *bot.Settings) { s.PermissionSets[0].Rights.Send = send }
			each(t, options{settings: rights}, func(t *testing.T, w *world) {
				f, card := w.talk("花子")
				for _, name := range []bot.ActionName{bot.ActTake, bot.ActDone} {
					if got := slices.Contains(card.View.Card.Buttons, name); got != want {
						t.Errorf("button %s is offered: %t, want %t", name, got, want)
					}
				}
				w.pressesCard(sato, "sato", f, bot.ActDone)
				if done := w.card("sato", f).View.Card.WaitingSince == 0; done != want {
					t.Errorf("pressing 対応済み is allowed: %t, want %t", done, want)
				}
			})
		})
	}
}
