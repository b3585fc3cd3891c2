package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	channelNameMax = 80
	nameTries      = 20
)

// channelMark is what stands in the topic, by which a Slack channel is known as
// the one made for a row, when the answer to its making was lost.
func channelMark(c SlackChannel) string { return "madoguchi:" + c.ID }

// reconcile brings one Slack channel in line with what is wanted: made, named,
// private, its members those who may be there, and ready or stopped.
func (r *Relay) reconcile(ctx context.Context, c Call) error {
	id, ok := r.Identity()
	if !ok {
		return &Failure{Kind: Transient, Code: "identity_unknown"}
	}
	var channel SlackChannel
	var o *office
	if err := r.lookUp(ctx, func(tx Tx) (err error) {
		if channel, err = tx.SlackChannel(c.Ref); err != nil {
			return err
		}
		o, err = r.office(tx, channel.AccountID)
		return err
	}); err != nil {
		return err
	}
	pass := reconciling{relay: r, office: o, channel: channel, seen: channel, bot: id}
	if err := pass.run(ctx); !errors.Is(err, errOvertaken) {
		return err
	}
	return nil
}

// errOvertaken ends a pass over a Slack channel of which something else became
// known meanwhile: whoever noted that has asked for a pass of its own.
var errOvertaken = errors.New("the Slack channel was changed meanwhile")

// reconciling is one pass over one Slack channel.
type reconciling struct {
	relay   *Relay
	office  *office
	channel SlackChannel
	seen    SlackChannel // as it was read or saved last
	bot     SlackIdentity
	room    Room
}

func (c *reconciling) run(ctx context.Context) error {
	removed := c.removed()
	if removed && c.channel.ChannelID == "" {
		return c.set(ctx, ChannelClosed, "", "")
	}
	if given := c.given(); c.channel.ChannelID == "" || given != "" && given != c.channel.ChannelID {
		if err := c.make(ctx); err != nil || c.channel.ChannelID == "" {
			return err
		}
	}
	room, err := c.relay.Slack.Channel(ctx, c.channel.ChannelID)
	switch f := failureOf(err); {
	case f == nil:
	case removed && (f.Code == "channel_not_found" || f.Code == "missing_scope"):
		return c.set(ctx, ChannelClosed, "", "") // nobody can be taken out of it
	case f.Code == "channel_not_found":
		return c.set(ctx, ChannelStopped, f.Code, "relay.channel_lost")
	case f.Code == "missing_scope":
		// The app's scopes let it look at private Slack channels only.
		return c.set(ctx, ChannelStopped, "public", "relay.channel_public")
	default:
		return err
	}
	c.room = room
	switch {
	case removed:
		return c.close(ctx)
	case room.Archived:
		return c.set(ctx, ChannelStopped, "archived", "relay.channel_archived")
	case !room.Private:
		return c.set(ctx, ChannelStopped, "public", "relay.channel_public")
	case room.Shared:
		return c.set(ctx, ChannelStopped, "shared", "relay.channel_shared")
	case !room.Member:
		return c.set(ctx, ChannelStopped, "not_in_channel", "relay.channel_left")
	}
	return c.members(ctx)
}

func (c *reconciling) removed() bool {
	if c.channel.Place == OwnersPlace {
		return false
	}
	_, ok := c.office.people.ByKey(c.channel.Place)
	return !ok
}

// make finds or makes the Slack channel. Where the one that the account file
// names is another place's, the place keeps what it has, if only nothing.
func (c *reconciling) make(ctx context.Context) error {
	if given := c.given(); given != "" {
		return c.take(ctx, given)
	}
	own, err := c.relay.Slack.OwnChannels(ctx)
	if err != nil {
		return err
	}
	for _, room := range own {
		if strings.Contains(room.Topic, channelMark(c.channel)) {
			return c.adopt(ctx, room)
		}
	}
	for n := range nameTries {
		name := c.name(n)
		// A Slack channel of that name that we made and nobody uses is the one
		// whose making was not recorded.
		if i := slices.IndexFunc(own, func(room Room) bool {
			return room.Name == name && room.Creator == c.bot.BotUserID && room.Topic == "" && !room.Archived
		}); i >= 0 {
			free, err := c.unclaimed(ctx, own[i])
			if err != nil {
				return err
			}
			if free {
				return c.adopt(ctx, own[i])
			}
		}
		room, err := c.relay.Slack.CreateChannel(ctx, name)
		if f := failureOf(err); f != nil {
			if f.Code == "name_taken" {
				continue
			}
			if f.Kind == Permanent || f.Kind == Misconfigured {
				c.relay.Log.Error("Slack channel cannot be made", "name", name, "code", f.Code)
				if c.channel.Place != OwnersPlace {
					if err := c.tell(ctx, "relay.cannot_make_channel", name, f.Code); err != nil {
						return err
					}
				}
			}
			return err
		}
		return c.adopt(ctx, room)
	}
	return &Failure{Kind: Permanent, Code: "name_taken"}
}

// take makes the Slack channel that the account file names this place's.
func (c *reconciling) take(ctx context.Context, given string) error {
	var holder SlackChannel
	err := c.relay.lookUp(ctx, func(tx Tx) (err error) {
		holder, err = tx.SlackChannelBySlackID(c.bot.TeamID, given)
		return ignoreNotFound(err)
	})
	if err != nil {
		return err
	}
	if holder.ID != "" && holder.ID != c.channel.ID {
		return c.refuseTaken(ctx, holder)
	}
	c.channel.ChannelID, c.channel.TeamID = given, c.bot.TeamID
	return c.save(ctx)
}

