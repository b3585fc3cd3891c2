package bot

import (
	"context"
	"errors"
	"slices"
	"strings"

	"madoguchi/bot/words"
	"madoguchi/operators"
)

const (
	listEntries = 40
	// lookAtMost is how many friends are looked at for one answer, whether or
	// not the person may see them.
	lookAtMost = 10_000
	lookAtOnce = 500
)

// DeskOf is the Desk of a relay: it reads and changes nothing.
type DeskOf struct{ relay *Relay }

// Desk returns what answers the questions of people in Slack.
func (r *Relay) Desk() DeskOf { return DeskOf{relay: r} }

var _ Desk = DeskOf{}

// TagChoices implements Desk.
func (d DeskOf) TagChoices(ctx context.Context, userID string, a Action) (TagChoices, *Refusal, error) {
	var choices TagChoices
	var refusal *Refusal
	err := d.relay.Store.View(ctx, func(tx Tx) error {
		o, err := d.relay.office(tx, a.AccountID)
		if err != nil {
			return err
		}
		f, err := tx.Friend(a.FriendID)
		if err != nil {
			return err
		}
		all, err := tx.FriendTags(f.ID)
		if err != nil || f.AccountID != o.ID {
			return errors.Join(err, refuseForeign(f, o))
		}
		tags := onTags(all)
		person := o.person("", "", userID)
		choices = TagChoices{Locale: o.Settings.Locale, FriendName: friendName(o, &f)}
		reason := operators.NoRight
		for _, t := range o.Settings.Tags {
			dec := o.people.Decide(person, operators.Friend{ID: f.ID, Tags: tags}, operators.Action{Right: operators.Tags, Item: t.ID})
			if !dec.Allowed {
				reason = dec.Reason
				continue
			}
			choices.All = append(choices.All, Choice{ID: t.ID, Name: t.Name})
			if slices.Contains(tags, t.ID) {
				choices.Set = append(choices.Set, t.ID)
			}
		}
		if len(choices.All) == 0 && len(o.Settings.Tags) > 0 {
			refusal = &Refusal{Words: o.refusal(reason, operators.Tags)}
		}
		return nil
	})
	return choices, refusal, err
}

// refusal says why a person may not do something that is no reply and that
// needs a right.
func (o *office) refusal(reason operators.Reason, right operators.Right) string {
	if _, ok := o.words["desk."+string(reason)]; ok {
		return o.because("desk."+string(reason), right)
	}
	return o.because("reply."+string(reason), right)
}

// because is a refusal in words, which name the right where that is what lacks.
func (o *office) because(key string, right operators.Right) string {
	if strings.HasSuffix(key, "."+string(operators.NoRight)) {
		return o.words.Say(key, o.words.Say("right."+string(right)))
	}
	return o.words.Say(key)
}

func refuseForeign(f Friend, o *office) error {
	if f.AccountID != o.ID {
		return ErrNotFound
	}
	return nil
}

// Locale implements Desk.
func (d DeskOf) Locale(ctx context.Context, userID, channelID string) string {
	locale := ""
	// Without an account there is no other language to choose than the default.
	_ = d.relay.Store.View(ctx, func(tx Tx) error {
		desks, err := d.desks(tx, userID, channelID)
		if err == nil && len(desks) > 0 {
			locale = desks[0].office.Settings.Locale
		}
		return err
	})
	return locale
}

// desk is one account as one person may look at it.
type desk struct {
	office *office
	person operators.Person
	place  string // where their threads are
}

