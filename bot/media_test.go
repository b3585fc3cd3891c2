package bot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/bot"
)

// forgetfulFiles store a file and do not say so, as when the process is killed
// before it noted what it stored.
type forgetfulFiles struct {
	*fakeFiles
	left atomic.Int32
}

func (f *forgetfulFiles) Put(ctx context.Context, key string, body io.Reader, kind string, limit int64) (int64, error) {
	n, err := f.fakeFiles.Put(ctx, key, body, kind, limit)
	if err == nil && f.left.Add(-1) >= 0 {
		return 0, errors.New("killed")
	}
	return n, err
}

// forgetful has the first n files that are stored go unnoticed.
func forgetful(n int32) options {
	return options{config: func(c *bot.Config) {
		files := &forgetfulFiles{fakeFiles: c.Files.(*fakeFiles)}
		files.left.Store(n)
		c.Files = files
	}}
}

// A file that was stored and not noted is stored in the same place again.
func TestMediaLieInOnePlace(t *testing.T) {
	each(t, forgetful(2), func(t *testing.T, w *world) {
		w.sendsPicture(w.newFriend("花子"), "jpeg")
		w.pass(time.Minute)
		if n := w.slack.filesIn(channelOf("sato")); n != 1 {
			t.Errorf("%d files are in Slack", n)
		}
		if keys := w.files.keys(); len(keys) != 1 {
			t.Errorf("files lie at %q, want one", keys)
		}
	})
}

// A file that was stored and not noted is gone when its message was taken back.
func TestUnnotedMediaAreErased(t *testing.T) {
	each(t, forgetful(1), func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		w.sendsPicture(f, "jpeg")
		id := fmt.Sprintf("m%d", w.events)
		if n := len(w.files.keys()); n != 1 {
			t.Fatalf("%d files lie there after the first try", n)
		}
		e := w.event(f, "unsend")
		e["unsend"] = object{"messageId": id}
		w.deliver(e)
		w.pass(time.Minute)
		if keys := w.files.keys(); len(keys) != 0 {
			t.Errorf("files lie at %q", keys)
		}
	})
}

// A file that was stored and not noted is gone when LINE no longer has it.
func TestUnnotedMediaGoWithLINEs(t *testing.T) {
	each(t, forgetful(1), func(t *testing.T, w *world) {
		w.sendsPicture(w.newFriend("花子"), "jpeg")
		w.line.mu.Lock()
		clear(w.line.contents)
		w.line.mu.Unlock()
		w.pass(time.Minute)
		if keys := w.files.keys(); len(keys) != 0 {
			t.Errorf("files lie at %q", keys)
		}
	})
}

// A file over the limit is not kept and not put into Slack; its post says what
// the limit is. One that just reaches it is.
func TestMediaOverTheLimit(t *testing.T) {
	limited := options{config: func(c *bot.Config) { c.MediaLimit = 10 }}
	each(t, limited, func(t *testing.T, w *world) {
		f := w.newFriend("花子")
		shown := func() bot.ItemView { return w.newest("sato", f).View.Items[0] }
		w.sendsPicture(f, strings.Repeat("x", 10))
		w.pass(time.Minute)
		if got := shown(); got.Media != bot.MediaStored || got.MediaLimit != 0 {
			t.Errorf("a file of the limit's size is %q (limit %d)", got.Media, got.MediaLimit)
		}
		w.sendsPicture(f, strings.Repeat("x", 11))
		w.pass(time.Minute)
		if got := shown(); got.Media != bot.MediaTooLarge || got.MediaLimit != 10 {
			t.Errorf("a file over the limit is %q (limit %d)", got.Media, got.MediaLimit)
		}
		if keys, posted := w.files.keys(), w.slack.filesIn(channelOf("sato")); len(keys) != 1 || posted != 1 {
			t.Errorf("files lie at %q and %d are in Slack, want one each", keys, posted)
		}
	})
}

// Downloads that stall hold up nothing else.
func TestStalledMediaHoldUpNothing(t *testing.T) {
	stalled := options{config: func(c *bot.Config) {
		c.Files = stalledFiles{c.Files}
	}}
	each(t, stalled, func(t *testing.T, w *world) {
		for range 20 {
			e := w.event(w.newFriend("花子"), "message")
			id := fmt.Sprintf("m%d", w.events)
			e["message"] = object{"type": "image", "id": id, "contentProvider": object{"type": "line"}}
			w.line.mu.Lock()
			w.line.contents[id] = []byte("jpeg")
			w.line.mu.Unlock()
			w.deliver(e)
		}
		f := w.newFriend("太郎")
		w.deliver(w.event(f, "follow"))
		e := w.event(f, "message")
		e["message"] = object{"type": "text", "id": "text", "text": "予約できますか"}
		w.deliver(e)
		limit := time.After(patience)
		again := time.NewTicker(5 * time.Millisecond)
		defer again.Stop()
		for w.line.profilesAsked(f.id) == 0 {
			w.store.wakeAll()
			select {
			case <-again.C:
			case <-limit:
				t.Fatal("a profile was not asked for while downloads stalled")
			}
		}
	})
}

type stalledFiles struct{ bot.Files }

func (stalledFiles) Put(ctx context.Context, _ string, _ io.Reader, _ string, _ int64) (int64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
