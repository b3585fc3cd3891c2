package bot

import (
	"context"
	"time"
)

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
	case c.State == CallQueued && c.UnsureAt == 0:
		// Certainly not carried out yet: rights count as they are now, and time.
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
	s.relay.endCall(s.tx, c, CallVoid)
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

// late reports whether a reply has waited for so long that it asks before it
// goes, whether or not a call was made of it meanwhile.
func (s *sending) late(rp *Reply) bool { return s.tx.Now()-rp.ReleasedAt > askAfter.Milliseconds() }

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
		s.relay.noteWait(s.tx, c.Kind, max(f.RetryAfter, time.Second))
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
	s.relay.endCall(s.tx, c, CallVoid)
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
	if c.UnsureAt != 0 { // refused now, but an earlier attempt may have been carried out
		return s.end(c, members, ReplyUnclear, "reply_unknown")
	}
	if c.Token != "" && f.Code == "invalid_reply_token" {
		return s.remake(c, members)
	}
	// One bad bubble must not take the others with it. A chat that nobody may
	// write to is none of theirs.
	if len(members) > 1 && f.Code != "chat_held" {
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
