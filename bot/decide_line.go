package bot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"madoguchi/operators"
	"madoguchi/routing"
)

// profileFresh is how long a fetched profile counts as current.
const profileFresh = 24 * time.Hour

// farAhead is how far LINE's clock may be before ours. A time beyond that is not
// believed: all that comes later would count as late.
const farAhead = time.Hour

// flapFor is how long a friend who blocks the account and comes back again and
// again gets one line for it.
const flapFor = time.Minute

// newGenerationAfter is how long a thread is idle before the next message
// opens a new one.
const newGenerationAfter = 30 * 24 * time.Hour

// redacted is what RedactEvents leaves of an event.
var redacted = []byte("{}")

// decideLINE turns one event of LINE into what follows from it. The friend is
// locked throughout, so decisions about one friend never cross.
func (r *Relay) decideLINE(tx Tx, e StoredEvent) error {
	o, err := r.office(tx, e.AccountID)
	if err != nil {
		return err
	}
	if bytes.Equal(e.Raw, redacted) { // taken back before it was decided
		return nil
	}
	ev, err := r.DecodeLINE(e.Raw)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if ev.FriendID == "" { // belongs to no conversation, such as a delivery report
		return nil
	}
	f, isNew, err := tx.LockFriendByLINE(o.ID, ev.FriendID, ev.FriendKind)
	if err != nil {
		return err
	}
	d := &lineDecision{relay: r, tx: tx, office: o, stored: e, event: ev, friend: f}
	if d.event.At == 0 || d.event.At > e.ReceivedAt+farAhead.Milliseconds() {
		d.event.At = e.ReceivedAt
	}
	if err := d.decide(); err != nil {
		return err
	}
	if d.changed {
		if err := r.refreshCards(tx, &d.friend); err != nil {
			return err
		}
	}
	if isNew || tx.Now()-d.friend.ProfileAt > profileFresh.Milliseconds() {
		d.friend.ProfileAt = tx.Now()
		if err := r.addTask(tx, o.ID, CallLINEProfile, d.friend.ID); err != nil {
			return err
		}
	}
	return tx.SaveFriend(&d.friend)
}

// lineDecision is the deciding of one LINE event.
type lineDecision struct {
	relay  *Relay
	tx     Tx
	office *office
	stored StoredEvent
	event  LINEEvent
	friend Friend
	// changed is set when the friend's cards do not show any more how things are.
	changed bool
}

func (d *lineDecision) decide() error {
	d.followMode()
	if err := d.keepReplyToken(); err != nil {
		return err
	}
	switch d.event.Type {
	case "message", "messageEdited":
		return d.message()
	case "unsend":
		return d.relay.unsend(d.tx, d.office, &d.friend, d.event.UnsentID)
	case "follow":
		return d.follow()
	case "unfollow", "leave":
		return d.leave()
	case "join":
		d.setBlocked(false)
		return d.happening(true)
	case "postback":
		return d.postback()
	case "memberJoined", "memberLeft":
		return d.happening(true)
	default:
		return d.happening(true)
	}
}

// followMode notes whether a module channel holds the chat. An older event
// that arrives late changes nothing.
func (d *lineDecision) followMode() {
	if d.event.At >= d.friend.StandbyAt && d.event.Standby != d.friend.Standby {
		d.friend.Standby = d.event.Standby
		d.friend.StandbyAt = d.event.At
		d.changed = true
	}
}

// setBlocked notes whether LINE carries anything to the friend, as the newest
// event that tells has it: an older one that arrives late changes nothing, also
// when the newest one had nothing to change.
func (d *lineDecision) setBlocked(blocked bool) (changed bool) {
	if d.overtaken() {
		return false
	}
	d.friend.BlockedAt = d.event.At
	if d.friend.Blocked == blocked {
		return false
	}
	d.friend.Blocked = blocked
	d.changed = true
	return true
}

// overtaken reports whether a newer event has told whether the friend blocks
// the account.
func (d *lineDecision) overtaken() bool { return d.event.At < d.friend.BlockedAt }

