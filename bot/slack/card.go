package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
)

// The card shows so much of lists that owners may make as long as they like.
const (
	maxTags = 15
	maxSets = 10
)

// cardHead returns what stands above the friend's first messages: who this is,
// in large letters, and how things are, in small ones. The friend's face is the
// post's own picture and not an image block: Slack refuses the whole post when
// it cannot fetch an image of one
// (https://github.com/slackapi/python-slack-sdk/issues/1782).
func (p *post) cardHead(c *bot.CardView) []slackapi.Block {
	var head richText
	p.mention(&head)
	head.add(friendName(p.words, c.Name), bold)
	switch c.Kind {
	case bot.KindGroup:
		head.add(" "+p.words.Say("card.group"), nil)
	case bot.KindRoom:
		head.add(" "+p.words.Say("card.room"), nil)
	}
	head.add("  ", nil)
	for i, tag := range names(c.Tags, maxTags) {
		if i > 0 {
			head.add(" ", nil)
		}
		head.add(tag, chip)
	}
	if len(c.Tags) == 0 {
		head.add(p.words.Say("card.no_tags"), italic)
	}
	blocks := head.blocks()
	blocks = append(blocks, small(p.cardState(c))...)
	for _, hint := range p.cardHints(c) {
		blocks = append(blocks, small(hint)...)
	}
	return blocks
}

func (p *post) cardState(c *bot.CardView) string {
	var parts []string
	if c.WaitingSince > 0 {
		parts = append(parts, p.words.Say("card.waiting", p.clock(c.WaitingSince)))
	}
	if c.AnsweredBy != "" {
		parts = append(parts, p.words.Say("card.answered_by", DisplayName(c.AnsweredBy)))
	}
	if c.InCharge != "" {
		parts = append(parts, p.words.Say("card.in_charge", DisplayName(c.InCharge)))
	}
	if len(c.Sets) > 0 {
		parts = append(parts, p.words.Say("card.sets", strings.Join(names(c.Sets, maxSets), p.words.Say("card.and"))))
	}
	return strings.Join(parts, " · ")
}

// cardHints are what the reader must know before they try to reply.
func (p *post) cardHints(c *bot.CardView) []string {
	var hints []string
	hint := func(holds bool, key string) {
		if holds {
			hints = append(hints, p.words.Say(key))
		}
	}
	group := c.Kind == bot.KindGroup || c.Kind == bot.KindRoom
	hint(c.Blocked && !group, "card.blocked")
	hint(c.Blocked && group, "card.left")
	hint(c.Standby, "card.standby")
	hint(c.Hidden, "card.hidden")
	hint(c.ReadOnly, "card.read_only")
	hint(c.Owner && c.NobodyElse, "card.nobody")
	return hints
}

// names cleans a list and cuts it; the last entry then tells that there is
// more.
func names(list []string, limit int) []string {
	var shown []string
	for i, name := range list {
		if i == limit {
			return append(shown, "…")
		}
		shown = append(shown, cutRunes(DisplayName(name), 40))
	}
	return shown
}

// cardButtons are the card's buttons, all about its friend.
func (p *post) cardButtons(c *bot.CardView) []slackapi.Block {
	actions := make([]bot.Action, 0, len(c.Buttons))
	for _, name := range c.Buttons {
		a := c.Action
		a.Name = name
		actions = append(actions, a)
	}
	return buttons(actions, p.words)
}
