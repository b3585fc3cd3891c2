package slack

import (
	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// itemBlocks renders the items one below the other, in as few blocks as their
// buttons allow.
func (p *post) itemBlocks(f frugality) []slackapi.Block {
	var blocks []slackapi.Block
	var rich richText
	flush := func() {
		blocks = append(blocks, rich.blocks()...)
		rich = richText{}
	}
	if p.view.Card == nil {
		p.mention(&rich)
	}
	for i, item := range p.view.Items[:f.items] {
		begins, ends := p.historyEdges(i)
		if ends {
			flush()
			blocks = append(blocks, slackapi.NewDividerBlock())
		}
		if begins {
			rich.newLine()
			rich.add(p.words.Say("item.context"), bold)
		}
		p.item(&rich, item, f)
		if len(item.Buttons) > 0 {
			flush()
			blocks = append(blocks, buttons(item.Buttons, p.words)...)
		}
	}
	flush()
	if left := len(p.view.Items) - f.items; left > 0 {
		blocks = append(blocks, small(p.words.Say("item.more", left))...)
	}
	return blocks
}

// historyEdges reports whether the earlier messages that are shown for context
// begin with item i, and whether they ended before it.
func (p *post) historyEdges(i int) (begins, ends bool) {
	now := p.view.Items[i].Context
	before := i > 0 && p.view.Items[i-1].Context
	return now && !before, !now && before
}

func (p *post) item(rich *richText, item bot.ItemView, f frugality) {
	s := p.say(item)
	quoted := ""
	if !item.Hidden && !item.Unsent {
		quoted = cutUnits(oneLine(readable(item.Quoted)), maxAddress)
	}
	if quoted == "" {
		rich.newLine()
	} else {
		rich.quote(quoted)
	}
	switch {
	case item.At <= 0:
	case item.Late:
		rich.add(p.words.Say("item.late", p.clock(item.At)), italic)
		rich.newLine()
	case len(p.view.Items) > 1 || item.Context:
		style := chip
		if f.plainTimes {
			style = nil
		}
		rich.add(p.clock(item.At), style)
		rich.add(" ", nil)
	}
	if s.label != "" {
		rich.add(s.label, bold)
		if len(p.view.Items) == 1 && s.text != "" {
			rich.newLine()
		} else {
			rich.add(": ", nil)
		}
	}
	if s.text == "" && s.aside == "" {
		s.aside = p.words.Say("item.empty")
	}
	rich.add(shorten(s.text, f.text, p.words), nil)
	if s.aside != "" {
		if s.text != "" {
			rich.add(" ", nil)
		}
		rich.add(s.aside, italic)
	}
	if s.place != "" {
		rich.add(" ", nil)
		rich.link(s.place, p.words.Say("item.map"))
	}
}

// shorten cuts text to limit UTF-16 units and says how much is missing.
func shorten(text string, limit int, w words.Catalogue) string {
	kept := cutUnits(text, limit)
	if kept == text {
		return text
	}
	return kept + w.Say("item.cut", units(text[len(kept):]))
}
