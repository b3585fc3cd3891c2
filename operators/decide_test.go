package operators_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"madoguchi/operators"
)

// salon is two shops, a head office, and people with the usual mixtures of
// rights.
func salon() *operators.Directory {
	list := func(ids ...string) operators.List { return operators.List{IDs: ids} }
	return operators.NewDirectory(
		[]string{"U0OWNER", "U0BOTH"},
		[]operators.Operator{
			{Key: "sato", Name: "佐藤", SlackUser: "U0SATO", PermissionSets: []string{"aoyama"}},
			{Key: "tanaka", Name: "田中", PermissionSets: []string{"shibuya-reader", "vip"}},
			{Key: "head", Name: "本部", SlackUser: "U0HEAD", PermissionSets: []string{"watch"}},
			{Key: "trainee", Name: "研修生", SlackUser: "U0TRAINEE", PermissionSets: []string{"draft"}},
			{Key: "senior", Name: "先輩", SlackUser: "U0SENIOR", PermissionSets: []string{"draft", "aoyama"}},
			{Key: "blind", Name: "目隠し", SlackUser: "U0BLIND", PermissionSets: []string{"release"}},
			{Key: "checker", Name: "確認", SlackUser: "U0CHECKER", PermissionSets: []string{"release", "watch"}},
			{Key: "nothing", Name: "無", SlackUser: "U0NOTHING"},
			{Key: "both", Name: "店長", SlackUser: "U0BOTH", PermissionSets: []string{"aoyama"}},
		},
		[]operators.PermissionSet{
			{ID: "aoyama", Name: "Aoyama staff", FriendTags: []string{"aoyama"}, Rights: operators.Rights{
				View: true, Send: operators.SendYes, Templates: list("hours"), Tags: list("new", "vip"), Images: true,
			}},
			{ID: "shibuya-reader", Name: "Shibuya reader", FriendTags: []string{"shibuya"}, Rights: operators.Rights{View: true}},
			{ID: "vip", Name: "VIP desk", FriendTags: []string{"vip"}, Rights: operators.Rights{Send: operators.SendYes, Tags: operators.List{All: true}}},
			{ID: "watch", Name: "Watch", AllFriends: true, Rights: operators.Rights{View: true}},
			{ID: "draft", Name: "Trainees", AllFriends: true, Rights: operators.Rights{View: true, Send: operators.SendDraft}},
			{ID: "release", Name: "Release", AllFriends: true, Rights: operators.Rights{Approve: true}},
		},
		map[string]string{"tanaka": "U0TANAKA"},
	)
}

