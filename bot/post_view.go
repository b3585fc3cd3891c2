package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"madoguchi/operators"
)

const quoteLetters = 40

// postBuilder puts together what one post shows its reader. This is the one
// place where what a reader may not see is removed.
type postBuilder struct {
	relay   *Relay
	tx      Tx
	channel SlackChannel
	thread  Thread
	callID  string

	office *office
	friend Friend
	tags   []string
	views  bool // the reader may read what was said
	parts  []Part
	by     map[string]Message
}

// prepare reads what the post needs. It returns false when the reader may not
// see the friend at all.
func (b *postBuilder) prepare() (bool, error) {
	var err error
	if b.office, err = b.relay.office(b.tx, b.thread.AccountID); err != nil {
		return false, err
	}
	if b.thread.FriendID == "" {
		b.views = true
		return true, nil
	}
	if b.friend, err = b.tx.Friend(b.thread.FriendID); err != nil {
		return false, err
	}
	tags, err := b.tx.FriendTags(b.friend.ID)
	if err != nil {
		return false, err
	}
	b.tags = onTags(tags)
	var sees bool
	sees, b.views = b.office.mayView(b.thread.Place, &b.friend, b.tags)
	return sees, nil
}

func messagesOf(tx Tx, parts []Part) (map[string]Message, error) {
	var ids []string
	for _, p := range parts {
		if p.MessageID != "" {
			ids = append(ids, p.MessageID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := tx.Messages(ids)
	if err != nil {
		return nil, err
	}
	by := make(map[string]Message, len(list))
	for _, m := range list {
		by[m.ID] = m
	}
	return by, nil
}

// take picks the parts that go into one post: the first ones that stand under
// the same name, as far as the limits of a post allow. It returns their ids.
func (b *postBuilder) take(queued []Part) ([]string, error) {
	var err error
	if b.by, err = messagesOf(b.tx, queued); err != nil {
		return nil, err
	}
	letters := 0
	var ids []string
	for i, p := range queued {
		m := b.by[p.MessageID]
		letters += utf8.RuneCount(m.Content) + utf8.RuneCountInString(m.Text) + utf8.RuneCount(p.Notice)
		if i > 0 && (letters > mergeLetters || b.speaker(p) != b.speaker(queued[0])) {
			break
		}
		b.parts = append(b.parts, p)
		ids = append(ids, p.ID)
	}
	return ids, nil
}

// takeAll takes exactly these parts.
func (b *postBuilder) takeAll(parts []Part) ([]string, error) {
	var err error
	if b.by, err = messagesOf(b.tx, parts); err != nil {
		return nil, err
	}
	b.parts = parts
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
	}
	return ids, nil
}

// speaker is under whose name a part stands.
func (b *postBuilder) speaker(p Part) Speaker {
	m, ok := b.by[p.MessageID]
	switch {
	case !ok:
		return Speaker{}
	case m.Kind == ItemMessage:
		return Speaker{Name: friendName(b.office, &b.friend), Picture: b.friend.Picture}
	default:
		return Speaker{Name: m.AuthorName, IsStaff: true}
	}
}

// view is the post as it is first made.
func (b *postBuilder) view(repeat bool) (PostView, error) {
	v, err := b.drawn(b.thread.TS == "" && b.thread.FriendID != "")
	if err != nil {
		return v, err
	}
	v.ThreadTS, v.Repeat = b.thread.TS, repeat
	v.Mention = b.mention(v.Card != nil)
	now := b.tx.Now()
	v.Broadcast = v.ThreadTS != "" && b.fromFriend() && b.thread.LastPostAt > 0 &&
		now-b.thread.LastPostAt > idleAfter.Milliseconds()
	return v, nil
}

// drawn is the post as it is now, without what only matters when it is made.
func (b *postBuilder) drawn(card bool) (PostView, error) {
	v := PostView{Locale: b.office.Settings.Locale, Zone: b.office.zone, CallID: b.callID, Now: b.tx.Now()}
	if len(b.parts) > 0 {
		v.Speaker = b.speaker(b.parts[0])
	}
	if card {
		c, err := b.card()
		if err != nil {
			return v, err
		}
		v.Card = c
		v.Speaker = Speaker{Name: c.Name, Picture: c.Picture}
	}
	for _, p := range b.parts {
		item, err := b.item(p)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

func (b *postBuilder) fromFriend() bool {
	return slices.ContainsFunc(b.parts, func(p Part) bool {
		m, ok := b.by[p.MessageID]
		return ok && m.Kind == ItemMessage && !p.Context
	})
}

// mention says whom to push: always with a card, in a thread only a reader who
// would otherwise not be pushed, and not again within a few minutes.
func (b *postBuilder) mention(card bool) string {
	if !b.fromFriend() || b.friend.WaitingSince == 0 {
		return ""
	}
	user := b.office.pushed(b.thread.Place, &b.friend)
	if card || user == "" {
		return user
	}
	now := b.tx.Now()
	if now-b.thread.LastMentionAt < mentionGap.Milliseconds() {
		return ""
	}
	following := b.thread.LastMentionAt > 0 || b.thread.LastReplyAt > 0
	if following && now-b.thread.LastPostAt < quietAfter.Milliseconds() {
		return ""
	}
	return user
}

func (b *postBuilder) card() (*CardView, error) {
	f, o := &b.friend, b.office
	reader, _ := o.reader(b.thread.Place)
	subject := operators.Friend{ID: f.ID, Tags: b.tags}
	send := o.people.Decide(reader, subject, operators.Action{Right: operators.Send})
	c := &CardView{
		Action: Action{AccountID: o.ID, FriendID: f.ID}, Name: friendName(o, f), Picture: f.Picture, Kind: f.Kind,
		WaitingSince: f.WaitingSince, AnsweredBy: f.AnsweredBy, InCharge: f.InChargeName,
		Blocked: f.Blocked, Standby: f.Standby, Owner: b.thread.Place == OwnersPlace,
		ReadOnly: !send.Allowed, Hidden: !b.views,
	}
	for _, id := range b.tags {
		if name := o.tags[id]; name != "" {
			c.Tags = append(c.Tags, name)
		}
	}
	if c.Owner {
		c.NobodyElse = len(o.people.Seers(b.tags)) == 0
	} else {
		for _, set := range o.people.SetsShowing(b.thread.Place, b.tags) {
			c.Sets = append(c.Sets, set.Name)
		}
	}
	if b.mayTag(reader, subject) {
		c.Buttons = append(c.Buttons, ActTags)
	}
	if send.Allowed && !send.Draft {
		c.Buttons = append(c.Buttons, ActTake, ActDone)
	}
	return c, nil
}

func (b *postBuilder) mayTag(reader operators.Person, f operators.Friend) bool {
	for _, t := range b.office.Settings.Tags {
		a := operators.Action{Right: operators.Tags, Item: t.ID}
		if b.office.people.Decide(reader, f, a).Allowed {
			return true
		}
	}
	return false
}

// item is one part as its reader may see it.
func (b *postBuilder) item(p Part) (ItemView, error) {
	m, ok := b.by[p.MessageID]
	if !ok {
		var v ItemView
		if len(p.Notice) == 0 {
			return v, nil
		}
		if err := json.Unmarshal(p.Notice, &v); err != nil {
			return v, fmt.Errorf("notice of part %s: %w", p.ID, err)
		}
		return v, nil
	}
	v := ItemView{Kind: m.Kind, At: m.At, Late: m.Late, Context: p.Context, Unsent: m.Unsent, Author: m.AuthorName}
	if !b.views {
		v.Hidden = true
		return v, nil
	}
	if m.Unsent {
		return v, nil
	}
	v.Text, v.Media = m.Text, m.Media
	if m.Media == MediaTooLarge {
		v.MediaLimit = b.relay.MediaLimit
	}
	if m.Kind != ItemMessage {
		return v, nil
	}
	v.Content = new(Content)
	if err := json.Unmarshal(m.Content, v.Content); err != nil {
		return v, fmt.Errorf("content of message %s: %w", m.ID, err)
	}
	v.Content.QuoteToken, v.Content.MarkAsRead = "", ""
	if m.SpeakerID != "" && b.friend.Kind != KindUser {
		name, _, err := b.tx.Speaker(b.office.ID, m.SpeakerID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return v, err
		}
		v.Speaker = name
	}
	if m.QuotedID != "" {
		quoted, err := b.quoted(m.QuotedID)
		if err != nil {
			return v, err
		}
		v.Quoted = quoted
	}
	return v, nil
}

// quoted returns the first words of the message that another one quotes.
func (b *postBuilder) quoted(lineID string) (string, error) {
	m, err := b.tx.MessageByLINEID(b.office.ID, lineID)
	if errors.Is(err, ErrNotFound) || err == nil && (m.Unsent || m.FriendID != b.friend.ID) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text := m.Text
	if m.Kind == ItemMessage {
		var c Content
		if err := json.Unmarshal(m.Content, &c); err != nil {
			return "", fmt.Errorf("content of message %s: %w", m.ID, err)
		}
		text = c.Text
	}
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > quoteLetters {
		text = string(runes[:quoteLetters]) + "…"
	}
	return text, nil
}

// friendName is what to call a friend whose profile may not be known yet.
func friendName(o *office, f *Friend) string {
	if strings.TrimSpace(f.Name) != "" {
		return f.Name
	}
	key := "relay.friend_unnamed"
	if f.Kind != KindUser {
		key = "relay.group_unnamed"
	}
	return o.words.Say(key, shortID(f))
}

// shortID is enough of a friend's LINE id for staff to tell two friends apart.
func shortID(f *Friend) string {
	if len(f.LINEID) > 5 {
		return f.LINEID[1:5]
	}
	return f.LINEID
}

// clock is a time of day as the staff of an account reads it.
func (o *office) clock(at int64) string {
	return time.UnixMilli(at).In(o.zone).Format("15:04")
}
