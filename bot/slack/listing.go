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
	names := entryNames{words: w, shown: map[string]int{}}
	for _, g := range l.Groups {
		total += len(g.Entries)
		names.count(g.Entries)
	}
	for shown := total; ; shown = shown * 3 / 4 {
		blocks := listingBlocks(names, l, shown, l.More+total-shown)
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
func listingBlocks(names entryNames, l bot.Listing, shown, more int) []slackapi.Block {
	w := names.words
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
				blocks = append(blocks, openable(names, e))
				continue
			}
			lines.newLine()
			lines.entry(names, e)
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

// entryNames is what the entries of a listing are called.
type entryNames struct {
	words words.Catalogue
	shown map[string]int // how many entries show a name
}

func (n entryNames) count(entries []bot.ListingEntry) {
	for _, e := range entries {
		n.shown[DisplayName(e.Title)]++
	}
}

// of adds to a name that several entries show what tells them apart. Names that
// differ may be shown alike, so it is the shown ones that are compared.
func (n entryNames) of(e bot.ListingEntry) string {
	name := DisplayName(e.Title)
	if e.Mark == "" || n.shown[name] < 2 {
		return name
	}
	return n.words.Say("slack.listing.marked", name, e.Mark)
}

// entry shows one line.
func (t *richText) entry(names entryNames, e bot.ListingEntry) {
	if e.Link != "" {
		t.link(e.Link, names.of(e))
	} else {
		t.add(names.of(e), nil)
	}
	if d := entryDetail(e); d != "" {
		t.add("  "+d, nil)
	}
}

// openable is a line with the button that makes the thread.
func openable(names entryNames, e bot.ListingEntry) slackapi.Block {
	text := names.of(e)
	if d := entryDetail(e); d != "" {
		text += "  " + d
	}
	id, value := EncodeAction(*e.Open)
	button := slackapi.NewButtonBlockElement(id, value, plain(names.words.Say(label(e.Open.Name))))
	return slackapi.NewSectionBlock(plain(text), nil, slackapi.NewAccessory(button))
}

func entryDetail(e bot.ListingEntry) string {
	return cutUnits(oneLine(e.Detail), maxDetail)
}
