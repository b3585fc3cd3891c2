package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"madoguchi/operators"
)

const (
	maxBubbles = 5
	// tokenFor is how long after its receipt a reply token is used. LINE says a
	// minute and promises nothing beyond.
	tokenFor = 50 * time.Second
	// askAfter is how late a reply goes out by itself.
	askAfter = 60 * time.Minute
	// pushFor is how long a push is repeated with its key; LINE knows the key
	// for 24 hours after the first attempt and would send again after that.
	pushFor   = 23 * time.Hour
	lineRetry = 30 * time.Second
	burstFor  = 15 * time.Second
	// sayAfter is how long a reply waits before more than a mark says so.
	sayAfter = 10 * time.Second
)

// serveSends releases a friend's replies whose hold has ended and carries them
// to LINE, in order, one call at a time.
func (r *Relay) serveSends(ctx context.Context, lane Lane) (int64, error) {
	friendID := strings.TrimPrefix(lane.ID, "send:")
	for until := r.Now().Add(serveFor); r.Now().Before(until); {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		var call *Call
		var due int64
		err := r.Store.InTx(ctx, func(tx Tx) error {
			call, due = nil, 0
			tx.Fence(lane)
			f, err := tx.LockFriend(friendID)
			if err != nil {
				return err
			}
			s := sending{relay: r, tx: tx, friend: f}
			if s.office, err = r.office(tx, f.AccountID); err != nil {
				return err
			}
			call, due, err = s.next(lane)
			return err
		})
		if err != nil {
			return 0, err
		}
		if call == nil {
			return due, nil
		}
		if err := r.attemptSend(ctx, lane, *call); err != nil {
			return 0, err
		}
	}
	return r.Now().UnixMilli(), nil
}

// sending is one look at a friend's lane, in a transaction.
type sending struct {
	relay  *Relay
	tx     Tx
	office *office
	friend Friend
}

// next returns the call to attempt now, marked as being called; or when there
// is something to do next.
func (s *sending) next(lane Lane) (*Call, int64, error) {
	holdEnds, err := s.release()
	if err != nil {
		return nil, 0, err
	}
	open, err := s.tx.DueCalls(lane.ID, 1)
	if err != nil {
		return nil, 0, err
	}
	if len(open) > 0 {
		return s.resume(open[0])
	}
	if at, err := s.tx.NextCallAt(lane.ID); err != nil {
		return nil, 0, err
	} else if at > 0 {
		return nil, earlier(at, holdEnds), s.sayQueued("")
	}
	if until, err := pausedUntilOf(s.tx, linePause(s.office.ID)); err != nil {
		return nil, 0, err
	} else if until > s.tx.Now() {
		return nil, earlier(until, holdEnds), s.sayQueued("line_paused")
	}
	call, err := s.make(lane)
	if err != nil || call != nil {
		return call, holdEnds, err
	}
	// The head asked or was refused: what is behind it has its turn.
	left, err := s.tx.ReleasedReplies(s.friend.ID)
	if err == nil && len(left) > 0 {
		holdEnds = s.tx.Now()
	}
	return nil, holdEnds, err
}

// sayQueued marks the replies that wait behind something else, and says why
// where the wait may be long.
func (s *sending) sayQueued(why string) error {
	released, err := s.tx.ReleasedReplies(s.friend.ID)
	if err != nil {
		return err
	}
	if why != "" {
		return s.sayWaiting(released, why)
	}
	return s.markWaiting(released)
}

func linePause(accountID string) string { return "line:" + accountID }

