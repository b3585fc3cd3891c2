package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"madoguchi/bot"
)

// ErrNotOurAction is returned by DecodeAction for an element that carries no
// action of ours: a link button, or a field of a modal.
var ErrNotOurAction = errors.New("not an action of ours")

// EncodeAction returns the action_id and value of the element that stands for
// a. The id ends in a digest of the value, because Slack wants the ids of one
// message to differ and a message may offer the same action on two replies.
func EncodeAction(a bot.Action) (actionID, value string) {
	value = encodeAction(a)
	sum := sha256.Sum256([]byte(value))
	return string(a.Name) + ":" + hex.EncodeToString(sum[:4]), value
}

// DecodeAction is the inverse of EncodeAction. The name is read from both
// places and must agree, so that an element of something else is never taken
// for ours.
func DecodeAction(actionID, value string) (bot.Action, error) {
	name, _, found := strings.Cut(actionID, ":")
	if !found || name == "" || value == "" {
		return bot.Action{}, ErrNotOurAction
	}
	a, ok := decodeAction(value)
	if !ok || string(a.Name) != name {
		return bot.Action{}, ErrNotOurAction
	}
	return a, nil
}

// encodeAction is the form in which an action travels in an element's value
// and in a view's private_metadata.
func encodeAction(a bot.Action) string {
	raw, err := json.Marshal(a)
	if err != nil {
		panic(fmt.Errorf("encode an action: %w", err)) // a struct of strings cannot fail
	}
	return string(raw)
}

// decodeAction reports false for what encodeAction did not make.
func decodeAction(value string) (bot.Action, bool) {
	var a bot.Action
	if json.Unmarshal([]byte(value), &a) != nil || a.Name == "" {
		return bot.Action{}, false
	}
	return a, true
}
