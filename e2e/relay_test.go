package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// jsonOf is a text as it stands inside a JSON document.
func jsonOf(text string) []byte {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return raw[1 : len(raw)-1]
}

// A message reaches exactly the operators who may see the friend; their reply
// reaches the friend and gets its mark.
func TestMessageAndReply(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) {
		w.start()
		hana := w.friend(1, "花子")
		w.text(hana, "青山店の予約をお願いします")
		post := w.waitShown("sato", "青山店の予約をお願いします")
		w.waitShown("kenshu", "青山店の予約をお願いします")
		if m, shown := w.shows("suzuki", "予約"); shown {
			t.Errorf("shown to suzuki, who may not see the friend: %s", m.Text)
		}
		ts := w.reply(sato, "sato", root(post), "承知しました &amp; <ok>")
		w.waitPhone(hana, "承知しました &amp; <ok>")
		w.waitMark("sato", ts, "white_check_mark")
		if strings.Contains(w.marks("sato", ts), "yen") {
			t.Error("a reply within the token's minute was paid for")
		}
		w.waitShown("kenshu", "承知しました &amp; <ok>")
	})
}
