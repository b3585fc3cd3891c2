package bot

import (
	"errors"
	"fmt"
)

// sent records that LINE accepted the call.
func (s *sending) sent(c *Call, members []Reply, accepted Accepted) error {
	c.Result = accepted.RequestID
	s.relay.endCall(s.tx, c, CallDone)
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
	s.relay.endCall(s.tx, c, CallFailed)
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
	places, err := r.audience(tx, o, f, onTags(tags))
	if err != nil {
		return err
	}
	for _, place := range places {
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
