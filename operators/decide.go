package operators

import "slices"

// Reason says why a decision came out as it did. The values are stable: the
// words shown to people, and the audit trail, are keyed by them.
type Reason string

// The reasons of a decision. Decide never returns NotBuilt: it belongs to the
// caller that finds a right given whose feature is not Built.
const (
	OK          Reason = "ok"
	NotOperator Reason = "not_operator" // neither an owner nor an operator of this account
	NoSight     Reason = "no_sight"     // no permission set of theirs shows the friend
	NoRight     Reason = "no_right"     // the sets that show the friend do not give the right
	NoView      Reason = "no_view"      // approve is given, but what would be approved may not be read
	NotBuilt    Reason = "not_built"    // given, but there is no such feature yet
)

// Decision is what Decide answers.
type Decision struct {
	Allowed bool
	// Draft is set with Send when the reply is allowed only as a draft, which
	// somebody else must release. A caller that sends has to look at both.
	Draft  bool
	Sets   []string // names of the permission sets that gave the right; none for an owner
	Reason Reason
}

// Decide says whether p may do a to f. It is the only place where that is
// decided. p must come from this directory, and the directory from the
// settings as they are at the moment of the effect.
//
// For a right that names things, an empty Item asks whether p may do it with
// anything at all: that decides whether to offer a button, not what it does.
func (d *Directory) Decide(p Person, f Friend, a Action) Decision {
	if !a.Right.known() {
		return Decision{Reason: NoRight}
	}
	if p.Owner {
		return Decision{Allowed: true, Reason: OK}
	}
	op, ok := d.byKey[p.Operator]
	if !ok {
		return Decision{Reason: NotOperator}
	}
	showing := d.showing(op, f.Tags)
	if len(showing) == 0 {
		return Decision{Reason: NoSight}
	}

	var sets, drafting []string
	for _, s := range showing {
		switch s.Rights.gives(a) {
		case given:
			sets = append(sets, s.Name)
		case givenAsDraft:
			drafting = append(drafting, s.Name)
		}
	}
	switch {
	case len(sets) == 0 && len(drafting) > 0:
		return Decision{Allowed: true, Draft: true, Sets: drafting, Reason: OK}
	case len(sets) == 0:
		return Decision{Reason: NoRight}
	case a.Right == Approve && !slices.ContainsFunc(showing, func(s *PermissionSet) bool { return s.Rights.View }):
		return Decision{Reason: NoView}
	default:
		return Decision{Allowed: true, Sets: sets, Reason: OK}
	}
}

// Items is the sum of what p may use of a right that names things, for f: the
// tags to offer in the tag modal, say.
func (d *Directory) Items(p Person, f Friend, r Right) List {
	if p.Owner {
		return List{All: true}
	}
	op, ok := d.byKey[p.Operator]
	if !ok {
		return List{}
	}
	var sum List
	for _, s := range d.showing(op, f.Tags) {
		l, _ := s.Rights.list(r)
		if l.All {
			return List{All: true}
		}
		for _, id := range l.IDs {
			if !slices.Contains(sum.IDs, id) {
				sum.IDs = append(sum.IDs, id)
			}
		}
	}
	return sum
}

type grant int

const (
	notGiven grant = iota
	givenAsDraft
	given
)

func (r *Rights) gives(a Action) grant {
	if l, ok := r.list(a.Right); ok {
		return when(l.All || a.Item == "" && len(l.IDs) > 0 || slices.Contains(l.IDs, a.Item))
	}
	switch a.Right {
	case View:
		return when(r.View)
	case Send:
		switch r.Send {
		case SendYes:
			return given
		case SendDraft:
			return givenAsDraft
		default:
			return notGiven
		}
	case Approve:
		return when(r.Approve)
	case Images:
		return when(r.Images)
	case PDFs:
		return when(r.PDFs)
	case Notifications:
		return when(r.Notifications)
	default:
		return notGiven
	}
}

func when(b bool) grant {
	if b {
		return given
	}
	return notGiven
}

func (r *Rights) list(right Right) (List, bool) {
	switch right {
	case Templates:
		return r.Templates, true
	case Fields:
		return r.Fields, true
	case Forms:
		return r.Forms, true
	case Tags:
		return r.Tags, true
	case Calendars:
		return r.Calendars, true
	default:
		return List{}, false
	}
}
