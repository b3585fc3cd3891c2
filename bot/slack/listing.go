package slack

import (
	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// maxPrivate keeps the answer to a slash command, with what Socket Mode wraps
// around it, under the 20 KB from which on Slack drops it without a word.
const maxPrivate = 18_000

// maxDetail is how many UTF-16 units of one entry's detail are shown.
const maxDetail = 200

// renderListing shows as many entries as one answer can take, and how many
// there are besides.
func renderListing(w words.Catalogue, l bot.Listing) []byte {
	total := 0
	for _, g := range l.Groups {
		total += len(g.Entries)
	}
	for shown := total; ; shown = shown * 3 / 4 {
		blocks := listingBlocks(w, l, shown, l.More+total-shown)
		if l.Cut {
			blocks = append(blocks, small(w.Say("slack.listing.cut"))...)
		}
		answer := encode(privateAnswer{Type: "ephemeral", Text: Escape(l.Title), Blocks: blocks})
		if shown == 0 || (len(blocks) <= maxBlocks && len(answer) <= maxPrivate) {
			return answer
		}
	}
}

// listingBlocks shows the first entries of a listing. Names are friends' own:
// they stand in rich text and plain text only, where nothing is read as markup.
func listingBlocks(w words.Catalogue, l bot.Listing, shown, more int) []slackapi.Block {
	blocks := []slackapi.Block{slackapi.NewHeaderBlock(plain(cutRunes(oneLine(l.Title), maxHeader)))}
	var lines richText
	flush := func() {
		blocks = append(blocks, lines.blocks()...)
		lines = richText{}
	}
	if shown == 0 && more == 0 {
		lines.add(w.Say("slack.listing.empty"), nil)
	}
	for _, g := range l.Groups {
		entries := g.Entries[:min(shown, len(g.Entries))]
		shown -= len(entries)
		if len(entries) > 0 && g.Name != "" {
			lines.newLine()
			lines.add(DisplayName(g.Name), bold)
		}
		for _, e := range entries {
			if e.Link == "" && e.Open != nil {
				flush()
				blocks = append(blocks, openable(w, e))
				continue
			}
			lines.newLine()
			lines.entry(e)
		}
	}
	flush()
	if more > 0 {
		blocks = append(blocks, small(w.Say("slack.listing.more", more))...)
	}
	return blocks
}

// maxHeader is how many characters Slack takes in a header.
const maxHeader = 150

// entry shows one line.
func (t *richText) entry(e bot.ListingEntry) {
	if e.Link != "" {
		t.link(e.Link, DisplayName(e.Title))
	} else {
		t.add(DisplayName(e.Title), nil)
	}
	if d := entryDetail(e); d != "" {
		t.add("  "+d, nil)
	}
}

// openable is a line with the button that makes the thread.
func openable(w words.Catalogue, e bot.ListingEntry) slackapi.Block {
	text := DisplayName(e.Title)
	if d := entryDetail(e); d != "" {
		text += "  " + d
	}
	id, value := EncodeAction(*e.Open)
	button := slackapi.NewButtonBlockElement(id, value, plain(w.Say(label(e.Open.Name))))
	return slackapi.NewSectionBlock(plain(text), nil, slackapi.NewAccessory(button))
}

func entryDetail(e bot.ListingEntry) string {
	return cutUnits(oneLine(e.Detail), maxDetail)
}
