package main

import (
	"context"
	"fmt"

	"madoguchi/bot"
	"madoguchi/operators"
)

func (a *knownAccount) people() *operators.Directory {
	s := &a.Settings
	return operators.NewDirectory(s.Owners, s.Operators, s.PermissionSets, a.identities)
}

// lookAtPeople looks for owners and operators in the workspace.
func (d *doctor) lookAtPeople(ctx context.Context, a knownAccount) {
	if d.slack == nil {
		return
	}
	failures := d.failures
	for _, owner := range a.Settings.Owners {
		d.lookAtUser(ctx, a.Slug+" owner "+owner, owner, "correct `owners` in the account file and run `madoguchi apply FILE`")
	}
	people := a.people()
	for _, op := range a.Settings.Operators {
		subject := a.Slug + " operator " + op.Key
		person, _ := people.ByKey(op.Key)
		switch {
		case person.SlackUser != "":
			d.lookAtUser(ctx, subject, person.SlackUser, "correct `slack_user` or `email` of the operator in the account file and run `madoguchi apply FILE`")
		case op.SlackUser != "" || a.identities[op.Key] != "":
			d.fail(subject, "another operator has the same Slack user", "give each operator a Slack user of their own in the account file and run `madoguchi apply FILE`")
		default:
			d.lookForUser(ctx, subject, op.Email)
		}
	}
	if d.failures == failures {
		d.ok(a.Slug+" people", fmt.Sprintf("%s and %s are in the workspace",
			count(len(a.Settings.Owners), "owner"), count(len(a.Settings.Operators), "operator")))
	}
}

func (d *doctor) lookAtUser(ctx context.Context, subject, id, advice string) {
	user, err := patiently(ctx, func() (bot.SlackUserInfo, error) { return d.slack.User(ctx, id) })
	d.judgeUser(subject, id, user, err, advice)
}

// lookForUser is for an operator whom serve has not found yet.
func (d *doctor) lookForUser(ctx context.Context, subject, email string) {
	const advice = "give the operator's `slack_user` in the account file, or the `email` that Slack has, and run `madoguchi apply FILE`"
	if email == "" {
		d.fail(subject, "has neither a Slack user nor an e-mail address", advice)
		return
	}
	user, err := patiently(ctx, func() (bot.SlackUserInfo, error) { return d.slack.UserByEmail(ctx, email) })
	d.judgeUser(subject, email, user, err, advice)
}

func (d *doctor) judgeUser(subject, called string, user bot.SlackUserInfo, err error, advice string) {
	if err != nil {
		if f := bot.AsFailure(err); f.Kind == bot.Permanent {
			d.fail(subject, fmt.Sprintf("%s is not found in the workspace (%s)", called, f.Code), advice)
		} else {
			d.warn(subject, called+" cannot be looked up: "+f.Error(), againAfterSlack)
		}
		return
	}
	switch {
	case user.Deleted:
		d.fail(subject, called+" was deactivated", advice+"; who has left is taken out with `remove: true`")
	case user.Bot:
		d.fail(subject, called+" is a bot", advice)
	}
}
