package slack

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/bot"
)

// stage is a Receiver with everything around it made up.
type stage struct {
	*Receiver
	desk  *fakeDesk
	views *fakeViews

	mu       sync.Mutex
	accepted []bot.Incoming
	echoes   []string
	fail     error
	changed  chan struct{} // told of everything above, if it is there
}

// tell notes that something changed. The caller holds mu.
func (s *stage) tell() {
	if s.changed != nil {
		s.changed <- struct{}{}
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{desk: &fakeDesk{}, views: &fakeViews{}}
	s.Receiver = &Receiver{
		Self: func() bot.SlackIdentity {
			return bot.SlackIdentity{TeamID: "T1", BotUserID: "UBOT", BotID: "BOWN", AppID: "AOWN"}
		},
		Accept: func(_ context.Context, in []bot.Incoming) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.fail == nil {
				s.accepted = append(s.accepted, in...)
				s.tell()
			}
			return s.fail
		},
		Echo: func(_ context.Context, e bot.Echo) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.echoes = append(s.echoes, fmt.Sprint(e.CallID, " ", e.ChannelID, " ", e.TS, " ", e.ThreadTS, " ", e.Placed))
			s.tell()
			return s.fail
		},
		Desk:  s.desk,
		Views: s.views,
		Now:   func() time.Time { return testNow },
		Log:   slog.New(slog.DiscardHandler),
	}
	return s
}

func (s *stage) stored() []bot.Incoming {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// one returns the only event that was stored, and what it decodes to.
func (s *stage) one(t *testing.T) (bot.Incoming, bot.SlackEvent) {
	t.Helper()
	got := s.stored()
	if len(got) != 1 {
		t.Fatalf("stored %d events, want 1", len(got))
	}
	ev, err := Decode(got[0].Raw)
	if err != nil {
		t.Fatalf("Decode: %v", err)
	}
	return got[0], ev
}

type fakeViews struct {
	opened   [][]byte
	triggers []string
	err      error
}

func (f *fakeViews) OpenView(_ context.Context, triggerID string, view []byte) error {
	f.opened = append(f.opened, view)
	f.triggers = append(f.triggers, triggerID)
	return f.err
}

type fakeDesk struct {
	tags    bot.TagChoices
	listing bot.Listing
	refusal *bot.Refusal
	err     error
	calls   []string
	wait    bool // until the context ends
}

var _ bot.Desk = (*fakeDesk)(nil)

func (f *fakeDesk) note(ctx context.Context, parts ...string) error {
	f.calls = append(f.calls, strings.Join(parts, " "))
	if f.wait {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f *fakeDesk) TagChoices(ctx context.Context, userID string, a bot.Action) (bot.TagChoices, *bot.Refusal, error) {
	err := f.note(ctx, "tags", userID, a.FriendID)
	return f.tags, f.refusal, err
}

func (f *fakeDesk) Waiting(ctx context.Context, userID, channelID string) (bot.Listing, *bot.Refusal, error) {
	err := f.note(ctx, "waiting", userID, channelID)
	return f.listing, f.refusal, err
}

func (f *fakeDesk) Find(ctx context.Context, userID, channelID, name string) (bot.Listing, *bot.Refusal, error) {
	err := f.note(ctx, "find", userID, channelID, name)
	return f.listing, f.refusal, err
}

func (f *fakeDesk) Operators(ctx context.Context, userID, channelID string) (bot.Listing, *bot.Refusal, error) {
	err := f.note(ctx, "operators", userID, channelID)
	return f.listing, f.refusal, err
}

func (f *fakeDesk) Locale(context.Context, string, string) string { return "ja" }
