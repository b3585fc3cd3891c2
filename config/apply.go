package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"madoguchi/bot"
	"madoguchi/operators"
	"madoguchi/routing"
)

// What an account has where its first file does not say.
const (
	defaultZone   = "Asia/Tokyo"
	defaultLocale = "ja"
	defaultHold   = 5 * time.Second
	defaultLease  = 10 * time.Minute
)

// Change is what applying a file would do.
type Change struct {
	Account   bot.Account // as it would be; ID and Version are those of before
	Lines     []string    // one for each change, beginning with +, ~ or -; none when nothing changes
	Untouched []string    // entries that the file's lists lack and that stay as they are
	// Conflicts are changes made elsewhere since the last apply that would be
	// overwritten. The caller applies only when there are none or when it was
	// told to overwrite.
	Conflicts []string
}

// Plan works out what a file makes of an account. current is nil for a new
// account; applied are the settings as the last apply left them, nil if there
// was none; taken are the Slack channels of other accounts by id, with whose they
// are. Names become ids that outlive a rename. The error is a Faults that names
// lines of the file; nothing is planned unless all of it can be.
func Plan(file *File, current *bot.Account, applied *bot.Settings, taken map[string]string) (Change, error) {
	p := &planner{faultList: faultList{path: file.path}, file: file, isNew: current == nil, taken: taken}
	if p.isNew {
		p.start()
	} else {
		if current.Slug != file.Account {
			return Change{}, errors.New("plan: the file is for another account")
		}
		p.next, p.current = *current, *current
	}
	if applied != nil {
		p.applied = *applied
	}
	p.plan()
	if err := p.err(); err != nil {
		return Change{}, err
	}

	change := Change{Account: p.next, Untouched: p.untouched}
	after := describeAccount(&p.next)
	if p.isNew {
		change.Lines = compare(nil, after)
		return change, nil
	}
	before := describeAccount(current)
	if change.Lines = compare(before, after); len(change.Lines) == 0 {
		change.Account = *current
	}
	if applied != nil {
		last := *current
		last.Settings = *applied
		change.Conflicts = conflicts(describeAccount(&last), before, after)
	}
	return change, nil
}

// planner turns what a file says into settings.
type planner struct {
	faultList
	file    *File
	isNew   bool
	current bot.Account // zero for a new one
	applied bot.Settings
	next    bot.Account
	taken   map[string]string

	tags, fields, templates, sets, operators *names
	untouched                                []string
}

// start makes a new account, which must be able to work.
func (p *planner) start() {
	p.next = bot.Account{
		ID:   newID(),
		Slug: p.file.Account,
		Settings: bot.Settings{
			Timezone: defaultZone,
			Locale:   defaultLocale,
			Hold:     defaultHold,
			Lease:    defaultLease,
		},
	}
	for _, need := range []struct {
		given bool
		field string
		what  string
	}{
		{p.file.name.given(), "name", "a new account needs one: what people call it"},
		{p.file.credentials.given(), "line", "a new account needs channel_secret, and channel_token or channel_id"},
		{p.file.owners.given(), "owners", "a new account needs at least one Slack user id"},
	} {
		if !need.given {
			p.fault(p.file.line, need.field, "is missing; %s", need.what)
		}
	}
}

