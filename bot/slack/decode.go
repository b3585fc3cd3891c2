package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"madoguchi/bot"
)

// The structs of decode*.go hold only what the relay needs and are read with
// as little trust as possible: the SDK's own parser gives up on a whole event
// when one block of it is malformed.

// lenient reads a T, or its zero value where Slack sent something else: for
// members that may be missing without changing what the event says.
type lenient[T any] struct{ V T }

func (l *lenient[T]) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &l.V); err != nil {
		l.V = *new(T)
	}
	return nil
}

// envelope is the outer part of what the Events API delivers.
type envelope struct {
	Type        string          `json:"type"`
	TeamID      string          `json:"team_id"`
	APIAppID    string          `json:"api_app_id"`
	EventID     string          `json:"event_id"`
	EventTime   lenient[int64]  `json:"event_time"`
	Shared      lenient[bool]   `json:"is_ext_shared_channel"`
	Event       json.RawMessage `json:"event"`
	Challenge   string          `json:"challenge"`
	MinuteStart int64           `json:"minute_rate_limited"`
}

var errUnreadable = errors.New("not in a form that Slack documents")

func decodeEnvelope(body []byte) (envelope, error) {
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		return envelope{}, fmt.Errorf("decode an Events API envelope: %w", errUnreadable)
	}
	return env, nil
}

// head is what every inner event has.
type head struct {
	Type    string          `json:"type"`
	EventTS lenient[string] `json:"event_ts"`
}

// decode reads the inner event. selfBot is our own bot id, "" when unknown.
func (env envelope) decode(selfBot string) (bot.SlackEvent, error) {
	out := bot.SlackEvent{TeamID: env.TeamID}
	if env.Type == "app_rate_limited" {
		out.Limit = &bot.SlackLimit{MinuteStart: env.MinuteStart}
		return out, nil
	}
	if env.Type != "event_callback" {
		return out, nil
	}
	var h head
	if err := json.Unmarshal(env.Event, &h); err != nil {
		return out, fmt.Errorf("decode an event: %w", errUnreadable)
	}
	var err error
	switch h.Type {
	case "message":
		err = env.decodeMessage(selfBot, &out)
	case "member_joined_channel", "member_left_channel":
		out.Member, err = env.decodeMember(h.Type)
	case "user_change", "team_join":
		out.User, err = env.decodeUser()
	case "app_uninstalled":
		out.User = &bot.SlackUserChange{Revoked: true}
	case "tokens_revoked":
		out.User, err = env.decodeRevoked()
	default:
		out.Room, err = env.decodeRoom(h.Type)
	}
	if err != nil {
		return out, fmt.Errorf("decode a %s event: %w", plainName(h.Type), err)
	}
	return out, nil
}

// plainName keeps anything but an event type out of an error.
func plainName(s string) string {
	if len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "nameless"
	}
	return s
}

// millis converts a ts such as 1700000000.000100 to Unix milliseconds.
func millis(ts string) (int64, bool) {
	whole, fraction, _ := strings.Cut(ts, ".")
	seconds, err := strconv.ParseUint(whole, 10, 40)
	if err != nil {
		return 0, false
	}
	ms, err := strconv.ParseUint((fraction + "000")[:3], 10, 16)
	if err != nil {
		return 0, false
	}
	return int64(seconds)*1000 + int64(ms), true
}

// isTS reports whether ts can name a message.
func isTS(ts string) bool {
	_, ok := millis(ts)
	return ok && len(ts) <= 32 && strings.Contains(ts, ".")
}

// clean replaces NUL, which is valid JSON but which a database refuses.
func clean(s string) string {
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// firstOf returns the first that is not empty.
func firstOf(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}
