package e2e

import (
	"bytes"
	"strings"
	"testing"

	"madoguchi/simulator/fault"
	simslack "madoguchi/simulator/slack"
)

// standing counts the posts of a place that show a text.
func (w *world) standing(place, text string) (n int) {
	for _, m := range w.posts(place) {
		if m.BotID != "" && bytes.Contains(m.Blocks, jsonOf(text)) {
			n++
		}
	}
	return n
}

// A post whose answer was lost is recognised by its echo, or by looking into
// the thread when the echo is lost too; where neither is possible it is made
// again and marked.
func TestLostAnswerOfAPost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		swallow, blind bool
		posts          int
	}{
		"echo": {posts: 1}, "search": {swallow: true, posts: 1}, "neither": {swallow: true, blind: true, posts: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, options{}, func(t *testing.T, w *world) {
				w.slack.SetBeliefs(simslack.Beliefs{RepliesRefused: c.blind})
				w.start()
				hana, _ := w.routedFriend(1, "花子")
				w.waitShown("kenshu", "花子から青山店へ")
				if c.swallow {
					w.slack.SetTrouble(simslack.Trouble{Swallow: func(e simslack.Event) bool {
						return e.Own && strings.Contains(string(e.Body), "答えの消えた投稿")
					}})
				}
				w.slack.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.LostAnswer, Times: 2})
				w.text(hana, "答えの消えた投稿")
				w.waitShown("sato", "答えの消えた投稿")
				w.text(hana, "その次の投稿")
				w.waitShown("sato", "その次の投稿")
				w.waitShown("kenshu", "その次の投稿")
				if n := w.standing("sato", "答えの消えた投稿"); n != c.posts {
					t.Errorf("it stands there %d times, want %d", n, c.posts)
				}
				if _, marked := w.shows("sato", "再送"); marked != (c.posts > 1) {
					t.Errorf("marked as sent again: %t", marked)
				}
			})
		})
	}
}
