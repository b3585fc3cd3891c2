package operators_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"madoguchi/operators"
)

var (
	tagIDs    = []string{"t1", "t2", "t3", "t4"}
	itemIDs   = []string{"i1", "i2", "i3"}
	allRights = []operators.Right{
		operators.View, operators.Send, operators.Approve, operators.Templates, operators.Images, operators.PDFs,
		operators.Fields, operators.Forms, operators.Tags, operators.Calendars, operators.Notifications,
	}
)

func someOf(ids []string) *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, len(ids), rapid.ID[string])
}

func anyList() *rapid.Generator[operators.List] {
	return rapid.Custom(func(t *rapid.T) operators.List {
		if rapid.Bool().Draw(t, "all") {
			return operators.List{All: true}
		}
		return operators.List{IDs: someOf(itemIDs).Draw(t, "ids")}
	})
}

func anySet(id string) *rapid.Generator[operators.PermissionSet] {
	return rapid.Custom(func(t *rapid.T) operators.PermissionSet {
		yes := rapid.Bool()
		return operators.PermissionSet{
			ID: id, Name: id,
			AllFriends: rapid.IntRange(0, 4).Draw(t, "all friends") == 0,
			FriendTags: someOf(tagIDs).Draw(t, "friend tags"),
			Rights: operators.Rights{
				View:      yes.Draw(t, "view"),
				Send:      rapid.SampledFrom([]operators.SendRight{operators.SendNo, operators.SendDraft, operators.SendYes}).Draw(t, "send"),
				Approve:   yes.Draw(t, "approve"),
				Templates: anyList().Draw(t, "templates"), Images: yes.Draw(t, "images"), PDFs: yes.Draw(t, "pdfs"),
				Fields: anyList().Draw(t, "fields"), Forms: anyList().Draw(t, "forms"), Tags: anyList().Draw(t, "tags"),
				Calendars: anyList().Draw(t, "calendars"), Notifications: yes.Draw(t, "notifications"),
			},
		}
	})
}

func anySets(t *rapid.T) []operators.PermissionSet {
	var sets []operators.PermissionSet
	for _, id := range []string{"s1", "s2", "s3"}[:rapid.IntRange(0, 3).Draw(t, "sets")] {
		sets = append(sets, anySet(id).Draw(t, id))
	}
	return sets
}

func holding(sets ...operators.PermissionSet) *operators.Directory {
	op := operators.Operator{Key: "op", SlackUser: "U1"}
	for _, s := range sets {
		op.PermissionSets = append(op.PermissionSets, s.ID)
	}
	return operators.NewDirectory([]string{"U0"}, []operators.Operator{op}, sets, nil)
}

func anyAction() *rapid.Generator[operators.Action] {
	return rapid.Custom(func(t *rapid.T) operators.Action {
		return operators.Action{
			Right: rapid.SampledFrom(allRights).Draw(t, "right"),
			Item:  rapid.SampledFrom(append([]string{""}, itemIDs...)).Draw(t, "item"),
		}
	})
}

func anyFriend() *rapid.Generator[operators.Friend] {
	return rapid.Custom(func(t *rapid.T) operators.Friend {
		return operators.Friend{ID: "f", Tags: someOf(tagIDs).Draw(t, "tags")}
	})
}

// worth orders decisions: refused, as a draft, allowed.
func worth(d operators.Decision) int {
	switch {
	case !d.Allowed:
		return 0
	case d.Draft:
		return 1
	default:
		return 2
	}
}

func TestAnotherSetNeverTakesARightAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets, more := anySets(t), anySet("more").Draw(t, "more")
		f, a := anyFriend().Draw(t, "friend"), anyAction().Draw(t, "action")
		fewer := holding(sets...)
		p, _ := fewer.ByKey("op")
		before := fewer.Decide(p, f, a)
		after := holding(append(slices.Clone(sets), more)...).Decide(p, f, a)
		if worth(after) < worth(before) {
			t.Fatalf("with one set more %+v became %+v", before, after)
		}
	})
}

func TestNothingWithoutSight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := holding(anySets(t)...)
		f, a := anyFriend().Draw(t, "friend"), anyAction().Draw(t, "action")
		p, _ := d.ByKey("op")
		got := d.Decide(p, f, a)
		if sees := d.Sees("op", f.Tags); !sees && (got.Allowed || got.Reason != operators.NoSight) {
			t.Fatalf("allowed without sight: %+v", got)
		}
	})
}

func TestASetThatDoesNotShowTheFriendGivesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := anySets(t)
		f, a := anyFriend().Draw(t, "friend"), anyAction().Draw(t, "action")
		d := holding(sets...)
		p, _ := d.ByKey("op")
		got := d.Decide(p, f, a)
		only := holding(d.SetsShowing("op", f.Tags)...)
		if want := only.Decide(p, f, a); worth(got) != worth(want) || !slices.Equal(got.Sets, want.Sets) {
			t.Fatalf("Decide = %+v, with only the sets that show the friend %+v", got, want)
		}
	})
}

func TestSeersAreThoseWhoSee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := holding(anySets(t)...)
		tags := anyFriend().Draw(t, "friend").Tags
		if got, want := slices.Contains(d.Seers(tags), "op"), len(d.SetsShowing("op", tags)) > 0; got != want {
			t.Fatalf("Seers has op: %t, sets that show the friend: %t", got, want)
		}
	})
}

func TestAnOwnerMayEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := holding(anySets(t)...)
		p, _ := d.BySlackUser("U0")
		if got := d.Decide(p, anyFriend().Draw(t, "friend"), anyAction().Draw(t, "action")); worth(got) != 2 {
			t.Fatalf("Decide = %+v for an owner", got)
		}
	})
}