// desks returns the accounts that a person's question is about: the one of
// the Slack channel it is asked in, else all the person belongs to.
func (d DeskOf) desks(tx Tx, userID, channelID string) ([]desk, error) {
	accounts, err := tx.Accounts()
	if err != nil {
		return nil, err
	}
	only := ""
	if id, ok := d.relay.Identity(); ok {
		c, err := tx.SlackChannelBySlackID(id.TeamID, channelID)
		if err == nil {
			only = c.AccountID
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	var found []desk
	for _, a := range accounts {
		if only != "" && a.ID != only {
			continue
		}
		o, err := d.relay.office(tx, a.ID)
		if err != nil {
			return nil, err
		}
		p := o.person("", "", userID)
		if p == (operators.Person{}) {
			continue
		}
		place := p.Operator
		if place == "" {
			place = OwnersPlace
		}
		found = append(found, desk{office: o, person: p, place: place})
	}
	return found, nil
}

// ask runs fn for a person's accounts, or refuses somebody who has none.
func (d DeskOf) ask(ctx context.Context, userID, channelID string, fn func(tx Tx, desks []desk) (Listing, error)) (l Listing, refusal *Refusal, err error) {
	err = d.relay.Store.View(ctx, func(tx Tx) error {
		desks, err := d.desks(tx, userID, channelID)
		if err != nil {
			return err
		}
		if len(desks) == 0 {
			refusal = &Refusal{Words: words.In("").Say("desk.not_operator")}
			return nil
		}
		l, err = fn(tx, desks)
		l.Locale = desks[0].office.Settings.Locale
		return err
	})
	return l, refusal, err
}

// Waiting implements Desk.
func (d DeskOf) Waiting(ctx context.Context, userID, channelID string) (Listing, *Refusal, error) {
	return d.ask(ctx, userID, channelID, func(tx Tx, desks []desk) (Listing, error) {
		l := Listing{Title: desks[0].office.words.Say("desk.waiting_title")}
		for _, k := range desks {
			waiting, err := d.waiting(tx, k)
			if err != nil {
				return l, err
			}
			if err := d.list(tx, k, waiting, &l); err != nil {
				return l, err
			}
		}
		if len(l.Groups) == 0 && !l.Cut {
			l.Title = desks[0].office.words.Say("desk.nobody_waits")
		}
		return l, nil
	})
}

// Find implements Desk.
func (d DeskOf) Find(ctx context.Context, userID, channelID, name string) (Listing, *Refusal, error) {
	return d.ask(ctx, userID, channelID, func(tx Tx, desks []desk) (Listing, error) {
		l := Listing{Title: desks[0].office.words.Say("desk.find_title", name)}
		for _, k := range desks {
			friends, err := tx.FindFriends(k.office.ID, name, lookAtMost)
			if err != nil {
				return l, err
			}
			found := sighting{cut: len(friends) == lookAtMost}
			for some := range slices.Chunk(friends, lookAtOnce) {
				if err := found.look(tx, k, some); err != nil {
					return l, err
				}
			}
			if err := d.list(tx, k, found, &l); err != nil {
				return l, err
			}
		}
		if len(l.Groups) == 0 && !l.Cut {
			l.Title = desks[0].office.words.Say("desk.nobody_found", name)
		}
		return l, nil
	})
}

// waiting looks at all who wait, longest first.
func (d DeskOf) waiting(tx Tx, k desk) (found sighting, err error) {
	var last *Friend
	for range lookAtMost / lookAtOnce {
		some, err := tx.WaitingFriends(k.office.ID, last, lookAtOnce)
		if err != nil {
			return found, err
		}
		if err := found.look(tx, k, some); err != nil || len(some) < lookAtOnce {
			return found, err
		}
		last = &some[len(some)-1]
	}
	found.cut = true
	return found, nil
}

// sighting is what a person may see of many friends.
type sighting struct {
	visible []seen // as many as are listed
	more    int
	cut     bool // not all were looked at
}

type seen struct {
	friend Friend
	tag    string // "" without one
}

// look adds those of some friends whom the person may see.
func (s *sighting) look(tx Tx, k desk, friends []Friend) error {
	ids := make([]string, len(friends))
	for i, f := range friends {
		ids[i] = f.ID
	}
	tagged, err := tx.TagsOn(ids)
	if err != nil {
		return err
	}
	for _, f := range friends {
		tags := tagged[f.ID]
		if !k.person.Owner && !k.office.people.Sees(k.place, tags) {
			continue
		}
		if len(s.visible) >= listEntries {
			s.more++
			continue
		}
		tag := ""
		for _, t := range k.office.Settings.Tags { // the first in the account file's order
			if slices.Contains(tags, t.ID) {
				tag = t.Name
				break
			}
		}
		s.visible = append(s.visible, seen{f, tag})
	}
	return nil
}

// list adds friends under their tags.
func (d DeskOf) list(tx Tx, k desk, s sighting, l *Listing) error {
	l.More += s.more
	l.Cut = l.Cut || s.cut
	ids := make([]string, len(s.visible))
	for i, v := range s.visible {
		ids[i] = v.friend.ID
	}
	links, err := d.links(tx, k, ids)
	if err != nil {
		return err
	}
	groups := map[string]int{}
	for _, v := range s.visible {
		at, ok := groups[v.tag]
		if !ok {
			at = len(l.Groups)
			groups[v.tag] = at
			l.Groups = append(l.Groups, ListingGroup{Name: v.tag})
		}
		e := ListingEntry{Title: friendName(k.office, &v.friend), Mark: shortID(&v.friend), Link: links[v.friend.ID]}
		if v.friend.WaitingSince > 0 {
			minutes := (tx.Now() - v.friend.WaitingSince) / 60_000
			e.Detail = k.office.words.Say("desk.waiting_for", k.office.clock(v.friend.WaitingSince), minutes)
		}
		if e.Link == "" {
			e.Open = &Action{Name: ActOpen, AccountID: k.office.ID, FriendID: v.friend.ID}
		}
		l.Groups[at].Entries = append(l.Groups[at].Entries, e)
	}
	return nil
}

// links leads to the friends' threads in the person's own Slack channel.
func (d DeskOf) links(tx Tx, k desk, friendIDs []string) (map[string]string, error) {
	links := map[string]string{}
	id, ok := d.relay.Identity()
	if !ok || len(friendIDs) == 0 {
		return links, nil
	}
	c, err := tx.SlackChannelAt(k.office.ID, k.place)
	if errors.Is(err, ErrNotFound) || err == nil && c.ChannelID == "" {
		return links, nil
	}
	if err != nil {
		return nil, err
	}
	threads, err := tx.ThreadsFor(k.place, friendIDs)
	if err != nil {
		return nil, err
	}
	for _, t := range threads {
		if t.TS != "" && t.SlackChannelID == c.ID {
			links[t.FriendID] = strings.TrimSuffix(id.TeamURL, "/") + "/archives/" + c.ChannelID + "/p" + strings.ReplaceAll(t.TS, ".", "")
		}
	}
	return links, nil
}

// Operators implements Desk.
func (d DeskOf) Operators(ctx context.Context, userID, channelID string) (Listing, *Refusal, error) {
	return d.ask(ctx, userID, channelID, func(tx Tx, desks []desk) (Listing, error) {
		l := Listing{Title: desks[0].office.words.Say("desk.operators_title")}
		for _, k := range desks {
			if !k.person.Owner {
				continue
			}
			g := ListingGroup{Name: k.office.Settings.Name}
			sets := map[string]string{}
			for _, s := range k.office.Settings.PermissionSets {
				sets[s.ID] = s.Name
			}
			for i, op := range k.office.Settings.Operators {
				if i >= listEntries {
					l.More++
					continue
				}
				var names []string
				for _, s := range op.PermissionSets {
					names = append(names, sets[s])
				}
				g.Entries = append(g.Entries, ListingEntry{Title: op.Name, Detail: strings.Join(names, "・")})
			}
			l.Groups = append(l.Groups, g)
		}
		if len(l.Groups) == 0 {
			l.Title = desks[0].office.words.Say("desk.owners_only")
		}
		return l, nil
	})
}