func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// release gives the replies whose hold has ended their place in the lane, and
// returns when the next hold ends.
func (s *sending) release() (next int64, err error) {
	held, err := s.tx.HeldReplies(s.friend.ID)
	if err != nil {
		return 0, err
	}
	last := map[string]int64{}    // by burst: when its last hold ends
	longest := map[string]int64{} // by burst: how long it may be kept together
	for _, h := range held {      // the first of a burst comes first
		last[h.Burst] = max(last[h.Burst], h.HoldUntil)
		if longest[h.Burst] == 0 {
			longest[h.Burst] = max(h.HoldUntil, h.ArrivedAt+burstFor.Milliseconds())
		}
	}
	tokenEnds, err := s.tokenEnds()
	if err != nil {
		return 0, err
	}
	for i := range held {
		h := &held[i]
		due := min(last[h.Burst], longest[h.Burst])
		// A free answer is worth a shorter burst, never a shorter hold than the
		// first one asked for.
		if tokenEnds > 0 && due > tokenEnds {
			due = max(tokenEnds, min(due, h.HoldUntil))
		}
		if due > s.tx.Now() {
			next = earlier(next, due)
			continue
		}
		// The hour after which a reply asks counts from its hold, also when
		// nothing ran meanwhile.
		if err := s.releaseOne(h, "", min(s.tx.Now(), due)); err != nil {
			return 0, err
		}
	}
	return next, nil
}

func (s *sending) releaseOne(h *Reply, by string, at int64) error {
	seq, err := s.tx.NextReplySeq(s.friend.ID)
	if err != nil {
		return err
	}
	h.State, h.Seq, h.ReleasedAt, h.ReleasedBy = ReplyReleased, seq, at, by
	return s.tx.SaveReply(h)
}

// tokenEnds is when the last free token stops being used; 0 without one.
func (s *sending) tokenEnds() (int64, error) {
	tokens, err := s.freshTokens()
	if err != nil || len(tokens) == 0 {
		return 0, err
	}
	return tokens[len(tokens)-1].ReceivedAt + (tokenFor - 2*time.Second).Milliseconds(), nil
}

func (s *sending) freshTokens() ([]ReplyToken, error) {
	return s.tx.ReplyTokens(s.friend.ID, s.tx.Now()-tokenFor.Milliseconds())
}

// make builds the next call out of the released replies at the head of the
// lane: what one operator wrote in one go, five bubbles at most. Rights are
// read now, not when the reply was written.
func (s *sending) make(lane Lane) (*Call, error) {
	released, err := s.tx.ReleasedReplies(s.friend.ID)
	if err != nil {
		return nil, err
	}
	var members []Reply
	for i := range released {
		rp := released[i]
		if len(members) > 0 && (rp.Burst != members[0].Burst || rp.Burst == "" || len(members) == maxBubbles) {
			break
		}
		goes, err := s.check(&rp)
		if err != nil {
			return nil, err
		}
		if goes {
			members = append(members, rp)
		}
	}
	if len(members) == 0 {
		return nil, nil
	}
	return s.freeze(lane, members)
}

// check decides whether a released reply may go out now; if not, it has been
// ended or set to ask.
func (s *sending) check(rp *Reply) (bool, error) {
	if s.late([]Reply{*rp}) {
		return false, s.relay.ask(s.tx, s.office, rp, "late")
	}
	tags, err := s.tx.FriendTags(s.friend.ID)
	if err != nil {
		return false, err
	}
	channel, found, err := s.relay.channelOf(s.tx, rp)
	if err != nil {
		return false, err
	}
	// Whoever pressed a button answers for what goes out.
	userID := rp.UserID
	if rp.ReleasedBy != "" {
		userID = rp.ReleasedBy
	}
	person := s.office.person(rp.TeamID, "", userID)
	d := s.office.people.Decide(person, operators.Friend{ID: s.friend.ID, Tags: onTags(tags)}, operators.Action{Right: operators.Send})
	reason := ""
	switch {
	case !d.Allowed:
		reason = string(d.Reason)
	case d.Draft:
		reason = "draft"
	case !found:
		reason = "channel_gone"
	case channel.unsafe():
		reason = "channel_unsafe"
	case s.friend.Blocked:
		reason = "blocked"
	case s.friend.Standby:
		reason = "standby"
	}
	if reason == "" {
		return true, nil
	}
	return false, s.relay.refuse(s.tx, s.office, &s.friend, rp, reason, d.Sets)
}

