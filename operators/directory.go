package operators

import (
	"math/bits"
	"slices"
)

// Directory is the people of one account and what they may do, compiled from
// its settings. It does not change; other settings make another directory.
type Directory struct {
	owners  map[string]bool
	ops     []Operator
	users   []string // Slack user id per operator, "" while not found
	byKey   map[string]int
	bySlack map[string]int
	sets    [][]*PermissionSet // per operator, in the order held

	// Who sees a friend is asked for every message, so it is a union of these
	// and not a walk over all operators.
	seesAll crowd
	seesTag map[string]crowd
}

// NewDirectory compiles a directory. found holds, by operator key, the Slack
// user ids that were found by e-mail; one given in the settings goes first.
// A Slack user is one operator: where several claim the same, it is the first
// of those that were given it, else the first for whom it was found, and the
// others stay without.
func NewDirectory(owners []string, ops []Operator, sets []PermissionSet, found map[string]string) *Directory {
	d := &Directory{
		owners:  make(map[string]bool, len(owners)),
		ops:     slices.Clone(ops),
		users:   make([]string, len(ops)),
		byKey:   make(map[string]int, len(ops)),
		bySlack: make(map[string]int, len(ops)),
		sets:    make([][]*PermissionSet, len(ops)),
		seesAll: newCrowd(len(ops)),
		seesTag: map[string]crowd{},
	}
	for _, id := range owners {
		if id != "" {
			d.owners[id] = true
		}
	}
	byID := make(map[string]*PermissionSet, len(sets))
	for i := range sets {
		byID[sets[i].ID] = new(sets[i])
	}
	for i, op := range d.ops {
		if op.Key == "" {
			continue
		}
		if _, taken := d.byKey[op.Key]; taken {
			continue
		}
		d.byKey[op.Key] = i
		d.claim(i, op.SlackUser)
		for _, id := range op.PermissionSets {
			if s := byID[id]; s != nil && !slices.Contains(d.sets[i], s) {
				d.sets[i] = append(d.sets[i], s)
				d.index(i, s)
			}
		}
	}
	for i, op := range d.ops {
		if op.SlackUser == "" && d.byKey[op.Key] == i {
			d.claim(i, found[op.Key])
		}
	}
	return d
}

func (d *Directory) claim(op int, slackUser string) {
	if slackUser == "" {
		return
	}
	if _, taken := d.bySlack[slackUser]; !taken {
		d.bySlack[slackUser] = op
		d.users[op] = slackUser
	}
}

func (d *Directory) index(op int, s *PermissionSet) {
	if s.AllFriends {
		d.seesAll.add(op)
	}
	for _, tag := range s.FriendTags {
		if d.seesTag[tag] == nil {
			d.seesTag[tag] = newCrowd(len(d.ops))
		}
		d.seesTag[tag].add(op)
	}
}

// BySlackUser returns who a Slack user is in this account. It returns false
// for somebody who is neither an owner nor an operator.
func (d *Directory) BySlackUser(userID string) (Person, bool) {
	if op, ok := d.bySlack[userID]; ok {
		return d.person(op), true
	}
	if d.owners[userID] {
		return Person{SlackUser: userID, Owner: true}, true
	}
	return Person{}, false
}

// ByKey returns the operator with this key as a person. SlackUser is empty
// while they have not been found in Slack.
func (d *Directory) ByKey(key string) (Person, bool) {
	if op, ok := d.byKey[key]; ok {
		return d.person(op), true
	}
	return Person{}, false
}

// Operator returns the operator with this key as the settings have it.
func (d *Directory) Operator(key string) (Operator, bool) {
	if op, ok := d.byKey[key]; ok {
		return d.ops[op], true
	}
	return Operator{}, false
}

func (d *Directory) person(op int) Person {
	user := d.users[op]
	return Person{SlackUser: user, Operator: d.ops[op].Key, Name: d.ops[op].Name, Owner: d.owners[user]}
}

// Seers returns the keys of the operators who see a friend with these tags, in
// the order of the account file. To see is not yet to view: without that right
// their threads show only that something arrived. Owners see everything and
// are not listed.
func (d *Directory) Seers(tags []string) []string {
	who := slices.Clone(d.seesAll)
	for _, tag := range tags {
		who.join(d.seesTag[tag])
	}
	keys := make([]string, 0, who.size())
	who.each(func(op int) { keys = append(keys, d.ops[op].Key) })
	return keys
}

// Sees reports whether an operator sees a friend with these tags.
func (d *Directory) Sees(operatorKey string, tags []string) bool {
	op, ok := d.byKey[operatorKey]
	if !ok {
		return false
	}
	return d.seesAll.has(op) || slices.ContainsFunc(tags, func(tag string) bool { return d.seesTag[tag].has(op) })
}

// SetsShowing returns the permission sets that show an operator a friend with
// these tags, in the order in which the operator holds them.
func (d *Directory) SetsShowing(operatorKey string, tags []string) []PermissionSet {
	op, ok := d.byKey[operatorKey]
	if !ok {
		return nil
	}
	var sets []PermissionSet
	for _, s := range d.showing(op, tags) {
		sets = append(sets, *s)
	}
	return sets
}

func (d *Directory) showing(op int, tags []string) []*PermissionSet {
	var sets []*PermissionSet
	for _, s := range d.sets[op] {
		if s.AllFriends || slices.ContainsFunc(s.FriendTags, func(t string) bool { return slices.Contains(tags, t) }) {
			sets = append(sets, s)
		}
	}
	return sets
}

// crowd is a set of operators, one bit for each.
type crowd []uint64

func newCrowd(n int) crowd { return make(crowd, (n+63)/64) }

func (c crowd) add(op int) { c[op/64] |= 1 << (op % 64) }

func (c crowd) has(op int) bool { return op/64 < len(c) && c[op/64]&(1<<(op%64)) != 0 }

func (c crowd) join(other crowd) {
	for i, word := range other {
		c[i] |= word
	}
}

func (c crowd) size() int {
	n := 0
	for _, word := range c {
		n += bits.OnesCount64(word)
	}
	return n
}

func (c crowd) each(visit func(op int)) {
	for i, word := range c {
		for ; word != 0; word &= word - 1 {
			visit(i*64 + bits.TrailingZeros64(word))
		}
	}
}
