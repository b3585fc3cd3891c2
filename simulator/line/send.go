package line

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"time"
)

type sentMessage struct {
	ID         string `json:"id"`
	QuoteToken string `json:"quoteToken,omitempty"`
}

// retryKey remembers a push that was accepted.
type retryKey struct {
	at        time.Time
	body      []byte
	requestID string
	sent      []sentMessage
}

// retryKeyLife is how long LINE remembers a key; after that the same key sends
// again. See https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
const retryKeyLife = 24 * time.Hour

const headerRetryKey = "X-Line-Retry-Key"

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (p *Platform) reply(c *call) answer {
	var body struct {
		ReplyToken string            `json:"replyToken"`
		Messages   []json.RawMessage `json:"messages"`
	}
	if _, given := c.header[headerRetryKey]; given {
		p.violate(c.path, "a reply with a retry key")
		return complain(http.StatusBadRequest, "The retry key is not supported on this API")
	}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	bubbles, details := c.inspect(body.Messages)
	t, known := c.account.replies[body.ReplyToken]
	if len(details) > 0 {
		if known && p.opts.Beliefs.RefusalSpendsReplyToken {
			t.used = true
		}
		return badMessages(details)
	}
	if !known || !t.valid(p.now(), p.opts.Beliefs) || t.chat.blocked && p.opts.Beliefs.BlockedReplyRefused {
		return complain(http.StatusBadRequest, "Invalid reply token")
	}
	if refused, ok := p.standby(c, t.chat); !ok {
		return refused
	}
	t.used = true
	e := &Entry{Free: true, Hidden: t.chat.blocked}
	return succeed(p.accept(t.chat, e, bubbles))
}

func (p *Platform) push(c *call) answer {
	var body struct {
		To       string            `json:"to"`
		Messages []json.RawMessage `json:"messages"`
	}
	key := c.header.Get(headerRetryKey)
	if key != "" && !uuidPattern.MatchString(key) {
		p.violate(c.path, "a retry key that is no UUID")
		return complain(http.StatusBadRequest, "The retry key must be a UUID")
	}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	to := c.account.chats[body.To]
	overQuota := to != nil && c.account.exceeds(to.cost())
	if before, ok := c.account.keys[key]; ok && key != "" && p.now().Sub(before.at) < retryKeyLife {
		if !bytes.Equal(before.body, c.body) {
			p.violate(c.path, "a retry key with another body")
		}
		if overQuota && p.opts.Beliefs.QuotaBeforeRetryKey {
			return usedUp()
		}
		return p.again(before)
	}
	bubbles, details := c.inspect(body.Messages)
	switch {
	case len(details) > 0:
		return badMessages(details)
	case to == nil || to.absent:
		return complain(http.StatusBadRequest, "Failed to send messages")
	case overQuota:
		return usedUp()
	}
	if refused, ok := p.standby(c, to); !ok {
		return refused
	}
	cost := to.cost()
	c.account.used += cost
	e := &Entry{Cost: cost, RetryKey: key, Hidden: to.blocked}
	sent := p.accept(to, e, bubbles)
	if key != "" {
		c.account.keys[key] = &retryKey{at: p.now(), body: c.body, requestID: e.RequestID, sent: sent.SentMessages}
	}
	a := succeed(sent)
	a.header = http.Header{"X-Line-Request-Id": {e.RequestID}}
	return a
}

// again answers a push that was accepted before.
func (p *Platform) again(before *retryKey) answer {
	body := errorBody{Message: "The retry key is already accepted", SentMessages: before.sent}
	if p.opts.Beliefs.NoAcceptedMessages {
		body.SentMessages = nil
	}
	return answer{
		status: http.StatusConflict,
		body:   body,
		header: http.Header{"X-Line-Accepted-Request-Id": {before.requestID}},
	}
}

// standby notes that an account speaks where it knows that a module channel
// holds the chat.
func (p *Platform) standby(c *call, to *chat) (answer, bool) {
	if !to.standby {
		return answer{}, true
	}
	if to.told {
		p.violate(c.path, "a message to a chat in standby")
	}
	if p.opts.Beliefs.StandbyRefused {
		return complain(http.StatusForbidden, "Access to this API is not available for your account"), false
	}
	return answer{}, true
}

type sentBody struct {
	SentMessages []sentMessage `json:"sentMessages"`
}

// accept shows the bubbles in a chat.
func (p *Platform) accept(to *chat, e *Entry, bubbles []Bubble) sentBody {
	var sent sentBody
	for i := range bubbles {
		bubbles[i].ID = p.messageID()
		m := sentMessage{ID: bubbles[i].ID}
		switch bubbles[i].Type {
		case "text", "textV2", "sticker", "image", "video", "template", "flex":
			m.QuoteToken = token(24)
		}
		sent.SentMessages = append(sent.SentMessages, m)
	}
	e.At, e.Side, e.Bubbles, e.RequestID = p.now(), ByAccount, bubbles, requestID()
	to.entries = append(to.entries, e)
	return sent
}

// cost is what a push to the chat takes from the month's messages: one for
// each recipient, none for who has blocked the account.
// See https://developers.line.biz/en/docs/messaging-api/pricing/
func (c *chat) cost() int64 {
	switch {
	case c.kind != kindUser:
		return int64(len(c.members))
	case c.blocked:
		return 0
	default:
		return 1
	}
}

func (a *account) exceeds(cost int64) bool { return a.Quota > 0 && a.used+cost > a.Quota }

func usedUp() answer {
	return complain(http.StatusTooManyRequests, "You have reached your monthly limit.")
}

func badJSON() answer {
	return complain(http.StatusBadRequest, "The request body could not be parsed as JSON")
}