// freeze makes the call: by the free token that expires first, else as a push.
func (s *sending) freeze(lane Lane, members []Reply) (*Call, error) {
	tokens, err := s.freshTokens()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(members))
	for i, m := range members {
		texts[i] = m.Text
	}
	now := s.tx.Now()
	c := &Call{
		ID: newID(), AccountID: s.office.ID, Lane: lane.ID, Kind: CallLINESend, Ref: s.friend.ID,
		State: CallCalling, Attempts: 1, FirstAt: now, NextAt: now, CreatedAt: now,
	}
	switch {
	case len(tokens) > 0:
		c.Token = tokens[0].ID
		c.Body = s.relay.Composer.RenderReply(tokens[0].Token, texts)
		if err := s.tx.SpendReplyToken(c.Token); err != nil {
			return nil, err
		}
	case s.friend.Kind != KindUser && !mayPush(members):
		for i := range members {
			if err := s.relay.ask(s.tx, s.office, &members[i], "group"); err != nil {
				return nil, err
			}
		}
		return nil, nil
	default:
		c.RetryKey = uuid.NewString()
		c.Body = s.relay.Composer.RenderPush(s.friend.LINEID, texts)
	}
	if _, err := s.tx.AddCall(c); err != nil {
		return nil, err
	}
	for i := range members {
		members[i].State, members[i].CallID = ReplySending, c.ID
		if err := s.tx.SaveReply(&members[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func mayPush(members []Reply) bool {
	return !slices.ContainsFunc(members, func(m Reply) bool { return !m.MayPush })
}

// resume marks an unfinished call as being called again, unless it has to end.
func (s *sending) resume(c Call) (*Call, int64, error) {
	now := s.tx.Now()
	if c.State == CallCalling { // its process died in the middle
		c.State, c.UnsureAt = CallUncertain, max(c.UnsureAt, c.FirstAt)
	}
	if until, err := pausedUntilOf(s.tx, linePause(s.office.ID)); err != nil || until > now {
		return nil, until, err
	}
	members, err := s.tx.RepliesOfCall(c.ID)
	if err != nil {
		return nil, 0, err
	}
	push := c.Token == ""
	switch {
	case c.State == CallUncertain && !push && (c.Repeat || now-c.FirstAt > tokenFor.Milliseconds()):
		return nil, now, s.end(&c, members, ReplyUnclear, "reply_unknown")
	case c.State == CallUncertain && push && now-c.FirstAt > pushFor.Milliseconds():
		return nil, now, s.end(&c, members, ReplyUnclear, "push_unknown")
	case c.State == CallQueued && c.UnsureAt == 0 && s.late(members):
		return nil, now, s.unmake(&c, members, "late")
	case c.State == CallQueued && c.UnsureAt == 0:
		// Certainly not carried out yet: rights count as they are now.
		if ok, err := s.stillAllowed(&c, members); err != nil || !ok {
			return nil, now, err
		}
	}
	if c.State == CallUncertain && !push {
		c.Repeat = true
	}
	c.State = CallCalling
	c.Attempts++
	return &c, 0, s.tx.SaveCall(&c)
}

// stillAllowed takes a call apart whose members may not all go any more.
func (s *sending) stillAllowed(c *Call, members []Reply) (bool, error) {
	all := true
	for i := range members {
		m := members[i]
		goes, err := s.check(&m)
		if err != nil {
			return false, err
		}
		members[i] = m
		all = all && goes
	}
	if all {
		return true, nil
	}
	endCall(s.tx, c, CallVoid)
	if err := s.tx.SaveCall(c); err != nil {
		return false, err
	}
	for i := range members {
		if members[i].State == ReplySending {
			members[i].State, members[i].CallID = ReplyReleased, ""
			if err := s.tx.SaveReply(&members[i]); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// late reports whether one of some replies has waited for so long that it asks
// before it goes, whether or not a call was made of it meanwhile.
func (s *sending) late(replies []Reply) bool {
	return slices.ContainsFunc(replies, func(rp Reply) bool { return s.tx.Now()-rp.ReleasedAt > askAfter.Milliseconds() })
}

// unmake takes a call apart that was certainly not carried out; its replies ask.
func (s *sending) unmake(c *Call, members []Reply, why string) error {
	endCall(s.tx, c, CallVoid)
	if err := s.tx.SaveCall(c); err != nil {
		return err
	}
	for i := range members {
		if err := s.relay.ask(s.tx, s.office, &members[i], why); err != nil {
			return err
		}
	}
	return nil
}

// attemptSend makes the one request of a call to LINE and records what came of it.
func (r *Relay) attemptSend(ctx context.Context, lane Lane, c Call) error {
	var a Account
	err := r.Store.View(ctx, func(tx Tx) error {
		o, err := r.office(tx, c.AccountID)
		if err == nil {
			a = o.Account
		}
		return err
	})
	if err != nil {
		return err
	}
	line := r.lineOf(a)
	// Carried through even when the process is stopping: see outlive.
	ctx, cancel := outlive(ctx)
	defer cancel()
	started := r.Now()
	var accepted Accepted
	if c.Token != "" {
		accepted, err = line.Reply(ctx, c.Body)
	} else {
		accepted, err = line.Push(ctx, c.Body, c.RetryKey)
	}
	f := failureOf(err)
	r.noteAttempt(ctx, c, started, f)
	return r.Store.InTx(ctx, func(tx Tx) error {
		tx.Fence(lane)
		fr, err := tx.LockFriend(c.Ref)
		if err != nil {
			return err
		}
		s := sending{relay: r, tx: tx, friend: fr}
		if s.office, err = r.office(tx, c.AccountID); err != nil {
			return err
		}
		members, err := tx.RepliesOfCall(c.ID)
		if err != nil {
			return err
		}
		again := c // InTx may run this again
		if f == nil {
			return s.sent(&again, members, accepted)
		}
		return s.failed(&again, members, f)
	})
}

// failed decides how a call goes on after a failed attempt.
func (s *sending) failed(c *Call, members []Reply, f *Failure) error {
	now := s.tx.Now()
	c.Code = f.Code
	switch f.Kind {
	case Uncertain:
		c.State, c.UnsureAt = CallUncertain, now
		c.NextAt = now + backoff(c.Attempts).Milliseconds()
		if c.Token != "" {
			c.NextAt = now + time.Second.Milliseconds()
		}
		if err := s.tx.SaveCall(c); err != nil {
			return err
		}
		if now-c.FirstAt > sayAfter.Milliseconds() {
			return s.sayWaiting(members, "line_silent")
		}
		return s.markWaiting(members)
	case RateLimited:
		wait := max(f.RetryAfter, time.Second).Milliseconds()
		c.Attempts--
		if now+wait-c.FirstAt > sayAfter.Milliseconds() {
			if err := s.sayWaiting(members, "rate_limited"); err != nil {
				return err
			}
		}
		return s.later(c, members, now+wait)
	case Transient:
		if now-c.FirstAt > sayAfter.Milliseconds() {
			if err := s.sayWaiting(members, "line_unreachable"); err != nil {
				return err
			}
		}
		return s.later(c, members, now+backoff(c.Attempts).Milliseconds())
	case Misconfigured:
		if f.Code == "quota" {
			if c.UnsureAt != 0 { // an earlier attempt may have been among the last that counted
				return s.refusedByLINE(c, members, f)
			}
			return s.end(c, members, ReplyFailed, "quota")
		}
		if err := s.pause(f); err != nil {
			return err
		}
		if err := s.sayWaiting(members, "line_paused"); err != nil {
			return err
		}
		return s.later(c, members, now+lineRetry.Milliseconds())
	default:
		return s.refusedByLINE(c, members, f)
	}
}

// later has a call attempted again. A free token that would be too old by then
// is given up for the next one or a push: the refusal was definite.
func (s *sending) later(c *Call, members []Reply, at int64) error {
	if c.UnsureAt != 0 { // an earlier attempt may have been carried out: stay with this call
		c.State, c.NextAt = CallUncertain, at
		return s.tx.SaveCall(c)
	}
	if c.Token != "" {
		token, err := s.tx.ReplyToken(c.Token)
		if err != nil {
			return err
		}
		if at-token.ReceivedAt > tokenFor.Milliseconds() {
			return s.remake(c, members)
		}
	}
	c.State, c.NextAt = CallQueued, at
	if err := s.tx.SaveCall(c); err != nil {
		return err
	}
	return s.markWaiting(members)
}

// markWaiting shows on replies that they have not gone yet.
func (s *sending) markWaiting(members []Reply) error {
	for i := range members {
		if members[i].Hourglass {
			continue
		}
		if err := s.relay.hourglass(s.tx, s.office, &members[i]); err != nil {
			return err
		}
		if err := s.tx.SaveReply(&members[i]); err != nil {
			return err
		}
	}
	return nil
}

// remake gives the members of a definitely refused call back to the lane, to
// go by the next token or as a push.
func (s *sending) remake(c *Call, members []Reply) error {
	endCall(s.tx, c, CallVoid)
	if err := s.tx.SaveCall(c); err != nil {
		return err
	}
	for i := range members {
		members[i].State, members[i].CallID = ReplyReleased, ""
		if err := s.tx.SaveReply(&members[i]); err != nil {
			return err
		}
	}
	s.tx.Poke(LaneSend, c.Lane, 0)
	return nil
}

// refusedByLINE handles a 400 and its like: nothing was accepted.
func (s *sending) refusedByLINE(c *Call, members []Reply, f *Failure) error {
	if c.UnsureAt != 0 {
		if c.Token != "" {
			// Refused now, but an earlier attempt may have used the token up.
			return s.end(c, members, ReplyUnclear, "reply_unknown")
		}
		return s.end(c, members, ReplyUnclear, "push_unknown")
	}
	if c.Token != "" && f.Code == "invalid_reply_token" {
		return s.remake(c, members)
	}
	if len(members) > 1 { // one bad bubble must not take the others with it
		for i := range members {
			members[i].Burst = ""
		}
		return s.remake(c, members)
	}
	return s.end(c, members, ReplyFailed, f.Code)
}

func (s *sending) pause(f *Failure) error {
	now := s.tx.Now()
	isNew, err := s.tx.SetPause(Pause{
		Connection: linePause(s.office.ID), Code: f.Code, Since: now, RetryAt: now + lineRetry.Milliseconds(),
	})
	if err != nil || !isNew {
		return err
	}
	s.relay.Log.Error("LINE refuses this account's token; sends wait", "account", s.office.Slug, "code", f.Code, "request", f.RequestID)
	return s.relay.tellOwners(s.tx, s.office, s.office.words.Say("relay.line_paused", f.Code))
}

// sayWaiting tells once, in the thread, why a reply has not gone yet.
func (s *sending) sayWaiting(members []Reply, why string) error {
	for i := range members {
		if members[i].Reason == why {
			continue
		}
		members[i].Reason = why
		if err := s.relay.hourglass(s.tx, s.office, &members[i]); err != nil {
			return err
		}
		if err := s.tx.SaveReply(&members[i]); err != nil {
			return err
		}
		if err := s.relay.answer(s.tx, s.office, &members[i], ItemView{Text: s.office.words.Say("reply." + why), Danger: true}); err != nil {
			return err
		}
	}
	return nil
}

// sent records that LINE accepted the call.
func (s *sending) sent(c *Call, members []Reply, accepted Accepted) error {
	c.Result = accepted.RequestID
	endCall(s.tx, c, CallDone)
	if err := s.tx.SaveCall(c); err != nil {
		return err
	}
	if _, err := s.tx.ClearPause(linePause(s.office.ID)); err != nil {
		return err
	}
	state := ReplySentPaid
	if c.Token != "" {
		state = ReplySentFree
	}
	for i := range members {
		lineID := ""
		if i < len(accepted.MessageIDs) {
			lineID = accepted.MessageIDs[i]
		}
		if err := s.delivered(&members[i], state, lineID); err != nil {
			return err
		}
	}
	s.tx.Poke(LaneSend, c.Lane, 0)
	return s.answered(members[len(members)-1].AuthorName, c.FirstAt)
}

// delivered marks one reply as sent and shows it to the colleagues.
func (s *sending) delivered(rp *Reply, state ReplyState, lineID string) error {
	m := Message{
		ID: newID(), AccountID: s.office.ID, FriendID: s.friend.ID, Kind: ItemMirror, At: s.tx.Now(), ReceivedAt: s.tx.Now(),
		LINEID: lineID, Text: rp.Text, AuthorID: rp.UserID, AuthorName: rp.AuthorName, Content: []byte("{}"),
	}
	if err := s.tx.AddMessage(&m); err != nil {
		return err
	}
	rp.MessageID = m.ID
	if err := s.relay.mirror(s.tx, s.office, &s.friend, m, rp.ThreadID); err != nil {
		return err
	}
	return s.relay.receipt(s.tx, s.office, rp, state, "")
}

// answered notes who answered. A friend who wrote after the answer was on its
// way (from at on) goes on waiting.
func (s *sending) answered(by string, at int64) error {
	s.friend.AnsweredBy = by
	if s.friend.LastAt > at && s.friend.WaitingSince > 0 {
		s.friend.WaitingSince = s.friend.LastAt
		if err := s.tx.SaveFriend(&s.friend); err != nil {
			return err
		}
		return s.relay.refreshCards(s.tx, &s.friend)
	}
	return s.relay.settled(s.tx, &s.friend)
}

// end gives a call up with a state for its replies.
func (s *sending) end(c *Call, members []Reply, state ReplyState, why string) error {
	endCall(s.tx, c, CallFailed)
	if err := s.tx.SaveCall(c); err != nil {
		return err
	}
	for i := range members {
		if err := s.relay.receipt(s.tx, s.office, &members[i], state, why); err != nil {
			return err
		}
	}
	s.tx.Poke(LaneSend, c.Lane, 0)
	if why == "quota" {
		return s.relay.tellOwners(s.tx, s.office, s.office.words.Say("relay.quota"))
	}
	return nil
}

// settled notes that a friend does not wait: the account answered, or somebody
// pressed 対応済み. The friend's messages are marked as read.
func (r *Relay) settled(tx Tx, f *Friend) error {
	f.WaitingSince = 0
	token := f.MarkAsRead
	f.MarkAsRead = ""
	if err := tx.SaveFriend(f); err != nil {
		return err
	}
	if token != "" {
		if _, err := tx.AddCall(&Call{
			ID: newID(), AccountID: f.AccountID, Lane: "task:" + string(CallLINERead) + ":" + f.ID, Kind: CallLINERead,
			Ref: token, State: CallQueued, CreatedAt: tx.Now(),
		}); err != nil {
			return err
		}
	}
	return r.refreshCards(tx, f)
}

// mirror shows what a colleague wrote to the others who may view the friend.
func (r *Relay) mirror(tx Tx, o *office, f *Friend, m Message, writtenIn string) error {
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return err
	}
	for _, place := range o.places(onTags(tags)) {
		if _, views := o.mayView(place, f, onTags(tags)); !views {
			continue
		}
		t, err := r.threadAt(tx, o, f, place, false)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if t.ID == writtenIn {
			continue
		}
		if err := r.addPart(tx, t, Part{MessageID: m.ID}); err != nil {
			return fmt.Errorf("mirror of message %s: %w", m.ID, err)
		}
	}
	return nil
}
