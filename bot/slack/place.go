package slack

import (
	"strings"

	"madoguchi/bot"
)

// replyKey names a reply by where it stands, so that an event, its redelivery
// under another event id and the sweep all mean the same reply.
func replyKey(teamID, channelID, ts string) string {
	return join("msg", teamID, channelID, ts)
}

// threadLane is the lane of everything said in one thread. A message outside
// any thread has the lane of the thread that it would open.
func threadLane(teamID, channelID, threadTS, ts string) string {
	return join("slack", teamID, firstOf(channelID, "-"), firstOf(threadTS, ts, "-"))
}

// channelLane is the lane of events about a Slack channel, or about none.
func channelLane(teamID, channelID string) string {
	return join("slack", teamID, firstOf(channelID, "-"))
}

func join(parts ...string) string {
	return strings.Join(parts, ":")
}

// place says under which key, in which lane and for when an event is stored.
// eventTS is Slack's time of the event itself, now ours.
func (env envelope) place(ev bot.SlackEvent, eventTS, bodyDigest string, now int64) (key, lane string, at int64) {
	team := env.TeamID
	key = join("ev", firstOf(env.EventID, bodyDigest))
	at = firstTime(now, eventTS)
	switch {
	case ev.Reply != nil:
		e := ev.Reply
		return replyKey(team, e.ChannelID, e.TS), threadLane(team, e.ChannelID, e.ThreadTS, e.TS), firstTime(now, e.TS)
	case ev.Direct != nil:
		e := ev.Direct
		return replyKey(team, e.ChannelID, e.TS), threadLane(team, e.ChannelID, e.ThreadTS, e.TS), firstTime(now, e.TS)
	case ev.Edit != nil:
		e := ev.Edit
		key = join("edit", team, e.ChannelID, e.TS, e.EditedTS)
		return key, threadLane(team, e.ChannelID, e.ThreadTS, e.TS), firstTime(now, e.EditedTS)
	case ev.Delete != nil:
		return key, threadLane(team, ev.Delete.ChannelID, ev.Delete.ThreadTS, ev.Delete.TS), at
	case ev.Member != nil:
		return key, channelLane(team, ev.Member.ChannelID), at
	case ev.Room != nil:
		return key, channelLane(team, ev.Room.ChannelID), at
	case ev.Limit != nil:
		// This envelope has no id.
		return join("limit", team, bodyDigest), channelLane(team, ""), now
	default:
		return key, channelLane(team, ""), at
	}
}

// firstTime is the first ts that is one, in Unix milliseconds, or now.
func firstTime(now int64, candidates ...string) int64 {
	for _, ts := range candidates {
		if ms, ok := millis(ts); ok {
			return ms
		}
	}
	return now
}