func (d *lineDecision) keepReplyToken() error {
	if d.event.ReplyToken == "" || d.event.Standby {
		return nil
	}
	return d.tx.AddReplyToken(ReplyToken{
		ID: newID(), AccountID: d.office.ID, FriendID: d.friend.ID,
		Token: d.event.ReplyToken, ReceivedAt: d.stored.ReceivedAt,
	})
}

func (d *lineDecision) message() error {
	c := d.event.Content
	if c == nil {
		return d.happening(true)
	}
	if c.LINEID != "" {
		if buried, err := d.tx.Buried(d.office.ID, c.LINEID); err != nil {
			return err
		} else if buried {
			return d.takenBack(c.LINEID)
		}
	}
	// Whoever writes has not blocked the account, whatever arrived before.
	d.setBlocked(false)
	c.Edited = c.Edited || d.event.Type == "messageEdited"
	if c.MarkAsRead != "" && d.event.At >= d.friend.LastAt {
		d.friend.MarkAsRead = c.MarkAsRead
	}
	if d.friend.WaitingSince == 0 || d.event.At < d.friend.WaitingSince {
		d.friend.WaitingSince = d.event.At
		d.changed = true
	}
	if err := d.askSpeaker(); err != nil {
		return err
	}
	m, err := d.store(c)
	if err != nil {
		return err
	}
	if c.HasMedia() {
		if err := d.relay.addTask(d.tx, d.office.ID, CallLINEMedia, m.ID); err != nil {
			return err
		}
	}
	if err := d.applyRules(routing.Stimulus{Text: c.Text}); err != nil {
		return err
	}
	return d.show(m, true)
}

// takenBack keeps only that something was said: the friend took the message
// back before it arrived here.
func (d *lineDecision) takenBack(lineID string) error {
	if err := d.tx.RedactEvents(d.office.ID, lineID); err != nil {
		return err
	}
	m, err := d.store(&Content{Kind: ContentOther, LINEID: lineID})
	if err != nil {
		return err
	}
	m.Unsent = true
	if err := d.tx.SaveMessage(&m); err != nil {
		return err
	}
	return d.show(m, true)
}

func (d *lineDecision) follow() error {
	overtaken, changed := d.overtaken(), d.setBlocked(false)
	if err := d.applyRules(routing.Stimulus{Follow: true}); err != nil {
		return err
	}
	if err := d.relay.countFollow(d.tx, d.office, d.event.At); err != nil {
		return err
	}
	if overtaken || !changed && !d.event.Unblocked {
		return nil
	}
	return d.turned()
}

func (d *lineDecision) leave() error {
	if !d.setBlocked(true) {
		return nil // said already, or an older event that came late
	}
	d.friend.WaitingSince = 0
	return d.turned()
}

// turned shows that a friend blocked the account or came back. One who turns
// again at once, with nothing said in between, is shown in the line that is
// there: it tells how things stand, and nobody can fill a thread by turning.
func (d *lineDecision) turned() error {
	last, err := d.tx.LastMessages(d.friend.ID, 1)
	if err != nil {
		return err
	}
	if len(last) == 0 || !d.turnsAgain(last[0]) {
		return d.happening(false)
	}
	m := last[0]
	if m.Content, err = json.Marshal(d.eventContent()); err != nil {
		return fmt.Errorf("content of event %s: %w", d.stored.ID, err)
	}
	if err := d.tx.SaveMessage(&m); err != nil {
		return err
	}
	return d.relay.redrawMessage(d.tx, m)
}

// turnsAgain reports whether the last thing that happened was that the friend
// turned, less than flapFor before.
func (d *lineDecision) turnsAgain(last Message) bool {
	return last.isTurn() && d.event.At-last.At < flapFor.Milliseconds()
}

// isTurn reports whether a message is the line that tells whether the friend
// blocks the account, which is rewritten when they turn again.
func (m *Message) isTurn() bool {
	var c Content
	return m.Kind == ItemMessage && json.Unmarshal(m.Content, &c) == nil &&
		c.Kind == ContentEvent && (c.Type == "follow" || c.Type == "unfollow")
}