// refuseTaken tells the owners of both places, and the log, that one Slack
// channel cannot be two places'. The owners of this place may have none to read
// it in.
func (c *reconciling) refuseTaken(ctx context.Context, holder SlackChannel) error {
	var theirs *office
	if err := c.relay.lookUp(ctx, func(tx Tx) (err error) {
		theirs, err = c.relay.office(tx, holder.AccountID)
		return err
	}); err != nil {
		return err
	}
	c.relay.Log.Error("the Slack channel that the account file names is another place's", "account", c.office.Slug, "place", c.channel.Place,
		"slack_channel", holder.ChannelID, "its_account", theirs.Slug, "its_place", holder.Place)
	if c.channel.ChannelID == "" {
		if err := c.set(ctx, ChannelStopped, "taken", ""); err != nil {
			return err
		}
	}
	told := []*office{theirs}
	if c.office.ID != theirs.ID && c.channel.Place != OwnersPlace {
		told = append(told, c.office)
	}
	for _, o := range told {
		text := o.words.Say("relay.channel_taken", holder.ChannelID, c.office.Slug, c.channel.Place, theirs.Slug, holder.Place)
		if err := c.tellOnce(ctx, o, "relay.channel_taken:"+o.ID+":"+holder.ChannelID, text); err != nil {
			return err
		}
	}
	return nil
}

func (c *reconciling) given() string {
	if c.channel.Place == OwnersPlace {
		return c.office.Settings.OwnersChannel
	}
	op, _ := c.office.people.Operator(c.channel.Place)
	return op.SlackChannel
}

func (c *reconciling) name(n int) string {
	name := "line-" + c.office.Slug + "-" + c.channel.Place
	if n > 0 {
		name = fmt.Sprintf("%s-%d", name, n+1)
	}
	return name[:min(len(name), channelNameMax)]
}

func (c *reconciling) unclaimed(ctx context.Context, room Room) (free bool, err error) {
	err = c.relay.lookUp(ctx, func(tx Tx) error {
		_, err := tx.SlackChannelBySlackID(c.bot.TeamID, room.ID)
		free = errors.Is(err, ErrNotFound)
		return ignoreNotFound(err)
	})
	return free, err
}

// adopt stores which Slack channel it is, and marks it so that it is found
// again whatever happens next.
func (c *reconciling) adopt(ctx context.Context, room Room) error {
	c.channel.ChannelID, c.channel.TeamID, c.channel.Name = room.ID, c.bot.TeamID, room.Name
	if err := c.save(ctx); err != nil {
		return err
	}
	if strings.Contains(room.Topic, channelMark(c.channel)) {
		return nil
	}
	topic := c.office.words.Say("relay.channel_topic", c.office.Settings.Name) + " [" + channelMark(c.channel) + "]"
	err := c.relay.Slack.SetTopic(ctx, room.ID, topic)
	if f := failureOf(err); f != nil && f.Kind != Permanent {
		return err
	}
	return nil
}

func (c *reconciling) save(ctx context.Context) error {
	return c.change(ctx, func(tx Tx) error { return tx.SaveSlackChannel(&c.channel) })
}

// change runs fn with the row locked and as this pass knows it.
func (c *reconciling) change(ctx context.Context, fn func(Tx) error) error {
	overtaken := false
	if err := c.relay.inStore(ctx, func(tx Tx) error {
		now, err := tx.LockSlackChannel(c.channel.ID)
		if overtaken = now != c.seen; err != nil || overtaken {
			return err
		}
		return fn(tx)
	}); err != nil {
		return err
	}
	if overtaken {
		return errOvertaken
	}
	c.seen = c.channel
	return nil
}

// tell says something to the owners once an hour.
func (c *reconciling) tell(ctx context.Context, key string, args ...any) error {
	return c.tellOnce(ctx, c.office, fmt.Sprintf("%s:%s:%v", key, c.channel.ID, args), c.office.words.Say(key, args...))
}

// tellOnce says a text to the owners of an account once an hour; what names it.
func (c *reconciling) tellOnce(ctx context.Context, o *office, what, text string) error {
	return c.relay.inStore(ctx, func(tx Tx) error {
		told, err := tx.CountFollow("told:"+what, hourOf(tx.Now()))
		if err != nil || told > 1 {
			return err
		}
		return c.relay.tellOwners(tx, o, text)
	})
}

// set stores a state, and wakes whatever waited for it: becoming ready lets
// everything go on, and closing ends it. Stopping is told to the owners, once.
func (c *reconciling) set(ctx context.Context, state SlackChannelState, reason, words string) error {
	return c.change(ctx, func(tx Tx) error {
		if c.seen.State == state && c.seen.Reason == reason && c.seen.ChannelID == c.channel.ChannelID {
			return nil
		}
		if c.room.Name != "" {
			c.channel.Name = c.room.Name
		}
		c.channel.State, c.channel.Reason = state, reason
		if err := tx.SaveSlackChannel(&c.channel); err != nil {
			return err
		}
		tx.Poke(LanePost, postLane(c.channel.ID), 0)
		if state == ChannelReady {
			if err := c.relay.redrawStale(tx, c.channel); err != nil {
				return err
			}
		}
		if words == "" {
			return nil
		}
		c.relay.Log.Warn("Slack channel stopped", "account", c.office.Slug, "place", c.channel.Place, "reason", reason)
		return c.relay.tellOwners(tx, c.office, c.office.words.Say(words, c.channel.Name))
	})
}

// askReconcile has the Slack channels of an account looked at.
func (r *Relay) askReconcile(tx Tx, accountID string) error {
	channels, err := tx.SlackChannels(accountID)
	if err != nil {
		return err
	}
	for _, c := range channels {
		if c.State == ChannelClosed {
			continue
		}
		if err := r.addTask(tx, accountID, CallReconcile, c.ID); err != nil {
			return err
		}
	}
	return nil
}
