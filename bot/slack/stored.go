package slack

import (
	"encoding/json"
	"errors"
	"fmt"

	"madoguchi/bot"
)

// kind says what the body of a stored event is.
type kind string

const (
	kindEvent       kind = "event"       // an Events API envelope
	kindInteraction kind = "interaction" // an interaction payload
	kindSwept       kind = "swept"       // a reply that the sweep found
)

// stored is the form in which an event from Slack waits in the inbox: what Slack
// said, without what our own posts say, and what it does not say itself.
type stored struct {
	Kind kind            `json:"kind"`
	Bot  string          `json:"bot,omitempty"` // our bot id when the event arrived
	Body json.RawMessage `json:"body"`
}

var errNotJSON = errors.New("not valid JSON")

// encode refuses a body that is not JSON; what it returns always decodes.
func (s stored) encode() ([]byte, error) {
	if !json.Valid(s.Body) {
		return nil, errNotJSON
	}
	s.Body = withoutPosts(s.Body)
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, errNotJSON // the SDK's error would quote the body
	}
	return raw, nil
}

// Decode reads an event as it was stored. It is pure: the same bytes always
// give the same event. The zero SlackEvent (but for TeamID) stands for what
// the relay ignores. Errors quote nothing of raw.
func Decode(raw []byte) (bot.SlackEvent, error) {
	var s stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return bot.SlackEvent{}, fmt.Errorf("decode a stored Slack event: %w", errNotJSON)
	}
	switch s.Kind {
	case kindEvent:
		env, err := decodeEnvelope(s.Body)
		if err != nil {
			return bot.SlackEvent{}, err
		}
		return env.decode(s.Bot)
	case kindInteraction:
		in, err := decodeInteraction(s.Body)
		if err != nil {
			return bot.SlackEvent{}, err
		}
		return in.decode(), nil
	case kindSwept:
		return decodeSwept(s.Body)
	default:
		return bot.SlackEvent{}, errors.New("decode a stored Slack event: unknown kind")
	}
}
