package slack

import (
	"regexp"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// phoneText is how much of what was said the line on a phone shows.
const phoneText = 150

// userID is what a mention may hold. Anything else is left out rather than
// put where Slack reads mrkdwn.
var userID = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)

// post is one view on its way to Slack.
type post struct {
	view  bot.PostView
	words words.Catalogue
	zone  *time.Location
	today time.Time // whose date goes without saying
}

// newPost prepares a view that stands in Slack under the date of standing.
func newPost(v bot.PostView, standing time.Time) *post {
	zone := v.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &post{view: v, words: words.In(v.Locale), zone: zone, today: standing.In(zone)}
}

// clock tells a time, with its date unless that is today's.
func (p *post) clock(at int64) string {
	t := time.UnixMilli(at).In(p.zone)
	key := "card.year"
	if t.Year() == p.today.Year() {
		key = "card.day"
		if t.YearDay() == p.today.YearDay() {
			key = "card.clock"
		}
	}
	return t.Format(p.words.Say(key))
}

func (p *post) mention(t *richText) {
	if userID.MatchString(p.view.Mention) {
		t.mention(p.view.Mention)
	}
}

// name is whom the post is from, or "" for the bot.
func (p *post) name() string {
	switch s := p.view.Speaker; {
	case s.Name == "":
		return ""
	case s.IsStaff:
		return DisplayName(s.Name)
	default:
		return friendName(p.words, s.Name)
	}
}

// text is what a phone's notification shows, and all of it:
// https://docs.slack.dev/changelog/2026/07/13/notification-changes
func (p *post) text() string {
	var news, history []string
	for _, item := range p.view.Items {
		switch line := p.line(item); {
		case line == "":
		case item.Context:
			history = append(history, line)
		default:
			news = append(news, line)
		}
	}
	if len(news) == 0 {
		news = history
	}
	body := strings.Join(news, " / ")
	if cut := cutRunes(body, phoneText); cut != body {
		body = cut + "…"
	}
	if body == "" {
		body = p.words.Say("item.empty")
		if p.view.Card != nil {
			body = p.words.Say("card.opened")
		}
	}
	name := p.name()
	if name == "" && p.view.Card != nil {
		name = friendName(p.words, p.view.Card.Name)
	}
	if name != "" {
		body = name + ": " + body
	}
	if p.view.Repeat {
		body = "[" + p.words.Say("card.repeat_short") + "] " + body
	}
	body = Escape(body)
	if userID.MatchString(p.view.Mention) {
		body = "<@" + p.view.Mention + "> " + body
	}
	return body
}

// say puts an item into words, without the author when the post carries their
// name anyway.
func (p *post) say(item bot.ItemView) said {
	if p.view.Speaker.IsStaff && p.view.Speaker.Name == item.Author {
		item.Author = ""
	}
	return say(p.words, item)
}

func (p *post) line(item bot.ItemView) string {
	s := p.say(item)
	line := strings.TrimSpace(cutUnits(oneLine(s.text), 2*phoneText) + " " + s.aside)
	if s.label != "" {
		line = withDetail(s.label, line)
	}
	return line
}

// frugality is what a post gives up to fit into Slack's limits.
type frugality struct {
	plainTimes bool // the times of items without style
	text       int  // UTF-16 units of each text that are shown
	items      int  // how many are shown
}

// blocks renders the view so that Slack takes it. All that a post is meant to
// hold fits; beyond that, the longest texts lose their ends first, then the
// last items go, and both say so.
func (p *post) blocks() []slackapi.Block {
	f := frugality{text: maxBlockUnits, items: len(p.view.Items)}
	if blocks := p.layout(f); fits(blocks) {
		return blocks
	}
	f.plainTimes = true
	if blocks := p.layout(f); fits(blocks) {
		return blocks
	}
	const shortest = 40
	most := func(low, high int, set func(int)) []slackapi.Block {
		var best []slackapi.Block
		for low <= high {
			middle := (low + high) / 2
			set(middle)
			if blocks := p.layout(f); fits(blocks) {
				best, low = blocks, middle+1
			} else {
				high = middle - 1
			}
		}
		return best
	}
	if best := most(shortest, maxBlockUnits, func(n int) { f.text = n }); best != nil {
		return best
	}
	f.text = shortest
	return most(0, len(p.view.Items), func(n int) { f.items = n })
}

func fits(blocks []slackapi.Block) bool {
	return len(blocks) <= maxBlocks && units(string(encode(blocks))) <= maxBlockUnits
}

func (p *post) layout(f frugality) []slackapi.Block {
	var blocks []slackapi.Block
	if p.view.Repeat {
		blocks = append(blocks, small(p.words.Say("card.repeat"))...)
	}
	if p.view.Card != nil {
		blocks = append(blocks, p.cardHead(p.view.Card)...)
	}
	blocks = append(blocks, p.itemBlocks(f)...)
	if p.view.Card != nil {
		blocks = append(blocks, p.cardButtons(p.view.Card)...)
	}
	return blocks
}
