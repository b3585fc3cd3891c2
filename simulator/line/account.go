package line

import (
	"errors"
	"fmt"
	"time"
)

// Account is one LINE official account and its Messaging API channel.
type Account struct {
	BotUserID  string // required; the destination of its webhooks
	BasicID    string
	Name       string
	PictureURL string
	ChannelID  string // with Secret, for short-lived tokens
	Secret     string // required; signs its webhooks
	Token      string // long-lived; "" for none
	Quota      int64  // messages a month; 0 for no limit
	ChatMode   string // "bot" if empty, else "chat"
	MarkAsRead string // "auto" if empty, else "manual"
	Redeliver  bool   // webhooks that were not answered 2xx are delivered again; off on LINE too unless switched on
	Disliked   string // texts with this in them are refused; "" for none
}

type account struct {
	Account
	webhook  string
	active   bool
	used     int64
	chats    map[string]*chat
	order    []*chat
	people   map[string]Friend // whoever may speak, by user id
	messages map[string]*message
	replies  map[string]*replyToken
	keys     map[string]*retryKey
	reads    map[string]*message // by markAsReadToken
	issued   map[string]time.Time
	trouble  Trouble
}

var (
	errNoAccount = errors.New("no such account")
	errNoChat    = errors.New("no such friend or group")
	errNoMessage = errors.New("no such message")
)

// AddAccount adds an account, or replaces one of the same bot with all it had.
func (p *Platform) AddAccount(a Account) {
	if a.ChatMode == "" {
		a.ChatMode = "bot"
	}
	if a.MarkAsRead == "" {
		a.MarkAsRead = "auto"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	acc := &account{
		Account:  a,
		active:   true,
		chats:    map[string]*chat{},
		people:   map[string]Friend{},
		messages: map[string]*message{},
		replies:  map[string]*replyToken{},
		keys:     map[string]*retryKey{},
		reads:    map[string]*message{},
		issued:   map[string]time.Time{},
	}
	for i, other := range p.order {
		if other.BotUserID == a.BotUserID {
			p.order = append(p.order[:i:i], p.order[i+1:]...)
			break
		}
	}
	p.accounts[a.BotUserID] = acc
	p.order = append(p.order, acc)
	p.changed()
}

// Accounts returns the accounts in the order in which they came.
func (p *Platform) Accounts() []Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Account, len(p.order))
	for i, a := range p.order {
		all[i] = a.Account
	}
	return all
}

// Change alters the settings of an account, as its owner would in LINE's
// consoles: a reissued secret or token, the quota, redelivery.
func (p *Platform) Change(botUserID string, change func(*Account)) error {
	return p.with(botUserID, func(a *account) error {
		change(&a.Account)
		a.BotUserID = botUserID
		return nil
	})
}

// SetWebhook sets where the webhooks of an account go; "" for nowhere.
func (p *Platform) SetWebhook(botUserID, url string) error {
	return p.with(botUserID, func(a *account) error {
		a.webhook = url
		return nil
	})
}

// UseWebhook is the console's switch "Use webhook", on from the start.
func (p *Platform) UseWebhook(botUserID string, on bool) error {
	return p.with(botUserID, func(a *account) error {
		a.active = on
		return nil
	})
}

// SetUsed sets how many of the month's messages are used, as other tools of
// the account would.
func (p *Platform) SetUsed(botUserID string, n int64) error {
	return p.with(botUserID, func(a *account) error {
		a.used = n
		return nil
	})
}

// Used tells how many of the month's messages are used.
func (p *Platform) Used(botUserID string) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a, ok := p.accounts[botUserID]; ok {
		return a.used
	}
	return 0
}

// RevokeTokens makes every short-lived token of an account invalid.
func (p *Platform) RevokeTokens(botUserID string) error {
	return p.with(botUserID, func(a *account) error {
		clear(a.issued)
		return nil
	})
}

// SetTrouble replaces what goes wrong with an account's webhooks from now on.
func (p *Platform) SetTrouble(botUserID string, t Trouble) error {
	return p.with(botUserID, func(a *account) error {
		a.trouble = t
		return nil
	})
}

func (p *Platform) with(botUserID string, do func(*account) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.accounts[botUserID]
	if !ok {
		return fmt.Errorf("account %s: %w", botUserID, errNoAccount)
	}
	if err := do(a); err != nil {
		return err
	}
	p.changed()
	return nil
}

// bearer finds the account that a token is of. The caller holds mu.
func (p *Platform) bearer(given string) *account {
	if given == "" {
		return nil
	}
	for _, a := range p.order {
		if given == a.Token {
			return a
		}
		if expires, ok := a.issued[given]; ok && p.now().Before(expires) {
			return a
		}
	}
	return nil
}
