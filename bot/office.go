package bot

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"madoguchi/bot/words"
	"madoguchi/operators"
	"madoguchi/routing"
)

// office is an account with everything derived from its settings. It is
// immutable; a new version of the account makes a new one.
type office struct {
	Account
	people *operators.Directory
	router *routing.Router
	tags   map[string]string // names by id
	zone   *time.Location
	words  words.Catalogue
	// inactive are the Slack users whose account was ended. What they wrote
	// before may still be on its way.
	inactive []string
}

func newOffice(a Account, identities map[string]string, inactive []string) *office {
	s := &a.Settings
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil { // apply refuses an unknown one; a machine may still lack the data
		zone = time.UTC
	}
	o := &office{
		Account: a,
		people:  operators.NewDirectory(s.Owners, s.Operators, s.PermissionSets, identities),
		router:  routing.Compile(s.Rules),
		tags:    make(map[string]string, len(s.Tags)),
		zone:    zone,
		words:   words.In(s.Locale),

		inactive: inactive,
	}
	for _, t := range s.Tags {
		o.tags[t.ID] = t.Name
	}
	return o
}

// person returns who a Slack user is in this account: nobody if nobody, and
// nobody whose Slack account was ended.
func (o *office) person(teamID, userTeam, userID string) operators.Person {
	if userTeam != "" && userTeam != teamID || slices.Contains(o.inactive, userID) {
		return operators.Person{}
	}
	p, _ := o.people.BySlackUser(userID)
	return p
}

// reader is the person for whom a place is rendered: an operator, or any owner.
func (o *office) reader(place string) (operators.Person, bool) {
	if place == OwnersPlace {
		return operators.Person{Name: OwnersPlace, Owner: true}, true
	}
	return o.people.ByKey(place)
}

// ownersFollow is how long owners go on seeing a friend to whom one of them
// wrote: the answer is for them.
const ownersFollow = 24 * time.Hour

// places tells where a friend with these tags is shown now: to every operator
// who may see the friend, else to the owners, who also stay with a friend to
// whom they wrote. owners is the friend's thread there, the zero Thread without
// one. No friend is ever without a place.
func (o *office) places(tags []string, owners Thread, now int64) []string {
	seers := o.people.Seers(tags)
	if len(seers) == 0 || owners.LastReplyAt > 0 && now-owners.LastReplyAt < ownersFollow.Milliseconds() {
		return append(seers, OwnersPlace)
	}
	return seers
}

// audience is places for something that happens with a friend now. Owners whom
// it leaves out lose sight: they will have missed it, should nobody else see the
// friend one day.
func (r *Relay) audience(tx Tx, o *office, f *Friend, tags []string) ([]string, error) {
	owners, err := tx.CurrentThread(f.ID, OwnersPlace)
	if ignoreNotFound(err) != nil {
		return nil, err
	}
	places := o.places(tags, owners, tx.Now())
	if !owners.Sight || slices.Contains(places, OwnersPlace) {
		return places, nil
	}
	if owners, err = tx.LockThread(owners.ID); err != nil {
		return nil, err
	}
	owners.Sight = false
	return places, tx.SaveThread(&owners)
}

// pushed is whom a place mentions for a friend who waits, or "" for nobody: its
// operator, unless they want that never, or not while somebody else is in charge.
func (o *office) pushed(place string, f *Friend) string {
	if place == OwnersPlace {
		if len(o.Settings.Owners) == 0 {
			return ""
		}
		return o.Settings.Owners[0]
	}
	p, _ := o.people.ByKey(place)
	op, _ := o.people.Operator(place)
	others := f.InCharge != "" && f.InCharge != p.SlackUser
	if op.Mention == operators.MentionNone || others && op.Mention != operators.MentionAll {
		return ""
	}
	return p.SlackUser
}

// offices caches the offices of all accounts by version.
type offices struct {
	mu sync.Mutex
	by map[string]*office
}

// office returns the account as it stands in this transaction. Only its
// version is read when the cached one is current.
func (r *Relay) office(tx Tx, accountID string) (*office, error) {
	version, err := tx.AccountVersion(accountID)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", accountID, err)
	}
	r.offices.mu.Lock()
	cached := r.offices.by[accountID]
	r.offices.mu.Unlock()
	if cached != nil && cached.Version == version {
		return cached, nil
	}
	a, err := tx.Account(accountID)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", accountID, err)
	}
	identities, err := tx.Identities(&a)
	if err != nil {
		return nil, err
	}
	inactive, err := tx.InactiveUsers(a.ID)
	if err != nil {
		return nil, err
	}
	o := newOffice(a, identities, inactive)
	r.offices.mu.Lock()
	defer r.offices.mu.Unlock()
	if r.offices.by == nil {
		r.offices.by = map[string]*office{}
	}
	r.offices.by[accountID] = o
	return o, nil
}

// onTags returns the ids of the tags a friend carries.
func onTags(all []FriendTag) []string {
	var on []string
	for _, t := range all {
		if t.On {
			on = append(on, t.TagID)
		}
	}
	return on
}
