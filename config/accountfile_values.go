package config

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // an account's time zone must be known on machines that have no data of their own
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/unicode/norm"

	"madoguchi/bot"
)

const (
	// maxName is what Slack shows of an option in a menu.
	maxName = 75
	maxHold = 30 * time.Second
	// maxLease is a day: a friend whose operator went home must not wait longer.
	maxLease = 24 * time.Hour
	// maxTemplate is what LINE takes as one text message, in UTF-16 units.
	maxTemplate = 5000
	// maxPostback is what LINE lets a button carry.
	maxPostback = 300
)

var (
	slugForm         = regexp.MustCompile(`^[a-z0-9-]{2,32}$`)
	keyForm          = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	slackUserForm    = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)
	slackChannelForm = regexp.MustCompile(`^[CG][A-Z0-9]{1,30}$`)
)

// name reads the name of something. Accents and voice marks are composed, so
// that names that look equal are equal.
func (r *fileReader) name(n ast.Node, field string) (text, bool) {
	t, ok := r.text(n, field)
	if !ok {
		return text{}, false
	}
	t.value = norm.NFC.String(t.value)
	switch {
	case t.value == "":
		r.fault(t.line, field, "is empty; write a name")
	case strings.TrimSpace(t.value) != t.value:
		r.fault(t.line, field, "begins or ends with a space; take it away")
	case strings.ContainsFunc(t.value, lineBreaking):
		r.fault(t.line, field, "holds a line break or another control character; write the name on one line")
	case utf8.RuneCountInString(t.value) > maxName:
		r.fault(t.line, field, "is longer than %d characters; shorten it", maxName)
	default:
		return t, true
	}
	return text{}, false
}

func lineBreaking(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029'
}

// names reads a list of different names.
func (r *fileReader) names(n ast.Node, field string) []text {
	return r.different(n, field, r.name)
}

// different reads a list of texts of which none may come twice.
func (r *fileReader) different(n ast.Node, field string, read func(ast.Node, string) (text, bool)) []text {
	if n == nil {
		return nil
	}
	nodes, _ := r.items(n, field)
	var texts []text
	seen := make(map[string]bool, len(nodes))
	for _, node := range nodes {
		t, ok := read(node, field)
		switch {
		case !ok:
		case seen[t.value]:
			r.fault(t.line, field, "has %q twice; keep one of them", t.value)
		default:
			seen[t.value] = true
			texts = append(texts, t)
		}
	}
	return texts
}

// formed reads an optional text of a form; hint says what it looks like.
func (r *fileReader) formed(n ast.Node, field string, form *regexp.Regexp, hint string) (text, bool) {
	if n == nil {
		return text{}, false
	}
	t, ok := r.text(n, field)
	if ok && !form.MatchString(t.value) {
		r.fault(t.line, field, "%q is not right; %s", t.value, hint)
		return text{}, false
	}
	return t, ok
}

func (r *fileReader) slackUser(n ast.Node, field string) (text, bool) {
	return r.formed(n, field, slackUserForm, "write a Slack user id, such as U0123ABCD: in Slack, open the person's profile, then Copy member ID")
}

func (r *fileReader) slackChannel(n ast.Node, field string) (text, bool) {
	return r.formed(n, field, slackChannelForm, "write the id of a Slack channel, such as C0123ABCD: in Slack, it is at the bottom of the channel's details")
}

func (r *fileReader) email(n ast.Node, field string) text {
	if n == nil {
		return text{}
	}
	t, ok := r.text(n, field)
	if !ok {
		return text{}
	}
	if a, err := mail.ParseAddress(t.value); err != nil || a.Address != t.value {
		r.fault(t.line, field, "%q is not a mail address; write it as name@example.com", t.value)
		return text{}
	}
	return t
}

func (r *fileReader) duration(n ast.Node, field string, most time.Duration) located[time.Duration] {
	if n == nil {
		return located[time.Duration]{}
	}
	if _, ok := n.(*ast.IntegerNode); ok {
		r.fault(lineOf(n), field, "has no unit; write it as 5s or 10m")
		return located[time.Duration]{}
	}
	t, ok := r.text(n, field)
	if !ok {
		return located[time.Duration]{}
	}
	d, err := time.ParseDuration(t.value)
	if err != nil {
		r.fault(t.line, field, "%q is not a duration; write it as 5s or 10m", t.value)
		return located[time.Duration]{}
	}
	if d < 0 || d > most {
		r.fault(t.line, field, "%s is out of range; write something from 0s to %s", t.value, showDuration(most))
		return located[time.Duration]{}
	}
	return located[time.Duration]{t.line, d}
}

func (r *fileReader) zone(n ast.Node) text {
	const field = "timezone"
	if n == nil {
		return text{}
	}
	t, ok := r.text(n, field)
	if !ok {
		return text{}
	}
	// LoadLocation takes these two for the zone of the machine and for UTC.
	if _, err := time.LoadLocation(t.value); err != nil || t.value == "Local" || t.value == "" {
		r.fault(t.line, field, "%q is not known; write a name of the tz database, such as Asia/Tokyo", t.value)
		return text{}
	}
	return t
}

func (r *fileReader) locale(n ast.Node) text {
	const field = "locale"
	if n == nil {
		return text{}
	}
	t, ok := r.text(n, field)
	if ok && t.value != "ja" && t.value != "en" {
		r.fault(t.line, field, "%q is not a language that the bot speaks; write ja or en", t.value)
		return text{}
	}
	return t
}

// operatorKey is the name of an operator's entry. It is also the name of a
// place in the relay, where the owners channel has its own.
func (r *fileReader) operatorKey(n ast.Node, field string) (text, bool) {
	t, ok := r.formed(n, field, keyForm, "write 1 to 32 of a-z, 0-9 and -")
	if ok && t.value == bot.OwnersPlace {
		r.fault(t.line, field, "%q stands for the owners channel; choose another key", t.value)
		return text{}, false
	}
	return t, ok
}