func (d *lineDecision) postback() error {
	if p := d.event.Postback; p != nil {
		if err := d.applyRules(routing.Stimulus{PostbackData: p.Data}); err != nil {
			return err
		}
	}
	return d.happening(true)
}

// happening shows an event that is no message. One that opens no thread is
// only shown where the friend has one.
func (d *lineDecision) happening(opensThread bool) error {
	if !opensThread {
		threads, err := d.tx.CurrentThreads(d.friend.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(threads, func(t Thread) bool { return t.Sight }) {
			return nil
		}
	}
	m, err := d.store(d.eventContent())
	if err != nil {
		return err
	}
	return d.show(m, opensThread)
}

func (d *lineDecision) eventContent() *Content {
	c := &Content{Kind: ContentEvent, Type: d.event.Type, Postback: d.event.Postback, Members: d.event.MemberIDs}
	if d.event.Unblocked {
		c.Flag = "unblocked"
	}
	return c
}

func (d *lineDecision) store(c *Content) (Message, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return Message{}, fmt.Errorf("content of event %s: %w", d.stored.ID, err)
	}
	m := Message{
		ID: newID(), AccountID: d.office.ID, FriendID: d.friend.ID, Kind: ItemMessage,
		At: d.event.At, ReceivedAt: d.stored.ReceivedAt, LINEID: c.LINEID, QuotedID: c.QuotedID, SpeakerID: d.event.SpeakerID,
		Content: raw, Late: d.event.At < d.friend.LastAt,
	}
	if c.HasMedia() {
		m.Media = MediaFetching
	}
	d.friend.LastAt = max(d.friend.LastAt, d.event.At)
	return m, d.tx.AddMessage(&m)
}

// applyRules puts the tags of every matching rule on the friend, except those
// that a person took off.
func (d *lineDecision) applyRules(s routing.Stimulus) error {
	matches := d.office.router.Route(s)
	if len(matches) == 0 {
		return nil
	}
	tags, err := d.tx.FriendTags(d.friend.ID)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, t := range tags {
		known[t.TagID] = true
	}
	changed := false
	for _, match := range matches {
		for _, tag := range match.Tags {
			if known[tag] {
				continue
			}
			known[tag], changed = true, true
			t := FriendTag{FriendID: d.friend.ID, TagID: tag, On: true, By: "rule", At: d.tx.Now()}
			if err := d.tx.SetFriendTag(t, d.office.ID); err != nil {
				return err
			}
			if err := d.relay.audit(d.tx, d.office, "rule", "tag_on", d.friend.ID, true, nil,
				"tag", d.office.tags[tag], "rule", match.Rule+1); err != nil {
				return err
			}
		}
	}
	if !changed {
		return nil
	}
	return d.relay.resight(d.tx, d.office, &d.friend)
}

// show queues a message in every place that shows the friend.
func (d *lineDecision) show(m Message, opensThread bool) error {
	tags, err := d.tx.FriendTags(d.friend.ID)
	if err != nil {
		return err
	}
	places, err := d.relay.audience(d.tx, d.office, &d.friend, onTags(tags))
	if err != nil {
		return err
	}
	for _, place := range places {
		t, err := d.relay.threadAt(d.tx, d.office, &d.friend, place, opensThread)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := d.relay.addPart(d.tx, t, Part{MessageID: m.ID}); err != nil {
			return err
		}
	}
	return nil
}

// mayView reports whether the reader of a place sees a friend at all, and
// whether they may read what was said.
func (o *office) mayView(place string, f *Friend, tags []string) (sees, views bool) {
	p, ok := o.reader(place)
	if !ok {
		return false, false
	}
	if place != OwnersPlace && !o.people.Sees(place, tags) {
		return false, false
	}
	return true, o.people.Decide(p, operators.Friend{ID: f.ID, Tags: tags}, operators.Action{Right: operators.View}).Allowed
}
