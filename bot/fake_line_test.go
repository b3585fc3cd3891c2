package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"sync"

	"madoguchi/bot"
)

// lineSend is one attempt at a message to a friend.
type lineSend struct {
	At    int64    `json:"-"`
	Key   string   `json:"-"` // retry key of a push
	Token string   `json:"token,omitempty"`
	To    string   `json:"to,omitempty"`
	Texts []string `json:"texts"`
}

func (s lineSend) push() bool { return s.Token == "" }

// composer keeps what a call says readable.
type composer struct{}

func (composer) RenderReply(token string, texts []string) []byte {
	return encode(lineSend{Token: token, Texts: texts})
}

func (composer) RenderPush(to string, texts []string) []byte {
	return encode(lineSend{To: to, Texts: texts})
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// lineAnswer is what comes of a send: whether it takes effect, and what the
// relay gets to know.
type lineAnswer struct {
	arrives bool
	failure *bot.Failure
}

var (
	accepted    = lineAnswer{arrives: true}
	answerLost  = lineAnswer{arrives: true, failure: &bot.Failure{Kind: bot.Uncertain, Code: "timeout"}}
	unknown     = lineAnswer{failure: &bot.Failure{Kind: bot.Uncertain, Code: "timeout"}}
	refusedDial = lineAnswer{failure: &bot.Failure{Kind: bot.Transient, Code: "dial"}}
	badToken    = lineAnswer{failure: &bot.Failure{Kind: bot.Misconfigured, Code: "unauthorized"}}
	quotaUsedUp = lineAnswer{failure: &bot.Failure{Kind: bot.Misconfigured, Code: "quota"}}
	badRequest  = lineAnswer{failure: &bot.Failure{Kind: bot.Permanent, Code: "bad_request"}}
	tokenGone   = lineAnswer{failure: &bot.Failure{Kind: bot.Permanent, Code: "invalid_reply_token"}}
)

// fakeLINE is a LINE that keeps what friends got. A reply token works once, a
// push with a retry key takes effect once.
type fakeLINE struct {
	clock *clock

	mu       sync.Mutex
	answer   func(lineSend) lineAnswer // accepted when nil
	sends    []lineSend
	effects  map[string]bool     // reply tokens and retry keys that took effect
	friends  map[string]string   // reply token → friend
	phones   map[string][]string // friend → texts
	names    map[string]string   // friend → name
	asked    map[string]int      // friend → how often the profile was asked for
	contents map[string][]byte   // message id → file
	read     []string            // mark-as-read tokens
}

var _ bot.LINE = (*fakeLINE)(nil)

func newFakeLINE(c *clock) *fakeLINE {
	return &fakeLINE{
		clock: c, effects: map[string]bool{}, friends: map[string]string{}, phones: map[string][]string{},
		names: map[string]string{}, asked: map[string]int{}, contents: map[string][]byte{},
	}
}

// answers has LINE answer the next sends so, and accept the ones after them.
func (l *fakeLINE) answers(list ...lineAnswer) {
	l.answersBy(func(lineSend) lineAnswer {
		if len(list) == 0 {
			return accepted
		}
		first := list[0]
		list = list[1:]
		return first
	})
}

// always has LINE answer every send so.
func (l *fakeLINE) always(a lineAnswer) { l.answersBy(func(lineSend) lineAnswer { return a }) }

func (l *fakeLINE) answersBy(answer func(lineSend) lineAnswer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

// attempts returns every send that was tried since the last call.
func (l *fakeLINE) attempts() []lineSend {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.sends
	l.sends = nil
	return all
}

// phone returns what a friend got.
func (l *fakeLINE) phone(friend string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.phones[friend])
}

func (l *fakeLINE) profilesAsked(friend string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[friend]
}

func (l *fakeLINE) Reply(_ context.Context, body []byte) (bot.Accepted, error) {
	return l.send(body, "")
}

func (l *fakeLINE) Push(_ context.Context, body []byte, retryKey string) (bot.Accepted, error) {
	return l.send(body, retryKey)
}

func (l *fakeLINE) send(body []byte, key string) (bot.Accepted, error) {
	s := lineSend{At: l.clock.ms(), Key: key}
	if err := json.Unmarshal(body, &s); err != nil {
		return bot.Accepted{}, &bot.Failure{Kind: bot.Permanent, Code: "bad_request"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sends = append(l.sends, s)
	a := accepted
	if l.answer != nil {
		a = l.answer(s)
	}
	if a.arrives {
		once, to := s.Key, s.To
		if s.Token != "" {
			once, to = s.Token, l.friends[s.Token]
		}
		if l.effects[once] && s.Token != "" {
			return bot.Accepted{}, tokenGone.failure
		}
		if !l.effects[once] {
			l.effects[once] = true
			l.phones[to] = append(l.phones[to], s.Texts...)
		}
	}
	if a.failure != nil {
		return bot.Accepted{}, a.failure
	}
	return bot.Accepted{RequestID: "request"}, nil
}

func (l *fakeLINE) Profile(_ context.Context, _ bot.FriendKind, friendID, _ string) (bot.Profile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked[friendID]++
	return bot.Profile{Name: l.names[friendID]}, nil
}

func (l *fakeLINE) GroupMembers(context.Context, bot.FriendKind, string) (int, error) { return 7, nil }

func (l *fakeLINE) MediaContent(_ context.Context, id string) (bot.Media, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	content, ok := l.contents[id]
	if !ok {
		return bot.Media{}, &bot.Failure{Kind: bot.Permanent, Code: "gone"}
	}
	return bot.Media{Body: io.NopCloser(bytes.NewReader(content)), Type: "image/jpeg", Size: int64(len(content))}, nil
}

func (l *fakeLINE) MarkAsRead(_ context.Context, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read = append(l.read, token)
	return nil
}

func (l *fakeLINE) BotInfo(context.Context) (bot.BotInfo, error) {
	return bot.BotInfo{UserID: destination}, nil
}

func (l *fakeLINE) Quota(context.Context) (bot.Quota, error) { return bot.Quota{}, nil }

// fakeFiles keeps files in memory.
type fakeFiles struct {
	mu sync.Mutex
	by map[string][]byte
}

var _ bot.Files = (*fakeFiles)(nil)

func (f *fakeFiles) Put(_ context.Context, key string, body io.Reader, _ string, limit int64) (int64, error) {
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return 0, err
	}
	if int64(len(raw)) > limit {
		return 0, bot.ErrTooLarge
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.by[key] = raw
	return int64(len(raw)), nil
}

func (f *fakeFiles) Open(_ context.Context, key string) (io.ReadCloser, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	raw, ok := f.by[key]
	if !ok {
		return nil, 0, bot.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(raw)), int64(len(raw)), nil
}

func (f *fakeFiles) Delete(_ context.Context, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.by, key)
	return nil
}

func (f *fakeFiles) keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.by))
}
