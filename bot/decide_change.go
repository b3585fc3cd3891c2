package bot

import "errors"

// decideEdit applies an edit while the reply is held; later it can only say
// that LINE has the old words.
func (r *Relay) decideEdit(tx Tx, teamID string, ev SlackEdit) error {
	rp, err := tx.ReplyBySlack(teamID, ev.ChannelID, ev.TS)
	if errors.Is(err, ErrNotFound) {
		return r.keepChange(tx, ReplyChange{TeamID: teamID, ChannelID: ev.ChannelID, TS: ev.TS, EditedTS: ev.EditedTS, Text: ev.Text})
	}
	if err != nil {
		return err
	}
	f, err := tx.LockFriend(rp.FriendID)
	if err != nil {
		return err
	}
	if rp, err = tx.Reply(rp.ID); err != nil || ev.EditedTS <= rp.EditedTS {
		return err
	}
	o, err := r.office(tx, rp.AccountID)
	if err != nil {
		return err
	}
	if err := r.recall(tx, &rp); err != nil {
		return err
	}
	rp.EditedTS = ev.EditedTS
	ev.Text = o.named(ev.Text)
	switch rp.State {
	case ReplyHeld, ReplyAsking, ReplyReleased:
		rp.Text = ev.Text
		if rp.isNote() {
			return r.becomeNote(tx, o, &f, &rp)
		}
		if why := r.unsendable(&f, ev.Text, false); why != "" {
			return r.refuse(tx, o, &f, &rp, why, nil)
		}
		return tx.SaveReply(&rp)
	case ReplyNote:
		if may, err := r.mayChangeNote(tx, o, &f, &rp); err != nil || !may {
			return err
		}
		return r.editNote(tx, &rp, ev.Text)
	case ReplyRefused, ReplyFailed, ReplyCancelled:
		if err := tx.SaveReply(&rp); err != nil {
			return err
		}
		return r.answer(tx, o, &rp, ItemView{Text: o.words.Say("reply.edit_of_unsent")})
	default:
		if err := tx.SaveReply(&rp); err != nil {
			return err
		}
		return r.answer(tx, o, &rp, ItemView{Text: o.words.Say("reply.edited_late")})
	}
}

// keepChange remembers a change of a reply that has not arrived.
func (r *Relay) keepChange(tx Tx, c ReplyChange) error {
	if _, err := tx.SlackChannelBySlackID(c.TeamID, c.ChannelID); errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	return tx.AddReplyChange(c)
}

func (r *Relay) decideDelete(tx Tx, teamID string, ev SlackDelete) error {
	if ev.Ours {
		p, err := tx.PostBySlack(ev.ChannelID, ev.TS)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		p.Withdrawn = true
		return tx.SavePost(&p)
	}
	rp, err := tx.ReplyBySlack(teamID, ev.ChannelID, ev.TS)
	if errors.Is(err, ErrNotFound) {
		return r.keepChange(tx, ReplyChange{TeamID: teamID, ChannelID: ev.ChannelID, TS: ev.TS, Deleted: true})
	}
	if err != nil {
		return err
	}
	f, err := tx.LockFriend(rp.FriendID)
	if err != nil {
		return err
	}
	if rp, err = tx.Reply(rp.ID); err != nil {
		return err
	}
	o, err := r.office(tx, rp.AccountID)
	if err != nil {
		return err
	}
	if err := r.recall(tx, &rp); err != nil {
		return err
	}
	switch rp.State {
	case ReplyHeld, ReplyAsking, ReplyReleased:
		rp.State, rp.EndedAt, rp.Hourglass = ReplyCancelled, tx.Now(), false
		if err := tx.SaveReply(&rp); err != nil {
			return err
		}
		return r.audit(tx, o, rp.UserID, "reply_cancelled", rp.FriendID, true, nil, "reply", rp.ID)
	case ReplyNote:
		if may, err := r.mayChangeNote(tx, o, &f, &rp); err != nil || !may {
			return err
		}
		m, err := tx.Message(rp.MessageID)
		if err != nil {
			return err
		}
		m.Text, m.Unsent = "", true
		if err := tx.SaveMessage(&m); err != nil {
			return err
		}
		return r.redrawMessage(tx, m)
	case ReplySending, ReplySentFree, ReplySentPaid, ReplyUnclear:
		return r.answer(tx, o, &rp, ItemView{Text: o.words.Say("reply.deleted_late")})
	default:
		return nil
	}
}

// recall takes a reply back into the lane whose call was certainly not carried
// out yet, so that an edit or deletion still counts. Its companions in the call
// go back with it.
func (r *Relay) recall(tx Tx, rp *Reply) error {
	if rp.State != ReplySending {
		return nil
	}
	c, err := tx.Call(rp.CallID)
	if err != nil || c.State != CallQueued || c.UnsureAt != 0 {
		return err
	}
	members, err := tx.RepliesOfCall(c.ID)
	if err != nil {
		return err
	}
	r.endCall(tx, &c, CallVoid)
	if err := tx.SaveCall(&c); err != nil {
		return err
	}
	for i := range members {
		members[i].State, members[i].CallID = ReplyReleased, ""
		if err := tx.SaveReply(&members[i]); err != nil {
			return err
		}
	}
	tx.Poke(LaneSend, c.Lane, 0)
	*rp, err = tx.Reply(rp.ID)
	return err
}
