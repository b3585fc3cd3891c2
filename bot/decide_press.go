package bot

import (
	"errors"
	"slices"

	"madoguchi/operators"
)

// pressed is the deciding of a button or a modal: who, what, on which friend.
type pressed struct {
	relay   *Relay
	tx      Tx
	office  *office
	person  operators.Person
	friend  Friend
	tags    []string
	channel SlackChannel // where it was pressed; zero for a modal
	under   string       // thread to answer in
	action  Action
	userID  string
}

func (r *Relay) decidePress(tx Tx, teamID string, ev SlackPress) error {
	channel, err := tx.SlackChannelBySlackID(teamID, ev.ChannelID)
	if errors.Is(err, ErrNotFound) && ev.Action.Name == ActOpen {
		// /madoguchi works in any Slack channel; its answer carries the account.
		err = nil
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	accountID := channel.AccountID
	if accountID == "" {
		accountID = ev.Action.AccountID
	}
	p, ok, err := r.newPressed(tx, teamID, ev.UserTeam, ev.UserID, accountID, ev.Action)
	if err != nil || !ok {
		return err
	}
	p.channel, p.under = channel, ev.ThreadTS
	if p.under == "" {
		p.under = ev.MessageTS
	}
	return p.decide()
}

// newPressed reads what every press needs. ok is false when the press names
// nothing that exists in this account.
func (r *Relay) newPressed(tx Tx, teamID, userTeam, userID, accountID string, a Action) (*pressed, bool, error) {
	o, err := r.office(tx, accountID)
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	friendID := a.FriendID
	if a.ReplyID != "" {
		rp, err := tx.Reply(a.ReplyID)
		if errors.Is(err, ErrNotFound) || err == nil && rp.AccountID != o.ID {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		friendID = rp.FriendID
	}
	f, err := tx.LockFriend(friendID)
	if errors.Is(err, ErrNotFound) || err == nil && f.AccountID != o.ID {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return nil, false, err
	}
	return &pressed{
		relay: r, tx: tx, office: o, person: o.person(teamID, userTeam, userID), friend: f, tags: onTags(tags),
		action: a, userID: userID,
	}, true, nil
}

// may decides one right for this friend, audits a refusal and says it.
func (p *pressed) may(right operators.Right, item string) (operators.Decision, error) {
	d := p.office.people.Decide(p.person, operators.Friend{ID: p.friend.ID, Tags: p.tags}, operators.Action{Right: right, Item: item})
	if d.Allowed && d.Draft {
		d.Allowed, d.Reason = false, "draft"
	}
	if d.Allowed && !p.person.Owner && p.channel.ID != "" && p.channel.Place != p.person.Operator {
		d.Allowed, d.Reason = false, "other_channel"
	}
	if d.Allowed {
		return d, nil
	}
	if err := p.relay.audit(p.tx, p.office, p.userID, string(p.action.Name), p.friend.ID, false, d.Sets, "reason", string(d.Reason)); err != nil {
		return d, err
	}
	if d.Reason == "draft" || d.Reason == "other_channel" || p.action.ReplyID != "" {
		return d, p.say(p.office.because("reply."+string(d.Reason), right))
	}
	return d, p.say(p.office.refusal(d.Reason, right))
}

// tell answers the person in the thread where the button is.
func (p *pressed) tell(key string) error { return p.say(p.office.words.Say(key)) }

func (p *pressed) say(text string) error {
	if p.channel.ID == "" || p.channel.ChannelID == "" {
		return nil
	}
	return p.relay.say(p.tx, p.office, p.channel, p.under, p.userID, ItemView{Text: text, Danger: true})
}

func (p *pressed) decide() error {
	switch p.action.Name {
	case ActTake:
		return p.take()
	case ActDone:
		return p.done()
	case ActOpen:
		return p.open()
	case ActDelivered, ActResend, ActSend, ActPushGroup, ActDiscard, ActCancel:
		return p.reply()
	default:
		return nil
	}
}

func (p *pressed) take() error {
	d, err := p.may(operators.Send, "")
	if err != nil || !d.Allowed {
		return err
	}
	p.friend.InCharge, p.friend.InChargeName = p.userID, p.name()
	if err := p.tx.SaveFriend(&p.friend); err != nil {
		return err
	}
	if err := p.relay.audit(p.tx, p.office, p.userID, "take", p.friend.ID, true, d.Sets); err != nil {
		return err
	}
	return p.relay.refreshCards(p.tx, &p.friend)
}

func (p *pressed) name() string {
	if p.person.Name != "" {
		return p.person.Name
	}
	return p.office.words.Say("relay.owner")
}

func (p *pressed) done() error {
	d, err := p.may(operators.Send, "")
	if err != nil || !d.Allowed {
		return err
	}
	p.friend.InCharge, p.friend.InChargeName = "", ""
	if err := p.relay.audit(p.tx, p.office, p.userID, "done", p.friend.ID, true, d.Sets); err != nil {
		return err
	}
	return p.relay.settled(p.tx, &p.friend)
}

// open makes the friend's thread in the person's own Slack channel.
func (p *pressed) open() error {
	place := p.person.Operator
	if place == "" && p.person.Owner {
		place = OwnersPlace
	}
	if place == "" || place != OwnersPlace && !p.office.people.Sees(place, p.tags) {
		if !p.person.Owner {
			return p.refuseOpen()
		}
		place = OwnersPlace
	}
	t, err := p.relay.threadAt(p.tx, p.office, &p.friend, place, true)
	if err != nil {
		return err
	}
	if err := p.relay.audit(p.tx, p.office, p.userID, "open", p.friend.ID, true, nil); err != nil {
		return err
	}
	if err := p.relay.addContext(p.tx, &p.friend, t); err != nil {
		return err
	}
	words := "relay.opened_read_only"
	subject := operators.Friend{ID: p.friend.ID, Tags: p.tags}
	if d := p.office.people.Decide(p.person, subject, operators.Action{Right: operators.Send}); d.Allowed && !d.Draft {
		words = "relay.opened"
	}
	return p.relay.addNotice(p.tx, t, ItemView{Text: p.office.words.Say(words, p.name())})
}

// refuseOpen answers in the open: the list with the button was an ephemeral
// message, which has no thread.
func (p *pressed) refuseOpen() error {
	reason := operators.NotOperator
	if p.person.Operator != "" {
		reason = operators.NoSight
	}
	if err := p.relay.audit(p.tx, p.office, p.userID, "open", p.friend.ID, false, nil, "reason", string(reason)); err != nil {
		return err
	}
	p.under = ""
	return p.say(p.office.refusal(reason, operators.View))
}

// reply decides the buttons that a reply's question or failure carries. The
// reply's state says whether the question still stands, so a second press, or
// a press on an old post, changes nothing.
func (p *pressed) reply() error {
	d, err := p.may(operators.Send, "")
	if err != nil || !d.Allowed {
		return err
	}
	rp, err := p.tx.Reply(p.action.ReplyID)
	if err != nil {
		return err
	}
	if !p.person.Owner && rp.ChannelID != p.channel.ChannelID {
		// The button was taken to where its reply is not.
		if err := p.relay.audit(p.tx, p.office, p.userID, string(p.action.Name), p.friend.ID, false, nil, "reason", "other_channel"); err != nil {
			return err
		}
		return p.tell("reply.other_channel")
	}
	allowed := map[ActionName][]ReplyState{
		ActDelivered: {ReplyUnclear}, ActResend: {ReplyUnclear, ReplyFailed},
		ActSend: {ReplyAsking}, ActPushGroup: {ReplyAsking},
		ActDiscard: {ReplyAsking}, ActCancel: {ReplyHeld, ReplyAsking},
	}
	if !slices.Contains(allowed[p.action.Name], rp.State) {
		return p.tell("reply.decided_already")
	}
	if err := p.relay.audit(p.tx, p.office, p.userID, string(p.action.Name), p.friend.ID, true, d.Sets, "reply", rp.ID); err != nil {
		return err
	}
	s := sending{relay: p.relay, tx: p.tx, office: p.office, friend: p.friend}
	switch p.action.Name {
	case ActDelivered:
		if err := p.relay.mark(p.tx, p.office, &rp, CallSlackClear, markUnclear); err != nil {
			return err
		}
		return p.wasDelivered(s, &rp)
	case ActDiscard, ActCancel:
		return p.cancel(&rp)
	default:
		return p.sendAgain(s, &rp)
	}
}

// wasDelivered ends an unclear reply as somebody saw it: it arrived.
func (p *pressed) wasDelivered(s sending, rp *Reply) error {
	state := ReplySentFree
	c, err := p.tx.Call(rp.CallID)
	if ignoreNotFound(err) != nil {
		return err
	}
	if err == nil && c.Token == "" {
		state = ReplySentPaid
	}
	if err := s.delivered(rp, state, ""); err != nil {
		return err
	}
	return s.answered(rp.AuthorName, rp.ReleasedAt)
}

func (p *pressed) cancel(rp *Reply) error {
	if err := p.relay.unmark(p.tx, p.office, rp); err != nil {
		return err
	}
	rp.State, rp.EndedAt = ReplyCancelled, p.tx.Now()
	if err := p.tx.SaveReply(rp); err != nil {
		return err
	}
	return p.relay.answer(p.tx, p.office, rp, ItemView{Text: p.office.words.Say("reply.discarded")})
}

func (p *pressed) sendAgain(s sending, rp *Reply) error {
	if why := p.relay.unsendable(&p.friend, rp.Text, false); why != "" {
		return p.say(p.relay.reasonWords(p.office, rp, why))
	}
	old := map[ReplyState]string{ReplyUnclear: markUnclear, ReplyFailed: markFailed}[rp.State]
	if old != "" {
		if err := p.relay.mark(p.tx, p.office, rp, CallSlackClear, old); err != nil {
			return err
		}
	}
	rp.Burst, rp.CallID, rp.Reason, rp.EndedAt = "", "", "", 0
	rp.MayPush = rp.MayPush || p.action.Name == ActPushGroup
	if err := p.relay.hourglass(p.tx, p.office, rp); err != nil {
		return err
	}
	p.tx.Poke(LaneSend, sendLane(p.friend.ID), 0)
	return s.releaseOne(rp, p.userID, p.tx.Now())
}

func (r *Relay) decideSubmit(tx Tx, e StoredEvent, teamID string, ev SlackSubmit) error {
	if ev.Action.Name == ActNote {
		return r.decideNote(tx, e, teamID, ev)
	}
	p, ok, err := r.newPressed(tx, teamID, ev.UserTeam, ev.UserID, ev.Action.AccountID, ev.Action)
	if err != nil || !ok {
		return err
	}
	if ev.Action.ChannelID != "" {
		c, err := tx.SlackChannelBySlackID(teamID, ev.Action.ChannelID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err == nil && c.AccountID == p.office.ID {
			p.channel, p.under = c, ev.Action.ThreadTS
		}
	}
	switch ev.Action.Name {
	case ActTags:
		return p.setTags(ev.Chosen)
	default:
		return nil
	}
}

// setTags puts on and takes off what the modal said. It offers only tags that
// this person may change, so one that is missing and may not be changed was
// not taken off; one that is there was put on without the right, and is
// refused in words.
func (p *pressed) setTags(chosen []string) error {
	if d, err := p.may(operators.Tags, ""); err != nil || !d.Allowed {
		return err
	}
	changed, refused := false, false
	for _, t := range p.office.Settings.Tags {
		want, has := slices.Contains(chosen, t.ID), slices.Contains(p.tags, t.ID)
		// What the person did not touch stays as it is, whatever a rule or
		// somebody else did to it while the modal was open.
		if want == p.action.WasSet(t.ID) || want == has {
			continue
		}
		d := p.office.people.Decide(p.person, operators.Friend{ID: p.friend.ID, Tags: p.tags}, operators.Action{Right: operators.Tags, Item: t.ID})
		if !d.Allowed && !want {
			continue
		}
		action := map[bool]string{true: "tag_on", false: "tag_off"}[want]
		if err := p.relay.audit(p.tx, p.office, p.userID, action, p.friend.ID, d.Allowed, d.Sets, "tag", t.Name); err != nil {
			return err
		}
		if !d.Allowed {
			refused = true
			continue
		}
		if err := p.tx.SetFriendTag(FriendTag{FriendID: p.friend.ID, TagID: t.ID, On: want, By: p.userID, At: p.tx.Now()}, p.office.ID); err != nil {
			return err
		}
		changed = true
	}
	if changed {
		if err := p.relay.resight(p.tx, p.office, &p.friend); err != nil {
			return err
		}
	}
	if refused {
		return p.tell("reply.tag_refused")
	}
	return nil
}

// decideNote takes an internal note from the modal of the message shortcut as
// if it had been written in the thread with the prefix of a note.
func (r *Relay) decideNote(tx Tx, e StoredEvent, teamID string, ev SlackSubmit) error {
	return r.decideReply(tx, e, teamID, SlackReply{
		ChannelID: ev.Action.ChannelID, ThreadTS: ev.Action.ThreadTS, TS: "view:" + ev.ViewID,
		UserID: ev.UserID, UserTeam: ev.UserTeam, Text: notePrefix + " " + ev.Text,
	})
}
