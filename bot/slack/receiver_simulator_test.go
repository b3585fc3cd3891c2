package slack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	simulated "madoguchi/simulator/slack"
)

// connected is a stage whose Slack is the simulated one, over either way in.
func connected(t *testing.T, overSocket bool) (*stage, *simulated.Workspace, *Client) {
	t.Helper()
	w, c := workspace(t, simulated.Options{SocketMode: overSocket})
	s := newStage(t)
	s.Views = c
	s.Now = time.Now
	self, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Self = func() bot.SlackIdentity { return self }
	s.changed = make(chan struct{}, 100)
	if overSocket {
		socket := &Socket{
			AppToken: w.Options().AppToken, APIURL: c.api, Receiver: s.Receiver,
			OnReconnect: func(time.Time, time.Time) {}, Now: time.Now, Log: s.Log,
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- socket.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := within(t, ended, "end of Run"); err != nil {
				t.Errorf("Run = %v", err)
			}
		})
		waiting, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		if err := w.AwaitSockets(waiting, 1); err != nil {
			t.Fatal(err)
		}
		return s, w, c
	}
	mux := http.NewServeMux()
	(&HTTP{SigningSecret: w.Options().SigningSecret, Receiver: s.Receiver, Now: time.Now, Log: s.Log}).Register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base := server.URL + "/webhooks/slack/"
	w.SetURLs(base+"events", base+"interactions", base+"commands")
	if err := w.VerifyURL(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, w, c
}

// await waits until found returns true of what was stored and echoed.
func (s *stage) await(t *testing.T, what string, found func() bool) {
	t.Helper()
	for !found() {
		within(t, s.changed, what)
	}
}

func (s *stage) events(t *testing.T) []bot.SlackEvent {
	t.Helper()
	var out []bot.SlackEvent
	for _, in := range s.stored() {
		ev, err := Decode(in.Raw)
		if err != nil || in.Broken != "" {
			t.Fatalf("Decode = %v, broken %q", err, in.Broken)
		}
		out = append(out, ev)
	}
	return out
}

// hasEvent reports whether an event like that was stored.
func (s *stage) hasEvent(t *testing.T, like func(bot.SlackEvent) bool) bool {
	t.Helper()
	return slices.ContainsFunc(s.events(t), like)
}

func onlyModal(t *testing.T, w *simulated.Workspace) string {
	t.Helper()
	open := w.Views("U0SATO")
	if len(open) != 1 {
		t.Fatalf("%d modals are open", len(open))
	}
	return open[0].ID
}

// What an operator does in Slack, over both ways in, against a Slack that
// enforces its rules.
func TestOperatorAtWork(t *testing.T) {
	for name, overSocket := range map[string]bool{"HTTP": false, "socket": true} {
		t.Run(name, func(t *testing.T) {
			s, w, c := connected(t, overSocket)
			ctx := t.Context()
			room := channel(t, c)
			tags := bot.Action{Name: bot.ActTags, AccountID: "acc", FriendID: "fr"}
			view := bot.PostView{
				Locale: "ja", Zone: time.UTC, CallID: "call-1",
				Card: &bot.CardView{Action: tags, Name: "花子", Kind: bot.KindUser, Buttons: []bot.ActionName{bot.ActTags, bot.ActDone}},
			}
			card := ok(c.Post(ctx, Renderer{}.RenderPost(room, view)))(t)
			s.await(t, "echo", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return slices.Contains(s.echoes, "call-1 "+room+" "+card.TS+"  true")
			})

			ts := ok(w.Reply("U0SATO", room, card.TS, "はい <https://example.com|地図> & 👋"))(t)
			s.await(t, "reply", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool {
					return e.Reply != nil && e.Reply.TS == ts && e.Reply.ThreadTS == card.TS && e.Reply.UserID == "U0SATO"
				})
			})
			if err := w.Edit("U0SATO", room, ts, "いいえ"); err != nil {
				t.Fatal(err)
			}
			s.await(t, "edit", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool { return e.Edit != nil && e.Edit.TS == ts && e.Edit.Text == "いいえ" })
			})
			if err := w.Delete("U0SATO", room, ts); err != nil {
				t.Fatal(err)
			}
			s.await(t, "deletion", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool {
					return e.Delete != nil && e.Delete.TS == ts && e.Delete.ThreadTS == card.TS && !e.Delete.Ours
				})
			})

			if err := w.PressLabel(ctx, "U0SATO", room, card.TS, "対応済み"); err != nil {
				t.Fatal(err)
			}
			done := bot.Action{Name: bot.ActDone, AccountID: "acc", FriendID: "fr"}
			s.await(t, "press", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool {
					return e.Press != nil && e.Press.Action == done && e.Press.ThreadTS == card.TS
				})
			})

			s.desk.tags = bot.TagChoices{Locale: "ja", FriendName: "花子", All: manyTags(120), Set: []string{"t1"}}
			if err := w.PressLabel(ctx, "U0SATO", room, card.TS, "タグ"); err != nil {
				t.Fatal(err)
			}
			modal := onlyModal(t, w)
			offered := ok(w.Suggest(ctx, "U0SATO", modal, tagsField, "タグ119"))(t)
			if len(offered) != 1 || offered[0].Value != "t119" {
				t.Errorf("offered %+v", offered)
			}
			if got := ok(w.SubmitView(ctx, "U0SATO", modal, map[string]simulated.Input{tagsField: {Options: []string{"t1", "t119"}}}))(t); got.Action != "" {
				t.Errorf("the modal stays with %+v", got)
			}
			opened := tags
			opened.SetBefore([]string{"t1"})
			s.await(t, "submission", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool {
					return e.Submit != nil && e.Submit.Action == opened && slices.Equal(e.Submit.Chosen, []string{"t1", "t119"})
				})
			})

			if err := w.MessageShortcut(ctx, "U0SATO", room, card.TS, "note"); err != nil {
				t.Fatal(err)
			}
			modal = onlyModal(t, w)
			if got := ok(w.SubmitView(ctx, "U0SATO", modal, map[string]simulated.Input{noteField: {Text: " "}}))(t); got.Action != "errors" {
				t.Errorf("an empty note got %+v", got)
			}
			ok(w.SubmitView(ctx, "U0SATO", modal, map[string]simulated.Input{noteField: {Text: "電話済み"}}))(t)
			s.await(t, "note", func() bool {
				return s.hasEvent(t, func(e bot.SlackEvent) bool {
					return e.Submit != nil && e.Submit.Action.ThreadTS == card.TS && e.Submit.Text == "電話済み"
				})
			})

			s.desk.listing = bot.Listing{Locale: "ja", Title: "返信待ち", Groups: []bot.ListingGroup{{Entries: []bot.ListingEntry{
				{Title: "太郎", Open: &bot.Action{Name: bot.ActOpen, FriendID: "f2"}},
				{Title: "花子", Link: "https://x.slack.com/archives/" + room + "/p1"},
			}}}}
			if shown := ok(w.SlashCommand(ctx, "U0SATO", room, "/madoguchi", ""))(t); shown.InChannel || !strings.Contains(string(shown.Blocks), "太郎") {
				t.Errorf("/madoguchi shows %+v", shown)
			}
		})
	}
}
