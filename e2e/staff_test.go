package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	simslack "madoguchi/simulator/slack"
)

// marked reports whether a reaction is on a message.
func (w *world) marked(place, ts, mark string) bool {
	return slices.Contains(strings.Fields(w.marks(place, ts)), mark)
}

// withButton finds the newest post of a thread that offers a button.
func (w *world) withButton(place, threadTS, label string) (simslack.Message, bool) {
	posts := w.posts(place)
	for _, m := range slices.Backward(posts) {
		if root(m) != threadTS {
			continue
		}
		if slices.ContainsFunc(simslack.Buttons(m.Blocks), func(b simslack.Button) bool { return b.Label == label }) {
			return m, true
		}
	}
	return simslack.Message{}, false
}

// waitButton waits until a thread offers a button and returns the post that
// carries it.
func (w *world) waitButton(place, threadTS, label string) simslack.Message {
	w.t.Helper()
	var m simslack.Message
	w.until(30*time.Second, fmt.Sprintf("button %s in %s", label, place), func() (ok bool) {
		m, ok = w.withButton(place, threadTS, label)
		return ok
	})
	return m
}

// press lets somebody press a button of a post.
func (w *world) press(user, place, ts, label string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	if err := w.slack.PressLabel(ctx, user, w.channel(place), ts, label); err != nil {
		w.t.Fatalf("press %s: %v", label, err)
	}
}

func (w *world) edit(user, place, ts, text string) {
	w.t.Helper()
	w.remember(text)
	if err := w.slack.Edit(user, w.channel(place), ts, text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) delete(user, place, ts string) {
	w.t.Helper()
	if err := w.slack.Delete(user, w.channel(place), ts); err != nil {
		w.t.Fatal(err)
	}
}

// spendToken uses a friend's free token up, so that the next reply is a push.
func (w *world) spendToken(place, threadTS string) {
	w.t.Helper()
	ts := w.reply(sato, place, threadTS, "はい")
	w.waitMark(place, ts, "white_check_mark")
}

// drain waits until Slack has delivered everything it had to tell.
func (w *world) drain() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if err := w.slack.Drain(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// read returns the account file.
func (w *world) read() string {
	w.t.Helper()
	content, err := os.ReadFile(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(content)
}

// reapply changes the account file and applies it while the service runs.
func (w *world) reapply(oldnew ...string) {
	w.t.Helper()
	w.write(strings.NewReplacer(oldnew...).Replace(w.read()))
	w.run("apply", w.file)
}

// sendingTrainee is accountFile with 研修生 sending like 佐藤, to the same
// friends.
func sendingTrainee(hold string) string {
	return strings.Replace(fmt.Sprintf(accountFile, hold), "見学, friends: [青山店], view: true", "見学, friends: [青山店], view: true, send: true", 1)
}