func TestDecide(t *testing.T) {
	tests := []struct {
		who    string // Slack user id
		may    string // right, or right:item
		friend string // tags of the friend
		want   string
	}{
		{"U0SATO", "view", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "send", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "send", "aoyama shibuya", "yes by Aoyama staff"},
		{"U0SATO", "send", "shibuya", "no: no_sight"},
		{"U0SATO", "view", "", "no: no_sight"},
		{"U0SATO", "images", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "pdfs", "aoyama", "no: no_right"},
		{"U0SATO", "templates:hours", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "templates:prices", "aoyama", "no: no_right"},
		{"U0SATO", "tags:vip", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "tags:shibuya", "aoyama", "no: no_right"},
		{"U0SATO", "tags", "aoyama", "yes by Aoyama staff"},
		{"U0SATO", "fields", "aoyama", "no: no_right"},
		{"U0SATO", "approve", "aoyama", "no: no_right"},
		{"U0SATO", "fly", "aoyama", "no: no_right"},

		{"U0TANAKA", "view", "shibuya", "yes by Shibuya reader"},
		{"U0TANAKA", "send", "shibuya", "no: no_right"},
		{"U0TANAKA", "send", "vip", "yes by VIP desk"},
		{"U0TANAKA", "view", "vip", "no: no_right"},
		{"U0TANAKA", "view", "vip shibuya", "yes by Shibuya reader"},
		{"U0TANAKA", "send", "vip shibuya", "yes by VIP desk"},
		{"U0TANAKA", "tags:anything", "vip", "yes by VIP desk"},

		{"U0HEAD", "view", "", "yes by Watch"},
		{"U0HEAD", "send", "aoyama", "no: no_right"},

		{"U0TRAINEE", "send", "", "draft by Trainees"},
		{"U0SENIOR", "send", "shibuya", "draft by Trainees"},
		{"U0SENIOR", "send", "aoyama", "yes by Aoyama staff"},
		{"U0SENIOR", "view", "aoyama", "yes by Trainees, Aoyama staff"},

		{"U0BLIND", "approve", "", "no: no_view"},
		{"U0CHECKER", "approve", "", "yes by Release"},

		{"U0NOTHING", "view", "aoyama", "no: no_sight"},
		{"U0STRANGER", "view", "aoyama", "no: not_operator"},
		{"", "view", "aoyama", "no: not_operator"},

		{"U0OWNER", "view", "", "yes"},
		{"U0OWNER", "send", "aoyama", "yes"},
		{"U0OWNER", "tags:whatever", "", "yes"},
		{"U0OWNER", "fly", "", "no: no_right"},
		{"U0BOTH", "send", "shibuya", "yes"},
	}
	d := salon()
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s %s [%s]", test.who, test.may, test.friend), func(t *testing.T) {
			p, _ := d.BySlackUser(test.who)
			right, item, _ := strings.Cut(test.may, ":")
			got := d.Decide(p,
				operators.Friend{ID: "f", Tags: strings.Fields(test.friend)},
				operators.Action{Right: operators.Right(right), Item: item})
			if spoken := speak(got); spoken != test.want {
				t.Errorf("Decide = %s, want %s", spoken, test.want)
			}
		})
	}
}

func speak(d operators.Decision) string {
	var answer string
	switch {
	case d.Allowed && d.Draft:
		answer = "draft"
	case d.Allowed:
		answer = "yes"
	default:
		return "no: " + string(d.Reason)
	}
	if len(d.Sets) > 0 {
		answer += " by " + strings.Join(d.Sets, ", ")
	}
	if d.Reason != operators.OK {
		answer += " because " + string(d.Reason)
	}
	return answer
}

func TestDecideRefusesSomebodyWhoLeft(t *testing.T) {
	gone, _ := salon().BySlackUser("U0SATO")
	now := operators.NewDirectory([]string{"U0OWNER"}, nil, nil, nil)
	got := now.Decide(gone, operators.Friend{Tags: []string{"aoyama"}}, operators.Action{Right: operators.Send})
	if got.Allowed || got.Reason != operators.NotOperator {
		t.Errorf("Decide = %+v, want a refusal with not_operator", got)
	}
}

func TestItems(t *testing.T) {
	d := salon()
	tests := []struct {
		who, friend string
		want        operators.List
	}{
		{"U0SATO", "aoyama", operators.List{IDs: []string{"new", "vip"}}},
		{"U0SATO", "shibuya", operators.List{}},
		{"U0TANAKA", "vip", operators.List{All: true}},
		{"U0OWNER", "", operators.List{All: true}},
		{"U0STRANGER", "aoyama", operators.List{}},
	}
	for _, test := range tests {
		p, _ := d.BySlackUser(test.who)
		got := d.Items(p, operators.Friend{Tags: strings.Fields(test.friend)}, operators.Tags)
		if got.All != test.want.All || !slices.Equal(got.IDs, test.want.IDs) {
			t.Errorf("Items(%s, [%s]) = %+v, want %+v", test.who, test.friend, got, test.want)
		}
	}
}

func TestBuilt(t *testing.T) {
	for right, want := range map[operators.Right]bool{
		operators.View: true, operators.Send: true, operators.Tags: true,
		operators.Approve: false, operators.Templates: false, operators.Images: false, operators.PDFs: false,
		operators.Fields: false, operators.Forms: false, operators.Calendars: false, operators.Notifications: false,
		"fly": false,
	} {
		if got := operators.Built(right); got != want {
			t.Errorf("Built(%s) = %t, want %t", right, got, want)
		}
	}
}
