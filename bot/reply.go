package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/operators"
)

// The reactions that tell how far a reply is.
const (
	markHeld    = "hourglass_flowing_sand"
	markSent    = "white_check_mark"
	markPaid    = "yen"
	markFailed  = "x"
	markUnclear = "question"
	markNote    = "memo"
)

// say posts the bot's own words into a thread of a Slack channel of ours.
// mention pushes a person; "" pushes nobody.
func (r *Relay) say(tx Tx, o *office, c SlackChannel, threadTS, mention string, item ItemView) error {
	item.Kind = ItemNotice
	if item.At == 0 {
		item.At = tx.Now()
	}
	id := newID()
	body := r.Renderer.RenderPost(c.ChannelID, PostView{
		Locale: o.Settings.Locale, Zone: o.zone, Now: tx.Now(), CallID: id, ThreadTS: threadTS, Mention: mention, Items: []ItemView{item},
	})
	_, err := tx.AddCall(&Call{
		ID: id, AccountID: o.ID, Lane: postLane(c.ID), Kind: CallSlackPost, Ref: mention, Token: c.ChannelID, Body: body,
		State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// channelOf is the Slack channel a reply stands in; ok is false when that one
// was replaced or is gone, so that nothing can be said or marked there.
func (r *Relay) channelOf(tx Tx, rp *Reply) (c SlackChannel, ok bool, err error) {
	c, err = tx.SlackChannelBySlackID(rp.TeamID, rp.ChannelID)
	if errors.Is(err, ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

// answer tells the author of a reply something about it, in its thread; where
// that is gone, or its operator was removed, the owners hear it.
func (r *Relay) answer(tx Tx, o *office, rp *Reply, item ItemView) error {
	c, ok, err := r.channelOf(tx, rp)
	if err != nil {
		return err
	}
	if !ok {
		return r.tellOwners(tx, o, o.words.Say("relay.reply_lost_place", rp.AuthorName, item.Text))
	}
	if _, served := o.reader(c.Place); !served {
		return r.answerOwners(tx, o, c, rp, item)
	}
	threadTS := rp.TS
	if rp.ThreadID != "" {
		t, err := tx.Thread(rp.ThreadID)
		if err != nil {
			return err
		}
		threadTS = t.TS
	}
	return r.say(tx, o, c, threadTS, rp.UserID, item)
}

// answerOwners tells the owners what would have been said in the Slack channel
// of an operator who was removed: nothing is posted there any more, while an
// owner who stayed in it may still write.
func (r *Relay) answerOwners(tx Tx, o *office, c SlackChannel, rp *Reply, item ItemView) error {
	f, err := tx.Friend(rp.FriendID)
	if err != nil {
		return err
	}
	item.Text = o.words.Say("relay.reply_in_closed", c.Name, rp.AuthorName, friendName(o, &f), item.Text)
	item.Danger = true
	return r.noteOwners(tx, o, item)
}

// mark puts a reaction on a reply, or takes it away. A note from a modal has no
// message of its own to mark.
func (r *Relay) mark(tx Tx, o *office, rp *Reply, kind CallKind, emoji string) error {
	if strings.HasPrefix(rp.TS, "view:") {
		return nil
	}
	c, ok, err := r.channelOf(tx, rp)
	if err != nil || !ok {
		return err
	}
	_, err = tx.AddCall(&Call{
		ID: newID(), AccountID: o.ID, Lane: postLane(c.ID), Kind: kind, Ref: reactionRef(rp.ChannelID, rp.TS, emoji),
		State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// hourglass marks a reply as held or queued, once.
func (r *Relay) hourglass(tx Tx, o *office, rp *Reply) error {
	if rp.Hourglass {
		return nil
	}
	rp.Hourglass = true
	return r.mark(tx, o, rp, CallSlackReact, markHeld)
}

func (r *Relay) unmark(tx Tx, o *office, rp *Reply) error {
	if !rp.Hourglass {
		return nil
	}
	rp.Hourglass = false
	return r.mark(tx, o, rp, CallSlackClear, markHeld)
}

// receipt ends a reply in a state and shows it: a mark, and words with buttons
// where somebody has to do something.
func (r *Relay) receipt(tx Tx, o *office, rp *Reply, state ReplyState, why string) error {
	if err := r.endReply(tx, o, rp, state, why); err != nil || why == "" {
		return err
	}
	item := ItemView{Text: r.reasonWords(o, rp, why), Danger: true}
	switch state {
	case ReplyFailed:
		item.Buttons = []Action{rp.action(ActResend)}
	case ReplyUnclear:
		item.Buttons = []Action{rp.action(ActDelivered), rp.action(ActResend)}
	}
	return r.answer(tx, o, rp, item)
}

// endReply ends a reply in a state and marks it.
func (r *Relay) endReply(tx Tx, o *office, rp *Reply, state ReplyState, why string) error {
	if err := r.unmark(tx, o, rp); err != nil {
		return err
	}
	rp.State, rp.Reason, rp.EndedAt = state, why, tx.Now()
	tx.AfterCommit(func() { r.Meter.Answered(state) })
	var marks []string
	switch state {
	case ReplySentFree:
		marks = []string{markSent}
	case ReplySentPaid:
		marks = []string{markSent, markPaid}
	case ReplyNote:
		marks = []string{markNote}
	case ReplyRefused, ReplyFailed:
		marks = []string{markFailed}
	case ReplyUnclear:
		marks = []string{markUnclear}
	}
	for _, m := range marks {
		if err := r.mark(tx, o, rp, CallSlackReact, m); err != nil {
			return err
		}
	}
	return tx.SaveReply(rp)
}

// reasonWords says why a reply did not go, and how to go on.
func (r *Relay) reasonWords(o *office, rp *Reply, why string) string {
	_, known := o.words["reply."+why]
	switch {
	case why == "too_long":
		return o.words.Say("reply.too_long", r.TextUnits(rp.Text))
	case why == string(operators.NoRight) && rp.isNote():
		return o.refusal(operators.NoRight, rp.right())
	case known:
		return o.because("reply."+why, rp.right())
	default:
		return o.words.Say("reply.refused_by_line", why)
	}
}

// right is what its author needs for a reply. A note goes to colleagues only,
// so whoever may read may write one.
func (rp *Reply) right() operators.Right {
	if rp.isNote() {
		return operators.View
	}
	return operators.Send
}

func (rp *Reply) action(name ActionName) Action {
	return Action{Name: name, AccountID: rp.AccountID, FriendID: rp.FriendID, ReplyID: rp.ID}
}

// refuse ends a reply that may not go, says why and audits it. The owners hear
// of one whose author will not read that it was refused: their Slack account was
// ended, or they served friends in a Slack channel whose operator was removed.
func (r *Relay) refuse(tx Tx, o *office, f *Friend, rp *Reply, why string, sets []string) error {
	if err := r.audit(tx, o, rp.UserID, "reply", f.ID, false, sets, "reply", rp.ID, "reason", why); err != nil {
		return err
	}
	c, ok, err := r.channelOf(tx, rp)
	if err != nil {
		return err
	}
	_, served := o.reader(c.Place)
	left := o.person(rp.TeamID, "", rp.UserID) == (operators.Person{})
	if !ok || !left || served && !slices.Contains(o.inactive, rp.UserID) {
		return r.receipt(tx, o, rp, ReplyRefused, why)
	}
	if err := r.tellOwners(tx, o, o.words.Say("relay.reply_of_gone", c.Name, friendName(o, f))); err != nil {
		return err
	}
	if !served {
		return r.endReply(tx, o, rp, ReplyRefused, why)
	}
	return r.receipt(tx, o, rp, ReplyRefused, why)
}

// ask holds a reply until somebody decides whether it still goes.
func (r *Relay) ask(tx Tx, o *office, rp *Reply, why string) error {
	rp.State, rp.Reason, rp.CallID = ReplyAsking, why, ""
	if err := r.hourglass(tx, o, rp); err != nil {
		return err
	}
	if err := tx.SaveReply(rp); err != nil {
		return err
	}
	if why == "group" { // asks with the number of members, which LINE has to tell first
		return r.addTask(tx, o.ID, CallLINEMembers, rp.ID)
	}
	return r.answer(tx, o, rp, ItemView{
		Text: o.words.Say("ask." + why), Buttons: []Action{rp.action(ActSend), rp.action(ActDiscard)},
	})
}

func (r *Relay) audit(tx Tx, o *office, actor, action, friendID string, allowed bool, sets []string, kv ...any) error {
	return tx.Audit(AuditEntry{
		ID: newID(), AccountID: o.ID, At: tx.Now(), Actor: actor, Action: action, FriendID: friendID, Detail: detail(kv...),
		Allowed: allowed, Sets: strings.Join(sets, ","),
	})
}

// detail is the JSON of names and values, for the audit trail.
func detail(kv ...any) string {
	m := make(map[string]any, len(kv)/2)
	for pair := range slices.Chunk(kv, 2) {
		m[fmt.Sprint(pair[0])] = pair[1]
	}
	raw, err := json.Marshal(m)
	if err != nil { // only strings and numbers come here
		panic(err)
	}
	return string(raw)
}

// slackTime is the time of a Slack ts in Unix milliseconds; ok is false for
// what is none.
func slackTime(ts string) (ms int64, ok bool) {
	seconds, fraction, _ := strings.Cut(ts, ".")
	var s, micros int64
	if _, err := fmt.Sscanf(seconds, "%d", &s); err != nil || s <= 0 {
		return 0, false
	}
	if fraction != "" {
		if _, err := fmt.Sscanf((fraction + "000000")[:6], "%d", &micros); err != nil {
			return 0, false
		}
	}
	return s*1000 + micros/1000, true
}

// slackTS is a time in the form of a Slack ts.
func slackTS(ms int64) string { return fmt.Sprintf("%d.%06d", ms/1000, ms%1000*1000) }

// staleAfter is how old a reply may be when it arrives and still go by itself.
const staleAfter = 2 * time.Minute
