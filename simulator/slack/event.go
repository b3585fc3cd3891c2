package slack

import (
	"encoding/json"
	"slices"
)

// Event is an event on its way to the app.
type Event struct {
	ID      string // event_id; "" of app_rate_limited
	Type    string
	Subtype string
	Channel string
	User    string
	TS      string // of the message it is about
	Own     bool   // the app itself caused it
	Body    json.RawMessage
}

// notice is something the app may have to be told.
type notice struct {
	name  string // of the subscription: "message.groups", "reaction_added", …
	ch    *channel
	user  string
	ts    string
	own   bool
	event any // with type and event_ts
}

// announce tells of a new message.
func (w *Workspace) announce(ch *channel, m *message, own bool) {
	out := w.wireMessage(m, !own || !w.beliefs.EchoWithoutMetadata)
	if m.root != nil && m.Broadcast {
		out.Root = w.wireMessage(m.root, false)
	}
	out.Channel, out.ChannelType, out.EventTS = ch.id, ch.eventKind(), m.TS
	w.emit(notice{name: "message." + ch.kind(), ch: ch, user: m.User, ts: m.TS, own: own, event: out})
}

// announceChange tells of an edit or a deletion. Such an event has a ts of its
// own.
func (w *Workspace) announceChange(ch *channel, event *wireMessage, own bool) {
	event.TS = formatTS(w.nextTS(ch))
	event.EventTS = event.TS
	event.Channel, event.ChannelType = ch.id, ch.eventKind()
	w.emit(notice{name: "message." + ch.kind(), ch: ch, ts: event.PreviousMessage.TS, own: own, event: event})
}

// emitRoom tells of something that happened to a Slack channel, under the name
// that it has for its kind: group_archive or channel_archive.
func (w *Workspace) emitRoom(ch *channel, what string, more map[string]any) {
	kind := ch.eventKind() + "_" + what
	event := map[string]any{"type": kind, "channel": ch.id, "event_ts": tsOf(w.now())}
	for k, v := range more {
		event[k] = v
	}
	w.emit(notice{name: kind, ch: ch, event: event})
}

// emit sends an event to the app if it is subscribed, sees the Slack channel,
// has the scope, and has events left in this hour. The caller holds mu.
func (w *Workspace) emit(n notice) {
	if !w.hears(n) {
		return
	}
	switch w.meter.take(w.now(), w.opts.EventsPerHour) {
	case overNow:
		w.send(w.rateLimitedEvent())
		return
	case over:
		return
	}
	inner, err := json.Marshal(n.event)
	if err != nil {
		w.opts.Logger.Error("encode an event", "name", n.name, "error", err)
		return
	}
	var head struct {
		Type    string `json:"type"`
		Subtype string `json:"subtype"`
	}
	if err := json.Unmarshal(inner, &head); err != nil {
		w.opts.Logger.Error("read an event back", "name", n.name, "error", err)
		return
	}
	e := Event{ID: newID("Ev"), Type: head.Type, Subtype: head.Subtype, User: n.user, TS: n.ts, Own: n.own}
	if n.ch != nil {
		e.Channel = n.ch.id
	}
	e.Body = w.envelope(e.ID, inner, n.ch != nil && len(n.ch.shared) > 0)
	w.send(e)
}

func (w *Workspace) hears(n notice) bool {
	switch {
	case w.lost != "" && n.name != "tokens_revoked" && n.name != "app_uninstalled":
		return false
	case w.opts.Subscriptions != nil && !slices.Contains(w.opts.Subscriptions, n.name):
		return false
	case n.ch == nil:
		return true
	case !n.ch.has(w.opts.BotUserID):
		return false
	case n.name == "message."+n.ch.kind():
		return slices.Contains(w.scopes, n.ch.kind()+":history")
	}
	return true
}

// envelope wraps an event as the Events API does.
func (w *Workspace) envelope(id string, inner json.RawMessage, shared bool) json.RawMessage {
	body, err := json.Marshal(map[string]any{
		"token": "simulated-verification-token", "team_id": w.opts.TeamID, "context_team_id": w.opts.TeamID,
		"context_enterprise_id": nil, "api_app_id": w.opts.AppID, "event": inner, "type": "event_callback",
		"event_id": id, "event_time": w.now().Unix(), "is_ext_shared_channel": shared,
		"event_context": "4-" + id,
		"authorizations": []map[string]any{{
			"enterprise_id": nil, "team_id": w.opts.TeamID, "user_id": w.opts.BotUserID,
			"is_bot": true, "is_enterprise_install": false,
		}},
	})
	if err != nil {
		w.opts.Logger.Error("encode an envelope", "error", err)
	}
	return body
}

func (w *Workspace) rateLimitedEvent() Event {
	now := w.now().Unix()
	body, err := json.Marshal(map[string]any{
		"token": "simulated-verification-token", "type": "app_rate_limited", "team_id": w.opts.TeamID,
		"minute_rate_limited": now - now%60, "api_app_id": w.opts.AppID,
	})
	if err != nil {
		w.opts.Logger.Error("encode app_rate_limited", "error", err)
	}
	return Event{Type: "app_rate_limited", Body: body}
}
