package bot_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/bot"
)

// notes returns the internal notes that a friend's thread shows.
func (w *world) notes(place string, f friend) (texts []string) {
	w.t.Helper()
	for _, p := range w.inThread(place, w.card(place, f).TS) {
		for _, item := range p.View.Items {
			if item.Kind == bot.ItemNote {
				texts = append(texts, item.Text)
			}
		}
	}
	return texts
}

// Two slashes make a note of a reply however a keyboard writes them, and the
// friend gets what has none of them at its start.
func TestNotesOfAnyKeyboard(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.pass(time.Hour)
		for _, text := range []string{"// 要注意", "／／ 要注意", "/／要注意", "／/　要注意", " // 要注意", "　／／\n要注意"} {
			ts := w.replies(sato, "sato", thread, text)
			w.pass(hold)
			w.is("sato", ts, bot.ReplyNote, "memo")
		}
		if got := w.notes("ito", f); !slices.Equal(got, []string{"要注意", "要注意", "要注意", "要注意", "要注意", "要注意"}) {
			t.Errorf("the colleague reads the notes %q", got)
		}
		w.got(f)
		for _, text := range []string{"/要注意", "はい // いいえ", "／", "https://example.com"} {
			w.replies(sato, "sato", thread, text)
			w.pass(time.Minute)
		}
		w.got(f, "/要注意", "はい // いいえ", "／", "https://example.com")
	})
}

// Whatever follows, two slashes of any width keep a reply from the friend.
func TestNoteNeverReachesAFriend(t *testing.T) {
	each(t, options{}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		rapid.Check(t, func(r *rapid.T) {
			text := rapid.StringMatching(`[ 　\t\n]{0,3}[/／]{2,4}`).Draw(r, "slashes") + rapid.StringN(0, 20, -1).Draw(r, "rest")
			w.replies(sato, "sato", thread, text)
			w.pass(hold)
			if got := w.line.phone(f.id); len(got) > 0 {
				r.Fatalf("%q reached the friend as %q", text, got)
			}
		})
	})
}

// A held reply becomes a note with slashes of full width too, and a note that is
// edited stays one.
func TestEditsToNotesOfAnyKeyboard(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.pass(time.Hour)
		ts := w.replies(sato, "sato", thread, "うるさい方です")
		w.edits(sato, "sato", thread, ts, "／／うるさい方です")
		w.pass(hold)
		w.is("sato", ts, bot.ReplyNote, "memo")
		for _, edited := range []struct{ text, want string }{{"／／ 細かい方です", "細かい方です"}, {"細やかな方です", "細やかな方です"}} {
			w.edits(sato, "sato", thread, ts, edited.text)
			if got := w.notes("ito", f); !slices.Equal(got, []string{edited.want}) {
				t.Errorf("edited to %q the note reads %q", edited.text, got)
			}
		}
		w.got(f)
	})
}

// A note with a file is kept, and its author hears that the file is not passed on.
func TestNoteWithAFile(t *testing.T) {
	each(t, options{settings: withIto}, func(t *testing.T, w *world) {
		f, thread := w.later("花子")
		w.pass(time.Hour)
		ts := w.clock.ts()
		m := message(sato, "sato", thread.TS, ts, "／／ この写真の髪型")
		m["subtype"], m["files"] = "file_share", []object{{"id": "F1", "name": "a.jpg", "mimetype": "image/jpeg"}}
		w.slackEvent(m)
		w.pass(hold)
		w.is("sato", ts, bot.ReplyNote, "memo")
		if got := w.notes("ito", f); !slices.Equal(got, []string{"この写真の髪型"}) {
			t.Errorf("the colleague reads the notes %q", got)
		}
		if n := w.said("sato", "reply.note_files"); n != 1 {
			t.Errorf("it was said %d times that the file is not passed on", n)
		}
		w.replies(sato, "sato", thread, "// 写真なし")
		if n := w.said("sato", "reply.note_files"); n != 1 {
			t.Error("it was said of a note without a file")
		}
		w.got(f)
	})
}
