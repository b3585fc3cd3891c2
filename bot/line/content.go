package line

import "madoguchi/bot"

// content reads a message object, of which LINE adds new types without notice.
func content(m object) *bot.Content {
	c := &bot.Content{
		Type:       m.text("type"),
		LINEID:     m.id("id"),
		QuoteToken: m.text("quoteToken"),
		QuotedID:   m.id("quotedMessageId"),
		MarkAsRead: m.text("markAsReadToken"),
	}
	switch c.Type {
	case "text":
		c.Kind = bot.ContentText
		c.Text = m.text("text")
		c.MentionsBot = mentionsBot(m)
	case "image":
		c.Kind = bot.ContentImage
		c.External = external(m)
		c.ImageSet = imageSet(m)
	case "video":
		c.Kind = bot.ContentVideo
		c.External = external(m)
		c.Duration = m.integer("duration")
	case "audio":
		c.Kind = bot.ContentAudio
		c.External = external(m)
		c.Duration = m.integer("duration")
	case "file":
		c.Kind = bot.ContentFile
		c.FileName = m.text("fileName")
		c.FileSize = m.integer("fileSize")
	case "sticker":
		c.Kind = bot.ContentSticker
		c.Sticker = &bot.Sticker{
			PackageID: m.text("packageId"),
			StickerID: m.text("stickerId"),
			Keywords:  m.texts("keywords"),
			Text:      m.text("text"),
		}
	case "location":
		c.Kind = bot.ContentLocation
		c.Location = &bot.Location{
			Title:     m.text("title"),
			Address:   m.text("address"),
			Latitude:  m.number("latitude"),
			Longitude: m.number("longitude"),
		}
	default:
		c.Kind = bot.ContentOther
	}
	return c
}

// external returns where the bytes are when LINE does not keep them. The
// address is the sender's choice, so it is shown and never fetched. A provider
// that is not LINE counts as external even if it names no address.
func external(m object) string {
	provider := m.object("contentProvider")
	switch kind := provider.text("type"); kind {
	case "", "line":
		return ""
	default:
		if url := provider.text("originalContentUrl"); url != "" {
			return url
		}
		return kind
	}
}

func imageSet(m object) *bot.ImageSet {
	set := m.object("imageSet")
	id := set.text("id")
	if id == "" {
		return nil
	}
	return &bot.ImageSet{ID: id, Index: int(set.integer("index")), Total: int(set.integer("total"))}
}

func mentionsBot(m object) bool {
	for _, mentionee := range m.object("mention").objects("mentionees") {
		if mentionee.flag("isSelf") {
			return true
		}
	}
	return false
}
