package bot

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"madoguchi/operators"
)

// maxReplyUnits is LINE's limit of a text, in UTF-16 units.
const maxReplyUnits = 5000

// hourglassOver is how long a hold must be to be shown.
const hourglassOver = 3 * time.Second

// openingFor is how long a reply waits for its thread to be known.
const openingFor = time.Minute

func (r *Relay) decideSlack(tx Tx, e StoredEvent) error {
	ev, err := r.DecodeSlack(e.Raw)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	switch {
	case ev.Reply != nil:
		return r.decideReply(tx, e, ev.TeamID, *ev.Reply)
	case ev.Direct != nil:
		return r.decideDirect(tx, ev.TeamID, *ev.Direct)
	case ev.Edit != nil:
		return r.decideEdit(tx, ev.TeamID, *ev.Edit)
	case ev.Delete != nil:
		return r.decideDelete(tx, ev.TeamID, *ev.Delete)
	case ev.Press != nil:
		return r.decidePress(tx, ev.TeamID, *ev.Press)
	case ev.Submit != nil:
		return r.decideSubmit(tx, e, ev.TeamID, *ev.Submit)
	case ev.Member != nil:
		return r.decideMember(tx, ev.TeamID, *ev.Member)
	case ev.Room != nil:
		return r.decideRoom(tx, ev.TeamID, *ev.Room)
	case ev.User != nil:
		return r.decideUser(tx, *ev.User)
	case ev.Limit != nil:
		return r.askSweep(tx, ev.Limit.MinuteStart*1000)
	default:
		return nil
	}
}

// written is the deciding of one message that a person wrote in Slack.
type written struct {
	relay   *Relay
	tx      Tx
	office  *office
	channel SlackChannel
	thread  Thread
	friend  Friend
	person  operators.Person
	event   SlackReply
	reply   Reply
}

func (r *Relay) decideReply(tx Tx, e StoredEvent, teamID string, ev SlackReply) error {
	channel, err := tx.SlackChannelBySlackID(teamID, ev.ChannelID)
	if errors.Is(err, ErrNotFound) {
		return nil // not a Slack channel of ours
	}
	if err != nil {
		return err
	}
	o, err := r.office(tx, channel.AccountID)
	if err != nil {
		return err
	}
	w := written{relay: r, tx: tx, office: o, channel: channel, event: ev}
	w.person = o.person(teamID, ev.UserTeam, ev.UserID)
	w.reply = Reply{
		ID: newID(), AccountID: o.ID, TeamID: teamID, ChannelID: ev.ChannelID, TS: ev.TS, UserID: ev.UserID,
		AuthorName: w.authorName(), Text: o.named(ev.Text), ArrivedAt: e.ReceivedAt, State: ReplyRefused,
	}
	if err := w.findThread(); err != nil {
		return err
	}
	return w.decide()
}

// nameless is a mention to which Slack gave no name; see SlackReply.
var nameless = regexp.MustCompile(`<(?:@|#|!subteam\^)[A-Z0-9]+>`)

// named puts the names of the account's people where Slack only gave ids.
func (o *office) named(text string) string {
	return nameless.ReplaceAllStringFunc(text, func(mention string) string {
		if p, ok := o.people.BySlackUser(strings.Trim(mention, "<@>")); ok && p.Name != "" {
			return "@" + p.Name
		}
		return mention
	})
}

func (w *written) authorName() string {
	if w.person.Name != "" {
		return w.person.Name
	}
	return w.office.words.Say("relay.owner")
}

// findThread finds the friend's thread and locks the friend. Without one the
// reply has no FriendID.
func (w *written) findThread() error {
	if w.event.ThreadTS == "" {
		return nil
	}
	t, err := w.tx.ThreadBySlack(w.reply.TeamID, w.event.ChannelID, w.event.ThreadTS)
	if errors.Is(err, ErrNotFound) {
		t, err = w.openingThread()
	}
	if err != nil {
		return ignoreNotFound(err)
	}
	if w.friend, err = w.tx.LockFriend(t.FriendID); err != nil {
		return err
	}
	w.thread = t
	w.reply.ThreadID, w.reply.FriendID = t.ID, w.friend.ID
	return nil
}

// openingThread puts a reply off while some thread's first post is uncertain:
// the person may have answered what stands in Slack and is not known here yet.
// When none is, it looks once more: the post may just have been recorded.
func (w *written) openingThread() (Thread, error) {
	opening, err := w.tx.ThreadOpening(w.channel.ID)
	if err != nil {
		return Thread{}, err
	}
	if opening && w.tx.Now()-w.reply.ArrivedAt < openingFor.Milliseconds() {
		return Thread{}, errTooEarly
	}
	return w.tx.ThreadBySlack(w.reply.TeamID, w.event.ChannelID, w.event.ThreadTS)
}

func (w *written) decide() error {
	if w.reply.FriendID == "" {
		return w.outsideThread()
	}
	if err := w.applyEarlierChange(); err != nil {
		return err
	}
	why, sets, err := w.refusal()
	if err != nil {
		return err
	}
	added, err := w.tx.AddReply(&w.reply)
	if err != nil || !added {
		return err
	}
	if err := w.noteActivity(why == ""); err != nil {
		return err
	}
	switch {
	case w.reply.State == ReplyCancelled:
		return w.tx.SaveReply(&w.reply)
	case why != "":
		return w.relay.refuse(w.tx, w.office, &w.friend, &w.reply, why, sets)
	case w.reply.isNote():
		return w.keepNoteWithFiles()
	}
	if err := w.relay.audit(w.tx, w.office, w.reply.UserID, "reply", w.friend.ID, true, sets, "reply", w.reply.ID); err != nil {
		return err
	}
	if w.stale() {
		return w.relay.ask(w.tx, w.office, &w.reply, "stale")
	}
	return w.hold()
}

