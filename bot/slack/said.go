package slack

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// maxAddress is how many characters of an address or of a button's data show.
const maxAddress = 300

// said is one item of a post in words: what its blocks and the line on a phone
// have in common.
type said struct {
	label string // who said it and in what way; shown in bold, which a friend's words never are
	text  string // may be a friend's, with line breaks
	aside string // what we add to it
	place string // address of a map of our making, or ""
}

// say puts an item into words. What the reader may not see is not looked at.
func say(w words.Catalogue, item bot.ItemView) said {
	if item.Hidden {
		return said{text: w.Say("item.hidden." + string(knownKind(item.Kind)))}
	}
	switch item.Kind {
	case bot.ItemMirror, bot.ItemNote:
		key := "item." + string(item.Kind)
		if item.Author == "" {
			return said{label: w.Say(key + "_unnamed"), text: readable(item.Text)}
		}
		return said{label: w.Say(key, DisplayName(item.Author)), text: readable(item.Text)}
	case bot.ItemNotice:
		text := readable(item.Text)
		if item.Danger {
			text = "⚠️ " + text
		}
		return said{text: text}
	}
	if item.Unsent {
		return said{aside: w.Say("item.unsent")}
	}
	var s said
	if item.Content != nil {
		s = sayContent(w, item)
	}
	if item.Speaker != "" {
		s.label = friendName(w, item.Speaker)
	}
	return s
}

// knownKind is k, or a message where k is none of the kinds there are.
func knownKind(k bot.ItemKind) bot.ItemKind {
	switch k {
	case bot.ItemMirror, bot.ItemNote, bot.ItemNotice:
		return k
	default:
		return bot.ItemMessage
	}
}

func sayContent(w words.Catalogue, item bot.ItemView) said {
	c := item.Content
	switch c.Kind {
	case bot.ContentText:
		s := said{text: readable(c.Text)}
		if c.Edited {
			s.aside = w.Say("item.edited")
		}
		return s
	case bot.ContentImage, bot.ContentVideo, bot.ContentAudio, bot.ContentFile:
		return sayMedia(w, item)
	case bot.ContentSticker:
		return said{text: withDetail(w.Say("item.sticker"), stickerWords(c.Sticker))}
	case bot.ContentLocation:
		return sayLocation(w, c.Location)
	case bot.ContentEvent:
		return said{text: sayEvent(w, c)}
	default:
		return said{text: w.Say("item.other", typeName(w, c.Type))}
	}
}

func sayMedia(w words.Catalogue, item bot.ItemView) said {
	c := item.Content
	var details []string
	if set := c.ImageSet; set != nil && set.Index > 0 && set.Total > 0 {
		details = append(details, fmt.Sprintf("%d/%d", set.Index, set.Total))
	}
	if c.FileName != "" {
		details = append(details, DisplayName(c.FileName))
	}
	if c.Duration > 0 {
		d := time.Duration(min(c.Duration, 1e9)) * time.Millisecond
		details = append(details, fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60))
	}
	if c.FileSize > 0 {
		details = append(details, size(c.FileSize))
	}
	s := said{text: withDetail(w.Say("item."+string(c.Kind)), strings.Join(details, " · "))}
	switch {
	case c.External != "":
		// Never a link: the friend chose the address.
		s.aside = w.Say("item.external", cutUnits(oneLine(readable(c.External)), maxAddress))
	case item.Media == bot.MediaFetching:
		s.aside = w.Say("item.fetching")
	case item.Media == bot.MediaTooLarge:
		s.aside = w.Say("item.too_large", size(item.MediaLimit))
	case item.Media == bot.MediaGone:
		s.aside = w.Say("item.gone")
	}
	return s
}

func stickerWords(s *bot.Sticker) string {
	if s == nil {
		return ""
	}
	if s.Text != "" {
		return cutUnits(oneLine(readable(s.Text)), maxAddress)
	}
	keywords := s.Keywords[:min(len(s.Keywords), 3)]
	return cutUnits(oneLine(readable(strings.Join(keywords, ", "))), maxAddress)
}

func sayLocation(w words.Catalogue, l *bot.Location) said {
	s := said{text: w.Say("item.location")}
	if l == nil {
		return s
	}
	var details []string
	for _, d := range []string{l.Title, l.Address} {
		if d = cutUnits(oneLine(readable(d)), maxAddress); d != "" && !slices.Contains(details, d) {
			details = append(details, d)
		}
	}
	s.text = withDetail(s.text, strings.Join(details, " · "))
	if math.Abs(l.Latitude) <= 90 && math.Abs(l.Longitude) <= 180 {
		s.place = "https://www.google.com/maps?q=" + degrees(l.Latitude) + "," + degrees(l.Longitude)
	}
	return s
}

func degrees(f float64) string {
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func sayEvent(w words.Catalogue, c *bot.Content) string {
	switch c.Type {
	case "follow":
		if c.Flag == "unblocked" {
			return w.Say("item.unblocked")
		}
		return w.Say("item.follow")
	case "unfollow", "join", "leave":
		return w.Say("item." + c.Type)
	case "memberJoined":
		return w.Say("item.member_joined", len(c.Members))
	case "memberLeft":
		return w.Say("item.member_left", len(c.Members))
	case "postback":
		return w.Say("item.postback", postbackWords(c.Postback))
	default:
		return w.Say("item.event", typeName(w, c.Type))
	}
}

// postbackWords shows what the button sent. The account's owner chose the
// data, so it tells staff which button it was.
func postbackWords(p *bot.Postback) string {
	if p == nil {
		return ""
	}
	parts := []string{p.Data}
	for _, key := range slices.Sorted(maps.Keys(p.Params)) {
		parts = append(parts, key+"="+p.Params[key])
	}
	return cutUnits(oneLine(readable(strings.Join(parts, " "))), maxAddress)
}

func typeName(w words.Catalogue, name string) string {
	if name == "" {
		return w.Say("item.unknown")
	}
	return DisplayName(name)
}

func withDetail(what, detail string) string {
	if detail == "" {
		return what
	}
	return what + ": " + detail
}

// size is a number of bytes for people.
func size(bytes int64) string {
	const kilo, mega = 1 << 10, 1 << 20
	switch {
	case bytes < kilo:
		return fmt.Sprintf("%d B", bytes)
	case bytes < mega:
		return fmt.Sprintf("%d KB", bytes/kilo)
	default:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(bytes)/mega), ".0") + " MB"
	}
}

// friendName is how a friend is named wherever staff are named too. A friend
// may call themselves what a colleague is called; nothing they can choose
// takes away what this adds.
func friendName(w words.Catalogue, name string) string {
	addition := len([]rune(w.Say("card.friend_name", "")))
	return w.Say("card.friend_name", cutRunes(DisplayName(name), MaxName-addition))
}
