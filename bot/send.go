package bot

import (
	"context"
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

// Of tells whose connection is paused: "line" and the account, or "slack".
func (p Pause) Of() (platform, accountID string) {
	platform, accountID, _ = strings.Cut(p.Connection, ":")
	return platform, accountID
}

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
	written := map[string]int64{} // by author: when the last one written before is due
	for i := range held {
		h := &held[i]
		due := min(last[h.Burst], longest[h.Burst])
		// A free answer is worth a shorter burst, never a shorter hold than the
		// first one asked for.
		if tokenEnds > 0 && due > tokenEnds {
			due = max(tokenEnds, min(due, h.HoldUntil))
		}
		// Slack may bring what was written later first.
		due = max(due, written[h.UserID])
		written[h.UserID] = due
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
	if reason == "" && s.late(rp) {
		return false, s.relay.ask(s.tx, s.office, rp, "late")
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
