package bot

import (
	"context"
	"slices"
)

// members are the Slack users who belong in a Slack channel, and those who may
// be there if they care to.
func (o *office) members(place string) (belong, may []string) {
	if place == OwnersPlace {
		return o.Settings.Owners, nil
	}
	op, _ := o.people.Operator(place)
	p, _ := o.people.ByKey(place)
	if p.SlackUser != "" {
		belong = append(belong, p.SlackUser)
	}
	return append(belong, op.Also...), o.Settings.Owners
}

// members removes who must not be there and invites who is missing. Where
// somebody cannot be removed, posting stops: they would read along.
func (c *reconciling) members(ctx context.Context) error {
	if err := c.findOperator(ctx); err != nil {
		return err
	}
	belong, may := c.office.members(c.channel.Place)
	present, err := c.relay.Slack.Members(ctx, c.channel.ChannelID)
	if err != nil {
		return err
	}
	for _, user := range present {
		if user == c.bot.BotUserID || slices.Contains(belong, user) || slices.Contains(may, user) {
			continue
		}
		if f := failureOf(c.relay.Slack.Kick(ctx, c.channel.ChannelID, user)); f != nil {
			if f.Kind == Permanent || f.Kind == Misconfigured {
				return c.set(ctx, ChannelStopped, "stranger", "relay.channel_stranger")
			}
			return f
		}
		if err := c.tell(ctx, "relay.stranger_removed", c.nameOf(ctx, user), c.channel.Name); err != nil {
			return err
		}
	}
	for _, user := range belong {
		if slices.Contains(present, user) {
			continue
		}
		ended, err := c.ended(ctx, user)
		if err != nil {
			return err
		}
		if ended {
			continue
		}
		if f := failureOf(c.relay.Slack.Invite(ctx, c.channel.ChannelID, user)); f != nil {
			if f.Kind != Permanent {
				return f
			}
			if err := c.tell(ctx, "relay.cannot_invite", c.nameOf(ctx, user), f.Code); err != nil {
				return err
			}
		}
	}
	return c.set(ctx, ChannelReady, "", "")
}

// ended reports whether a Slack user's account was ended. Who is known as that
// is looked at again: the event that they are back may have been missed.
func (c *reconciling) ended(ctx context.Context, userID string) (bool, error) {
	if !slices.Contains(c.office.inactive, userID) {
		return false, nil
	}
	user, err := c.relay.Slack.User(ctx, userID)
	if err != nil || user.Deleted {
		return err == nil, err
	}
	return false, c.relay.inStore(ctx, func(tx Tx) error {
		_, err := tx.SetInactive(c.office.ID, userID, false)
		return err
	})
}

// findOperator looks an operator up by e-mail where the account file gives no
// Slack user.
func (c *reconciling) findOperator(ctx context.Context) error {
	op, ok := c.office.people.Operator(c.channel.Place)
	p, _ := c.office.people.ByKey(c.channel.Place)
	if !ok || p.SlackUser != "" {
		return nil
	}
	if op.Email == "" {
		return c.tell(ctx, "relay.operator_unknown", op.Name)
	}
	user, err := c.relay.Slack.UserByEmail(ctx, op.Email)
	if f := failureOf(err); f != nil {
		if f.Kind != Permanent {
			return err
		}
		return c.tell(ctx, "relay.operator_unknown", op.Name)
	}
	if user.Deleted || user.Bot {
		return c.tell(ctx, "relay.operator_unknown", op.Name)
	}
	return c.relay.inStore(ctx, func(tx Tx) error {
		if err := tx.SetIdentity(c.office.ID, op.Key, op.Email, user.ID); err != nil {
			return err
		}
		var err error
		c.office, err = c.relay.office(tx, c.office.ID)
		return err
	})
}

// close takes everybody out of the Slack channel of an operator who was
// removed, except owners; retention archives it later.
func (c *reconciling) close(ctx context.Context) error {
	present, err := c.relay.Slack.Members(ctx, c.channel.ChannelID)
	if err != nil {
		return err
	}
	for _, user := range present {
		if user == c.bot.BotUserID || slices.Contains(c.office.Settings.Owners, user) {
			continue
		}
		if f := failureOf(c.relay.Slack.Kick(ctx, c.channel.ChannelID, user)); f != nil {
			if f.Kind != Permanent {
				return f
			}
			if err := c.tell(ctx, "relay.cannot_remove", c.nameOf(ctx, user), c.channel.Name); err != nil {
				return err
			}
		}
	}
	return c.set(ctx, ChannelClosed, "", "")
}

// nameOf is what owners know a Slack user by: a notice mentions nobody.
func (c *reconciling) nameOf(ctx context.Context, userID string) string {
	user, err := c.relay.Slack.User(ctx, userID)
	if err != nil || user.Name == "" {
		return userID
	}
	return user.Name
}
