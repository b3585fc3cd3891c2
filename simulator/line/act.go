package line

import (
	"fmt"
	"slices"
)

// From says who acts, and where. In a chat of two, Chat is the friend's user
// id and User may be empty.
type From struct {
	Bot       string // user id of the account's bot
	Chat      string // user, group or room id
	User      string // who acts in a group
	Anonymous bool   // LINE does not tell who: the user has not agreed to it
}

// Sent names what an act caused.
type Sent struct {
	EventID   string
	MessageID string // of a message
}

// act runs do for a chat that exists and in which the account is.
func (p *Platform) act(from From, do func(c *chat, userID string) (Sent, error)) (Sent, error) {
	var sent Sent
	err := p.with(from.Bot, func(a *account) error {
		c, ok := a.chats[from.Chat]
		if !ok {
			return fmt.Errorf("chat %s: %w", from.Chat, errNoChat)
		}
		if c.kind == kindUser {
			from.User = from.Chat
		}
		if from.Anonymous {
			from.User = ""
		}
		var err error
		sent, err = do(c, from.User)
		return err
	})
	return sent, err
}

// event lets something happen that shows as a line in the chat.
func (p *Platform) event(from From, e wireEvent, answerable bool, before func(*chat)) (Sent, error) {
	return p.act(from, func(c *chat, userID string) (Sent, error) {
		if before != nil {
			before(c)
		}
		id := p.happen(c, userID, e, answerable)
		c.entries = append(c.entries, &Entry{At: p.now(), Side: ByEvent, UserID: userID, Event: e.Type, EventID: id})
		return Sent{EventID: id}, nil
	})
}

// Follow adds the account as a friend; unblocked says it had been blocked.
func (p *Platform) Follow(from From, unblocked bool) (Sent, error) {
	e := wireEvent{Type: "follow", Follow: map[string]bool{"isUnblocked": unblocked}}
	return p.event(from, e, true, func(c *chat) { c.blocked = false })
}

// Block blocks the account, which LINE calls unfollow.
func (p *Platform) Block(from From) (Sent, error) {
	return p.event(from, wireEvent{Type: "unfollow"}, false, func(c *chat) { c.blocked = true })
}

// Postback presses a button that carries data, with what a date picker or
// rich menu adds.
func (p *Platform) Postback(from From, data string, params map[string]string) (Sent, error) {
	content := map[string]any{"data": data}
	if len(params) > 0 {
		content["params"] = params
	}
	return p.event(from, wireEvent{Type: "postback", Postback: content}, true, nil)
}

// Join takes the account into a group that AddGroup made.
func (p *Platform) Join(from From) (Sent, error) {
	from.Anonymous = true
	return p.event(from, wireEvent{Type: "join"}, true, func(c *chat) { c.absent = false })
}

// Leave removes the account from a group.
func (p *Platform) Leave(from From) (Sent, error) {
	from.Anonymous = true
	return p.event(from, wireEvent{Type: "leave"}, false, func(c *chat) { c.absent = true })
}

// MemberJoined lets people join a group.
func (p *Platform) MemberJoined(from From, people ...Friend) (Sent, error) {
	from.Anonymous = true
	e := wireEvent{Type: "memberJoined", Joined: memberList(people)}
	return p.event(from, e, true, func(c *chat) {
		for _, f := range people {
			c.account.meet(f)
			c.members = append(c.members, f.UserID)
		}
	})
}

// MemberLeft lets people leave a group.
func (p *Platform) MemberLeft(from From, people ...Friend) (Sent, error) {
	from.Anonymous = true
	e := wireEvent{Type: "memberLeft", Left: memberList(people)}
	return p.event(from, e, false, func(c *chat) {
		for _, f := range people {
			c.members = slices.DeleteFunc(c.members, func(id string) bool { return id == f.UserID })
		}
	})
}

func memberList(people []Friend) any {
	members := make([]wireSource, len(people))
	for i, f := range people {
		members[i] = wireSource{Type: "user", UserID: f.UserID}
	}
	return map[string]any{"members": members}
}

// Unsend takes a message back.
func (p *Platform) Unsend(from From, messageID string) (Sent, error) {
	return p.act(from, func(c *chat, userID string) (Sent, error) {
		m, ok := c.account.messages[messageID]
		if !ok || m.chat != c {
			return Sent{}, fmt.Errorf("message %s: %w", messageID, errNoMessage)
		}
		m.unsent, m.entry.Unsent = true, true
		e := wireEvent{Type: "unsend", Unsend: map[string]string{"messageId": messageID}}
		return Sent{EventID: p.happen(c, userID, e, false), MessageID: messageID}, nil
	})
}
