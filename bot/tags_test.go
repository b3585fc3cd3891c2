package bot_test

import (
	"fmt"
	"slices"
	"testing"

	"madoguchi/bot"
	"madoguchi/routing"
)

// Of a friend with as many tags as a modal shows, each can be taken off.
func TestTakingOffOneOfManyTags(t *testing.T) {
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprintf("018f0000-0000-7000-8000-%012d", i)
	}
	tagged := func(s *bot.Settings) {
		for _, id := range ids {
			s.Tags = append(s.Tags, routing.Tag{ID: id, Name: "タグ" + id})
		}
	}
	each(t, options{settings: tagged}, func(t *testing.T, w *world) {
		f, thread := w.talk("花子")
		on := func() (on []string) {
			w.look(func(tx bot.Tx) error {
				tags, err := tx.FriendTags(thread.View.Card.Action.FriendID)
				for _, tag := range tags {
					if tag.On {
						on = append(on, tag.TagID)
					}
				}
				return err
			})
			slices.Sort(on)
			return on
		}
		w.tags("sato", f, ids...)
		left := slices.Clone(ids)
		for _, i := range []int{99, 60, 0} {
			left = slices.Delete(left, i, i+1)
			w.tags("sato", f, left...)
			if got := on(); !slices.Equal(got, left) {
				t.Fatalf("without tag %d there are %d tags, want %d", i, len(got), len(left))
			}
		}
	})
}
