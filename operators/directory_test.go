package operators_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"madoguchi/operators"
)

func TestPeople(t *testing.T) {
	d := salon()
	tests := []struct {
		user string
		want operators.Person
		ok   bool
	}{
		{"U0SATO", operators.Person{SlackUser: "U0SATO", Operator: "sato", Name: "佐藤"}, true},
		{"U0TANAKA", operators.Person{SlackUser: "U0TANAKA", Operator: "tanaka", Name: "田中"}, true},
		{"U0OWNER", operators.Person{SlackUser: "U0OWNER", Owner: true}, true},
		{"U0BOTH", operators.Person{SlackUser: "U0BOTH", Operator: "both", Name: "店長", Owner: true}, true},
		{"U0STRANGER", operators.Person{}, false},
		{"", operators.Person{}, false},
	}
	for _, test := range tests {
		got, ok := d.BySlackUser(test.user)
		if got != test.want || ok != test.ok {
			t.Errorf("BySlackUser(%q) = %+v, %t, want %+v, %t", test.user, got, ok, test.want, test.ok)
		}
		if !ok || got.Operator == "" {
			continue
		}
		if same, _ := d.ByKey(got.Operator); same != got {
			t.Errorf("ByKey(%q) = %+v, want %+v", got.Operator, same, got)
		}
	}
	if _, ok := d.ByKey("nobody"); ok {
		t.Error("ByKey found nobody")
	}
	if op, ok := d.Operator("sato"); !ok || op.Name != "佐藤" {
		t.Errorf("Operator(sato) = %+v, %t", op, ok)
	}
}

func TestOneSlackUserIsOneOperator(t *testing.T) {
	d := operators.NewDirectory(nil, []operators.Operator{
		{Key: "byMail"}, {Key: "given", SlackUser: "U1"}, {Key: "alsoGiven", SlackUser: "U1"},
	}, nil, map[string]string{"byMail": "U1"})
	if p, _ := d.BySlackUser("U1"); p.Operator != "given" {
		t.Errorf("U1 is %q, want given", p.Operator)
	}
	for _, key := range []string{"byMail", "alsoGiven"} {
		if p, ok := d.ByKey(key); !ok || p.SlackUser != "" {
			t.Errorf("ByKey(%s) = %+v, %t, want a person without a Slack user", key, p, ok)
		}
	}
}

func TestSeers(t *testing.T) {
	d := salon()
	everywhere := "head trainee senior blind checker"
	tests := []struct{ tags, want string }{
		{"", everywhere},
		{"aoyama", "sato " + everywhere + " both"},
		{"vip", "tanaka " + everywhere},
		{"shibuya vip aoyama", "sato tanaka " + everywhere + " both"},
		{"unknown", everywhere},
	}
	for _, test := range tests {
		tags := strings.Fields(test.tags)
		got := d.Seers(tags)
		if want := strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("Seers(%q) = %v, want %v", test.tags, got, want)
		}
		for _, key := range []string{"sato", "tanaka", "head", "nothing", "both", "nobody"} {
			sees := slices.Contains(got, key)
			if d.Sees(key, tags) != sees {
				t.Errorf("Sees(%s, %q) = %t, want %t", key, test.tags, !sees, sees)
			}
			if shown := len(d.SetsShowing(key, tags)) > 0; shown != sees {
				t.Errorf("SetsShowing(%s, %q) shows: %t, want %t", key, test.tags, shown, sees)
			}
		}
	}
}

func BenchmarkSeers(b *testing.B) {
	var sets []operators.PermissionSet
	for i := range 500 {
		id := fmt.Sprint("shop", i)
		sets = append(sets, operators.PermissionSet{ID: id, Name: id, FriendTags: []string{id}})
	}
	var ops []operators.Operator
	for i := range 1000 {
		ops = append(ops, operators.Operator{Key: fmt.Sprint("op", i), PermissionSets: []string{sets[i%500].ID, sets[(i+7)%500].ID}})
	}
	d := operators.NewDirectory(nil, ops, sets, nil)
	for b.Loop() {
		d.Seers([]string{"shop3", "shop99", "shop400"})
	}
}
