package line

import "time"

// wireEvent is a webhook event as LINE writes it.
// See https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
type wireEvent struct {
	Type            string          `json:"type"`
	Message         any             `json:"message,omitempty"`
	Unsend          any             `json:"unsend,omitempty"`
	Follow          any             `json:"follow,omitempty"`
	Postback        any             `json:"postback,omitempty"`
	Joined          any             `json:"joined,omitempty"`
	Left            any             `json:"left,omitempty"`
	WebhookEventID  string          `json:"webhookEventId"`
	DeliveryContext deliveryContext `json:"deliveryContext"`
	Timestamp       int64           `json:"timestamp"`
	Source          *wireSource     `json:"source,omitempty"`
	ReplyToken      string          `json:"replyToken,omitempty"`
	Mode            string          `json:"mode"`
}

type deliveryContext struct {
	IsRedelivery bool `json:"isRedelivery"`
}

type wireSource struct {
	Type    string `json:"type"`
	UserID  string `json:"userId,omitempty"`
	GroupID string `json:"groupId,omitempty"`
	RoomID  string `json:"roomId,omitempty"`
}

// replyToken is the right to answer one event for free, once.
type replyToken struct {
	chat      *chat
	event     time.Time
	delivered time.Time // of the last delivery; zero before the first
	used      bool
}

// replyTokenCap is how long after its event a token is valid at most, however
// late the event was delivered.
const replyTokenCap = 20 * time.Minute

// valid reports whether the token can be used now.
// See https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token
func (t *replyToken) valid(now time.Time, b Beliefs) bool {
	switch {
	case t.used && !b.ReplyTokenReusable, t.delivered.IsZero():
		return false
	default:
		return now.Sub(t.delivered) <= b.replyTokenLife() && now.Sub(t.event) <= replyTokenCap
	}
}

func (c *chat) source(userID string) *wireSource {
	s := &wireSource{Type: string(c.kind), UserID: userID}
	switch c.kind {
	case kindGroup:
		s.GroupID = c.id
	case kindRoom:
		s.RoomID = c.id
	case kindUser:
		s.UserID = c.id
	}
	return s
}

// happen completes an event of c, caused by userID ("" if LINE does not tell),
// and puts it on its way. The caller holds mu.
func (p *Platform) happen(c *chat, userID string, e wireEvent, answerable bool) string {
	now := p.now()
	e.WebhookEventID = p.eventID(now)
	e.Timestamp = now.UnixMilli()
	e.Source = c.source(userID)
	e.Mode = "active"
	if c.standby {
		e.Mode = "standby"
	} else if answerable {
		e.ReplyToken = token(16)
		c.account.replies[e.ReplyToken] = &replyToken{chat: c, event: now}
	}
	p.send(c.account, Event{ID: e.WebhookEventID, Type: e.Type, BotUserID: c.account.BotUserID, ChatID: c.id}, &e, nil)
	p.changed()
	return e.WebhookEventID
}
