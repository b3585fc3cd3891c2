package slack

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// Command is a slash command as Slack delivers it.
type Command struct {
	TeamID    string `json:"team_id"`
	ChannelID string `json:"channel_id"`
	UserID    string `json:"user_id"`
	Text      string `json:"text"`
}

// asked is what a person wants of /madoguchi.
type asked string

const (
	askWaiting   asked = "waiting"
	askFind      asked = "find"
	askOperators asked = "operators"
	askHelp      asked = "help"
)

var askWords = map[asked][]string{
	askWaiting:   {"", "待ち", "waiting"},
	askFind:      {"探す", "find"},
	askOperators: {"オペレーター", "operators"},
	askHelp:      {"help", "ヘルプ"},
}

// parseCommand reads the words after /madoguchi. Words that it does not know
// are the name of a friend.
func parseCommand(text string) (what asked, name string) {
	text = strings.TrimSpace(PlainText(clean(text), nil, nil))
	first, rest := text, ""
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		first, rest = text[:i], strings.TrimSpace(text[i:])
	}
	for what, known := range askWords {
		switch {
		case !slices.Contains(known, folded(first)):
		case what == askFind && rest == "":
			return askHelp, ""
		case what == askFind:
			return askFind, rest
		case rest == "":
			return what, ""
		}
	}
	return askFind, text
}

// Command answers /madoguchi with a message that only the asker sees. It
// always has an answer; one that could not be found out says so.
func (r *Receiver) Command(ctx context.Context, c Command) []byte {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	w := r.words(ctx, c.UserID, c.ChannelID)
	if r.foreign(c.TeamID) {
		return sayPrivately(w.Say("slack.foreign"))
	}
	what, name := parseCommand(c.Text)
	var listing bot.Listing
	var refusal *bot.Refusal
	var err error
	switch what {
	case askWaiting:
		listing, refusal, err = r.Desk.Waiting(ctx, c.UserID, c.ChannelID)
	case askFind:
		listing, refusal, err = r.Desk.Find(ctx, c.UserID, c.ChannelID, name)
	case askOperators:
		listing, refusal, err = r.Desk.Operators(ctx, c.UserID, c.ChannelID)
	default:
		return sayPrivately(w.Say("slack.help"))
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return sayPrivately(w.Say("slack.busy"))
	case err != nil:
		r.Log.ErrorContext(ctx, "answering a slash command", "what", what, "error", err)
		return sayPrivately(w.Say("slack.failed"))
	case refusal != nil:
		return sayPrivately(Escape(refusal.Words))
	}
	return renderListing(words.In(listing.Locale), listing)
}

// privateAnswer is the answer to a slash command.
type privateAnswer struct {
	Type   string           `json:"response_type"`
	Text   string           `json:"text"`
	Blocks []slackapi.Block `json:"blocks,omitempty"`
}

// sayPrivately takes mrkdwn.
func sayPrivately(text string) []byte {
	return encode(privateAnswer{Type: "ephemeral", Text: text})
}
