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

// places tells where a friend with these tags is shown: to every operator who
// may see the friend, else to the owners. No friend is ever without a place.
func (o *office) places(tags []string) []string {
	if seers := o.people.Seers(tags); len(seers) > 0 {
		return seers
	}
	return []string{OwnersPlace}
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