func (p *planner) plan() {
	f, s := p.file, &p.next.Settings
	set(&s.Name, f.name)
	set(&s.Timezone, f.zone)
	set(&s.Locale, f.locale)
	set(&s.Hold, f.hold)
	set(&s.Lease, f.lease)
	set(&s.Owners, f.owners)
	set(&s.OwnersChannel, f.ownersChannel)
	set(&p.next.LINE, f.credentials)
	if !reflect.DeepEqual(p.next.LINE, p.current.LINE) {
		// They may be another bot's, whose webhooks would all seem to have
		// strayed here. LINE tells again whose they are.
		p.next.BotUserID = ""
	}

	// All names first: a permission set may refer to a tag that is listed below it.
	p.tags = identify(p, tagNames, f.tags, p.current.Settings.Tags, p.applied.Tags)
	p.fields = identify(p, fieldNames, f.fields, p.current.Settings.Fields, p.applied.Fields)
	p.templates = identify(p, templateNames, f.templates, p.current.Settings.Templates, p.applied.Templates)
	p.sets = identify(p, setNames, f.sets, p.current.Settings.PermissionSets, p.applied.PermissionSets)
	p.operators = identify(p, operatorNames, f.operators, p.current.Settings.Operators, p.applied.Operators)

	s.Tags = assemble(tagNames, p.tags, f.tags, p.current.Settings.Tags, func(e entry[tag], id string) routing.Tag {
		return routing.Tag{ID: id, Name: e.name.value}
	})
	s.Fields = assemble(fieldNames, p.fields, f.fields, p.current.Settings.Fields, func(e entry[field], id string) bot.Field {
		return bot.Field{ID: id, Name: e.name.value, Type: e.body.kind, Choices: e.body.choices}
	})
	s.Templates = assemble(templateNames, p.templates, f.templates, p.current.Settings.Templates, func(e entry[template], id string) bot.Template {
		return bot.Template{ID: id, Name: e.name.value, Text: e.body.text.value}
	})
	s.PermissionSets = assemble(setNames, p.sets, f.sets, p.current.Settings.PermissionSets, p.permissionSet)
	s.Operators = assemble(operatorNames, p.operators, f.operators, p.current.Settings.Operators, p.operator)
	if f.rules.given() {
		s.Rules = p.rules()
	}
	p.checkWhole()
}

func set[T any](to *T, from located[T]) {
	if from.given() {
		*to = from.value
	}
}

func (p *planner) permissionSet(e entry[permissionSet], id string) operators.PermissionSet {
	at := fmt.Sprintf("permission set %q", e.name.value)
	s := operators.PermissionSet{
		ID:         id,
		Name:       e.name.value,
		AllFriends: e.body.all,
		FriendTags: p.resolve(p.tags, at+": friends", e.body.friends),
		Rights:     e.body.rights,
	}
	list := func(right operators.Right, known *names) operators.List {
		given := e.body.lists[right]
		l := operators.List{All: given.all}
		if known != nil {
			l.IDs = p.resolve(known, at+": "+string(right), given.names)
		} else {
			l.IDs = values(given.names)
		}
		return l
	}
	s.Rights.Templates = list(operators.Templates, p.templates)
	s.Rights.Fields = list(operators.Fields, p.fields)
	s.Rights.Tags = list(operators.Tags, p.tags)
	// Forms and calendars have no section yet and go by name.
	s.Rights.Forms = list(operators.Forms, nil)
	s.Rights.Calendars = list(operators.Calendars, nil)
	return s
}

func (p *planner) operator(e entry[operator], key string) operators.Operator {
	return operators.Operator{
		Key:            key,
		Name:           e.body.name,
		SlackUser:      e.body.slackUser.value,
		Email:          e.body.email.value,
		PermissionSets: p.resolve(p.sets, fmt.Sprintf("operator %q: permission_sets", key), e.body.sets),
		Also:           e.body.also,
		SlackChannel:   e.body.slackChannel.value,
		Mention:        e.body.mention,
	}
}

func (p *planner) rules() []routing.Rule {
	var rules []routing.Rule
	for i, r := range p.file.rules.value {
		rules = append(rules, routing.Rule{
			When: routing.Condition{TextContains: slices.Clone(r.contains), PostbackData: r.postback, Follow: r.follow},
			Tags: p.resolve(p.tags, fmt.Sprintf("routing[%d].tags", i+1), r.tags),
		})
	}
	return rules
}

// newID makes the id of something new. It panics only where the system has no
// randomness, and then nothing else works either.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
