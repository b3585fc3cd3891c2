package line

import (
	"slices"
	"time"
)

// Friend is a LINE user as an account sees them.
type Friend struct {
	UserID     string
	Name       string
	PictureURL string
	Language   string
}

// Group is a LINE group that an account is in; with ID from RoomID, a
// multi-person chat, which has no name.
type Group struct {
	ID         string
	Name       string
	PictureURL string
	Members    []Friend
}

type chatKind string

const (
	kindUser  chatKind = "user"
	kindGroup chatKind = "group"
	kindRoom  chatKind = "room"
)

// chat is one conversation with the account: a friend's, a group's, a room's.
type chat struct {
	account *account
	kind    chatKind
	id      string
	name    string
	picture string
	members []string // of a group or room, user ids
	blocked bool     // by the friend
	absent  bool     // the account is not (or no longer) in the group
	standby bool     // a module channel holds the chat
	told    bool     // an event has told the account so
	entries []*Entry
}

// message is what a friend sent.
type message struct {
	id     string
	chat   *chat
	entry  *Entry
	text   string
	media  *Media
	polls  int // how often the content was asked for
	unsent bool
}

// AddFriend makes somebody known to an account, without an event.
func (p *Platform) AddFriend(botUserID string, f Friend) error {
	return p.with(botUserID, func(a *account) error {
		a.people[f.UserID] = f
		if c, ok := a.chats[f.UserID]; ok {
			c.name, c.picture = f.Name, f.PictureURL
			return nil
		}
		a.addChat(&chat{kind: kindUser, id: f.UserID, name: f.Name, picture: f.PictureURL})
		return nil
	})
}

// AddGroup puts an account into a group, without an event.
func (p *Platform) AddGroup(botUserID string, g Group) error {
	return p.with(botUserID, func(a *account) error {
		c := &chat{kind: kindGroup, id: g.ID, name: g.Name, picture: g.PictureURL}
		if len(g.ID) > 0 && g.ID[0] == 'R' {
			c.kind = kindRoom
		}
		for _, m := range g.Members {
			a.meet(m)
			c.members = append(c.members, m.UserID)
		}
		a.addChat(c)
		return nil
	})
}

// meet keeps what is known of somebody already.
func (a *account) meet(f Friend) {
	if _, known := a.people[f.UserID]; !known {
		a.people[f.UserID] = f
	}
}

func (a *account) addChat(c *chat) {
	c.account = a
	if old, ok := a.chats[c.id]; ok {
		c.entries = old.entries
		a.order = slices.DeleteFunc(a.order, func(o *chat) bool { return o == old })
	}
	a.chats[c.id] = c
	a.order = append(a.order, c)
}

// SetStandby lets a module channel hold a chat, or give it back: meanwhile its
// events have the mode standby and no reply token.
func (p *Platform) SetStandby(botUserID, chatID string, on bool) error {
	return p.with(botUserID, func(a *account) error {
		c, ok := a.chats[chatID]
		if !ok {
			return errNoChat
		}
		c.standby, c.told = on, false
		return nil
	})
}

// ChatInfo describes a chat.
type ChatInfo struct {
	ID         string
	Kind       string // user, group or room
	Name       string
	PictureURL string
	Members    []Friend // of a group or room
	Blocked    bool
	Last       time.Time // of its last entry
}

// Chats returns the chats of an account in the order in which they came.
func (p *Platform) Chats(botUserID string) []ChatInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, ok := p.accounts[botUserID]
	if !ok {
		return nil
	}
	all := make([]ChatInfo, 0, len(a.order))
	for _, c := range a.order {
		info := ChatInfo{ID: c.id, Kind: string(c.kind), Name: c.name, PictureURL: c.picture, Blocked: c.blocked}
		for _, id := range c.members {
			info.Members = append(info.Members, a.people[id])
		}
		if n := len(c.entries); n > 0 {
			info.Last = c.entries[n-1].At
		}
		all = append(all, info)
	}
	return all
}
