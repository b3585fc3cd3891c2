package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"madoguchi/bot"
)

// lookAtSlackChannels compares the Slack channels of an account with what they
// must be.
func (d *doctor) lookAtSlackChannels(ctx context.Context, a knownAccount) {
	d.lookAtSlackChannel(ctx, a, bot.OwnersPlace, a.Settings.Owners)
	people := a.people()
	for _, op := range a.Settings.Operators {
		belong := slices.Clone(op.Also)
		if person, _ := people.ByKey(op.Key); person.SlackUser != "" {
			belong = append(belong, person.SlackUser)
		}
		d.lookAtSlackChannel(ctx, a, op.Key, belong)
	}
}

// lookAtSlackChannel looks at one. belong are the Slack users who must be in it.
func (d *doctor) lookAtSlackChannel(ctx context.Context, a knownAccount, place string, belong []string) {
	subject := a.Slug + " Slack channel of " + place
	c := a.channels[place]
	if c.ChannelID == "" && c.State == bot.ChannelStopped {
		d.stopped(subject, c.Reason)
		return
	}
	if c.ChannelID == "" {
		d.warn(subject, "is not made yet",
			"`madoguchi serve` makes it at its start; if it runs, its log says why Slack refuses. "+
				"On restricted_action, make a private one by hand, invite the bot, and name it in the account file (docs/setup-slack.md)")
		return
	}
	reason := ""
	if c.State == bot.ChannelStopped {
		reason = c.Reason
	}
	if d.slack == nil {
		if reason != "" {
			d.stopped(subject, reason)
		}
		return
	}
	room, present, err := d.enter(ctx, c.ChannelID)
	if err != nil {
		switch f := bot.AsFailure(err); {
		case f.Code == "channel_not_found":
			d.stopped(subject, f.Code)
		case f.Code == "missing_scope" && slices.Contains(d.self.Scopes, "groups:read"):
			// It shows private ones, so this one is not private any more.
			d.stopped(subject, "public")
		default:
			d.warn(subject, "cannot be looked at: "+f.Error(), againAfterSlack)
		}
		return
	}
	if trouble := roomTrouble(room); trouble != "" {
		d.stopped(subject, trouble)
		return
	}
	may := append(slices.Clone(a.Settings.Owners), d.self.BotUserID)
	d.lookAtMembers(subject, room.Name, reason, belong, may, present)
}

// enter returns a Slack channel and, where the bot is in it, who else is.
func (d *doctor) enter(ctx context.Context, channelID string) (room bot.Room, present []string, err error) {
	room, err = patiently(ctx, func() (bot.Room, error) { return d.slack.Channel(ctx, channelID) })
	if err == nil && room.Member {
		present, err = patiently(ctx, func() ([]string, error) { return d.slack.Members(ctx, channelID) })
	}
	return room, present, err
}

// roomTrouble is the reason for which serve posts nothing there, or "".
func roomTrouble(room bot.Room) string {
	switch {
	case room.Archived:
		return "archived"
	case !room.Private:
		return "public"
	case room.Shared:
		return "shared"
	case !room.Member:
		return "not_in_channel"
	default:
		return ""
	}
}

func (d *doctor) lookAtMembers(subject, name, reason string, belong, may, present []string) {
	missing := slices.DeleteFunc(slices.Clone(belong), func(user string) bool { return slices.Contains(present, user) })
	strangers := slices.DeleteFunc(slices.Clone(present), func(user string) bool {
		return slices.Contains(belong, user) || slices.Contains(may, user)
	})
	switch {
	case len(strangers) > 0:
		d.fail(subject, fmt.Sprintf("#%s is read by somebody who may not: %s", name, strings.Join(strangers, ", ")),
			"remove them in Slack, or list them under `also` of the operator in the account file and run `madoguchi apply FILE`")
	case len(missing) > 0:
		d.fail(subject, fmt.Sprintf("#%s lacks %s", name, strings.Join(missing, ", ")),
			"`madoguchi serve` invites them; where Slack refuses that (guests), invite them in Slack")
	case reason != "":
		d.warn(subject, fmt.Sprintf("#%s is stopped (%s), though nothing is wrong with it now", name, reason),
			"serve looks again within the hour, and at its start: restart it to have it at once")
	default:
		d.ok(subject, "#"+name)
	}
}

// stopped tells why nothing is posted in a Slack channel.
func (d *doctor) stopped(subject, reason string) {
	const after = "; serve goes on with it within the hour, or when it is restarted"
	found, advice := "stopped: "+reason, "see the log of `madoguchi serve`, and restart it when the cause is gone"
	switch strings.TrimPrefix(reason, "checking_") {
	case "channel_not_found":
		found = "Slack does not show it to this bot"
		advice = "have a member invite the bot again (/invite @Madoguchi); if the bot token is of another workspace than before, give the one from before" + after
	case "archived":
		found, advice = "it is archived", "unarchive it in Slack (bots cannot)"+after
	case "public":
		found, advice = "it is public: everybody in the workspace could read along", "make it private again in its settings in Slack"+after
	case "shared":
		found, advice = "it is shared with another workspace", "end the sharing in its settings in Slack"+after
	case "not_in_channel":
		found, advice = "the bot is not in it", "invite the bot: /invite @Madoguchi"+after
	case "taken":
		found = "the one that the account file names is another account's or operator's already"
		advice = "name another private one in the account file, or none for one that the bot makes, and run `madoguchi apply FILE`"
	case "stranger":
		found = "somebody is in it who may not read along and cannot be removed"
		advice = "remove them in Slack, or list them under `also` in the account file and run `madoguchi apply FILE`"
	}
	d.fail(subject, found, advice)
}