// outsideThread answers what was written in a Slack channel of ours but in no
// friend's thread: nobody can know whom it is for.
func (w *written) outsideThread() error {
	if w.person == (operators.Person{}) && w.event.ThreadTS != "" {
		return nil // strangers talking under a post that is none of a friend's
	}
	why := "outside_thread"
	if err := w.relay.audit(w.tx, w.office, w.reply.UserID, "reply", "", false, nil, "reason", why); err != nil {
		return err
	}
	if err := w.relay.mark(w.tx, w.office, &w.reply, CallSlackReact, markFailed); err != nil {
		return err
	}
	under := w.event.ThreadTS
	if under == "" {
		under = w.event.TS
	}
	return w.relay.say(w.tx, w.office, w.channel, under, w.reply.UserID, ItemView{Text: w.office.words.Say("reply." + why), Danger: true})
}

// refusal says why this reply must not go, or "".
func (w *written) refusal() (why string, sets []string, err error) {
	tags, err := w.tx.FriendTags(w.friend.ID)
	if err != nil {
		return "", nil, err
	}
	if w.event.Shared || w.channel.unsafe() {
		return "channel_unsafe", nil, nil
	}
	if w.person == (operators.Person{}) {
		return "not_operator", nil, nil
	}
	if !w.person.Owner && w.person.Operator != w.channel.Place {
		return "other_channel", nil, nil
	}
	d := w.office.people.Decide(w.person, operators.Friend{ID: w.friend.ID, Tags: onTags(tags)}, operators.Action{Right: w.reply.right()})
	switch {
	case !d.Allowed:
		return string(d.Reason), d.Sets, nil
	case w.reply.isNote():
		return "", d.Sets, nil
	case d.Draft:
		return "draft", d.Sets, nil
	}
	return w.relay.unsendable(&w.friend, w.reply.Text, len(w.event.Files) > 0), d.Sets, nil
}

// unsendable says why LINE could not take this reply, or "".
func (r *Relay) unsendable(f *Friend, text string, files bool) string {
	switch {
	case files:
		return "files"
	case f.Blocked && f.Kind != KindUser:
		return "left_group"
	case f.Blocked:
		return "blocked"
	case f.Standby:
		return "standby"
	case strings.TrimSpace(text) == "":
		return "empty"
	case nameless.MatchString(text):
		// The friend would read an id of Slack; and whoever mentions somebody who
		// has nothing to do with the account hardly means it for the friend.
		return "mention"
	case r.TextUnits(text) > maxReplyUnits:
		return "too_long"
	default:
		return ""
	}
}

// applyEarlierChange applies an edit or deletion that overtook its reply.
func (w *written) applyEarlierChange() error {
	c, err := w.tx.TakeReplyChange(w.reply.TeamID, w.reply.ChannelID, w.reply.TS)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.Deleted {
		w.reply.State = ReplyCancelled
		return nil
	}
	w.reply.Text, w.reply.EditedTS = w.office.named(c.Text), c.EditedTS
	return nil
}

// noteActivity keeps what sweeping and mentioning need to know of a thread.
func (w *written) noteActivity(counts bool) error {
	t, err := w.tx.LockThread(w.thread.ID)
	if err != nil {
		return err
	}
	// A note from a modal has no ts, and would hide every later reply from a sweep.
	if _, ok := slackTime(w.event.TS); ok && w.event.TS > t.SweptTS {
		t.SweptTS = w.event.TS
	}
	if counts {
		t.LastReplyAt = max(t.LastReplyAt, w.tx.Now())
	}
	// Owners who stopped seeing the friend and write again see what they missed.
	missed := counts && t.Current && t.Place == OwnersPlace && !t.Sight
	t.Sight = t.Sight || missed
	if err := w.tx.SaveThread(&t); err != nil || !missed {
		return err
	}
	return w.relay.addContext(w.tx, &w.friend, t)
}

func (w *written) stale() bool {
	written, ok := slackTime(w.event.TS)
	return ok && w.tx.Now()-written > staleAfter.Milliseconds()
}

// hold gives the operator some seconds to think again. Replies whose holds
// overlap go together.
func (w *written) hold() error {
	rp := &w.reply
	rp.State, rp.HoldUntil = ReplyHeld, rp.ArrivedAt+w.office.Settings.Hold.Milliseconds()
	rp.Burst = rp.ID
	held, err := w.tx.HeldReplies(w.friend.ID)
	if err != nil {
		return err
	}
	bubbles, first := 0, int64(0)
	for _, h := range held {
		if h.ID == rp.ID || h.UserID != rp.UserID || h.ThreadID != rp.ThreadID {
			continue
		}
		if h.Burst != rp.Burst { // the newest burst is the last one in order
			rp.Burst, bubbles, first = h.Burst, 0, h.ArrivedAt
		}
		bubbles++
	}
	if bubbles >= maxBubbles || bubbles > 0 && rp.ArrivedAt > first+burstFor.Milliseconds() {
		rp.Burst = rp.ID
	}
	if w.office.Settings.Hold > hourglassOver {
		if err := w.relay.hourglass(w.tx, w.office, rp); err != nil {
			return err
		}
	}
	if err := w.tx.SaveReply(rp); err != nil {
		return err
	}
	w.tx.Poke(LaneSend, sendLane(w.friend.ID), rp.HoldUntil)
	return nil
}
