package line

import (
	"slices"
	"time"
)

// Side is who caused an entry.
type Side string

// The sides of a chat.
const (
	ByFriend  Side = "friend"
	ByAccount Side = "account"
	ByEvent   Side = "event" // follow, join and the like
)

// Entry is one line of what a friend's phone shows, or one accepted call.
type Entry struct {
	At      time.Time
	Side    Side
	UserID  string // with ByFriend: who
	Event   string // with ByEvent: its type
	EventID string // of the webhook that it caused
	Bubbles []Bubble
	Unsent  bool // taken back by the friend
	Read    bool // marked as read by the account

	// Of what the account sent:
	Free      bool   // by reply
	Cost      int64  // messages of the month's quota
	RetryKey  string // of a push
	RequestID string
	Hidden    bool // accepted by LINE and shown to nobody: the friend has blocked the account
}

// Bubble is one message of an entry.
type Bubble struct {
	ID   string
	Type string // text, image, sticker, …
	Text string // of a text; altText, file name or title of others
	URL  string // of a picture or the like that the account sent
}

// Texts returns the texts of an entry's bubbles.
func (e Entry) Texts() []string {
	texts := make([]string, len(e.Bubbles))
	for i, b := range e.Bubbles {
		texts[i] = b.Text
	}
	return texts
}

// Violation is a rule that an account broke, whether or not LINE would have
// let it pass.
type Violation struct {
	At   time.Time
	Path string
	Rule string
}

// Chat returns what the phone of a friend shows, or of the members of a group,
// oldest first.
func (p *Platform) Chat(botUserID, chatID string) []Entry {
	return slices.DeleteFunc(p.Ledger(botUserID, chatID), func(e Entry) bool { return e.Hidden })
}

// Ledger is Chat with the entries that were accepted and shown to nobody.
func (p *Platform) Ledger(botUserID, chatID string) []Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.accounts[botUserID]
	if !ok {
		return nil
	}
	c, ok := a.chats[chatID]
	if !ok {
		return nil
	}
	all := make([]Entry, len(c.entries))
	for i, e := range c.entries {
		all[i] = *e
		all[i].Bubbles = slices.Clone(e.Bubbles)
	}
	return all
}

// Violations returns the rules that were broken.
func (p *Platform) Violations() []Violation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.violations)
}

// Report adds a violation that something outside found, such as a check
// against LINE's OpenAPI documents.
func (p *Platform) Report(path, rule string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.violate(path, rule)
}

// violate records a broken rule. The caller holds mu.
func (p *Platform) violate(path, rule string) {
	p.violations = append(p.violations, Violation{At: p.now(), Path: path, Rule: rule})
	p.changed()
}

// Calls tells how often a path was called, calls that failed included.
func (p *Platform) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// DeliveryLog returns every webhook request so far.
func (p *Platform) DeliveryLog() []Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.deliveries)
}

// Inspect has f called with the body of every webhook request that the
// Platform composed, before it goes out. Raw bodies are not among them.
func (p *Platform) Inspect(f func(body []byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inspect = f
}
