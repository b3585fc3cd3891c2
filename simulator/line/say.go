package line

import (
	"fmt"
	"slices"
)

// TextOptions are what a text may come with. Indexes count UTF-16 units.
type TextOptions struct {
	Emojis   []Emoji
	Mentions []Mention
	Quotes   string // id of the message that it quotes
}

// Emoji is a LINE emoji in a text, which stands there as its name in brackets.
type Emoji struct {
	Index     int    `json:"index"`
	Length    int    `json:"length"`
	ProductID string `json:"productId"`
	EmojiID   string `json:"emojiId"`
}

// Mention is a mention in a text of a group.
type Mention struct {
	Index  int    `json:"index"`
	Length int    `json:"length"`
	Type   string `json:"type"` // user or all
	UserID string `json:"userId,omitempty"`
	IsSelf bool   `json:"isSelf,omitempty"` // the account itself
}

// Media is an image, video, audio or file.
type Media struct {
	Kind        string // image, video, audio or file
	Bytes       []byte
	ContentType string
	FileName    string // of a file
	Duration    int64  // milliseconds, of a video or audio
	NotReady    int    // how often its content is answered 202 before it is there
	External    string // an address outside LINE where it is instead
	Set         *ImageSet
}

// ImageSet places a picture among those sent together.
type ImageSet struct {
	ID    string `json:"id"`
	Index int    `json:"index,omitempty"`
	Total int    `json:"total,omitempty"`
}

// Sticker is a sticker of a friend.
type Sticker struct {
	PackageID string   `json:"packageId"`
	StickerID string   `json:"stickerId"`
	Resource  string   `json:"stickerResourceType"` // STATIC if empty
	Keywords  []string `json:"keywords,omitempty"`
	Text      string   `json:"text,omitempty"`
}

// Location is a place that a friend sends.
type Location struct {
	Title     string  `json:"title,omitempty"`
	Address   string  `json:"address,omitempty"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type wireMessage struct {
	Type            string `json:"type"`
	ID              string `json:"id"`
	QuoteToken      string `json:"quoteToken,omitempty"`
	MarkAsReadToken string `json:"markAsReadToken,omitempty"`
}

type wireText struct {
	wireMessage
	Text    string       `json:"text"`
	Emojis  []Emoji      `json:"emojis,omitempty"`
	Mention *wireMention `json:"mention,omitempty"`
	Quoted  string       `json:"quotedMessageId,omitempty"`
}

type wireMention struct {
	Mentionees []Mention `json:"mentionees"`
}

type wireMedia struct {
	wireMessage
	Provider *contentProvider `json:"contentProvider,omitempty"`
	Set      *ImageSet        `json:"imageSet,omitempty"`
	Duration int64            `json:"duration,omitempty"`
	FileName string           `json:"fileName,omitempty"`
	FileSize *int             `json:"fileSize,omitempty"`
}

type contentProvider struct {
	Type        string `json:"type"`
	OriginalURL string `json:"originalContentUrl,omitempty"`
	PreviewURL  string `json:"previewImageUrl,omitempty"`
}

// SendText writes to the account.
func (p *Platform) SendText(from From, text string, o TextOptions) (Sent, error) {
	return p.say(from, "text", message{text: text}, func(w wireMessage) any {
		m := wireText{wireMessage: w, Text: text, Emojis: o.Emojis, Quoted: o.Quotes}
		if len(o.Mentions) > 0 {
			m.Mention = &wireMention{o.Mentions}
		}
		return m
	})
}

// EditText changes a text that was sent before. LINE offers it in groups only.
func (p *Platform) EditText(from From, messageID, text string) (Sent, error) {
	return p.act(from, func(c *chat, userID string) (Sent, error) {
		m, ok := c.account.messages[messageID]
		if !ok || m.chat != c {
			return Sent{}, fmt.Errorf("message %s: %w", messageID, errNoMessage)
		}
		m.text, m.entry.Bubbles[0].Text = text, text
		content := wireText{wireMessage: wireMessage{Type: "text", ID: m.id, QuoteToken: token(24)}, Text: text}
		return Sent{EventID: p.happen(c, userID, wireEvent{Type: "messageEdited", Message: content}, true), MessageID: m.id}, nil
	})
}

// SendMedia sends an image, video, audio or file.
func (p *Platform) SendMedia(from From, media Media) (Sent, error) {
	media.Bytes = slices.Clone(media.Bytes)
	return p.say(from, media.Kind, message{media: &media, text: media.FileName}, func(w wireMessage) any {
		m := wireMedia{wireMessage: w, Duration: media.Duration}
		if media.Kind == "audio" || media.Kind == "file" {
			m.QuoteToken = ""
		}
		if media.Kind == "file" {
			size := len(media.Bytes)
			m.FileName, m.FileSize = media.FileName, &size
			return m
		}
		m.Provider = &contentProvider{Type: "line"}
		if media.External != "" {
			m.Provider = &contentProvider{Type: "external", OriginalURL: media.External, PreviewURL: media.External}
		}
		m.Set = media.Set
		return m
	})
}

// SendSticker sends a sticker.
func (p *Platform) SendSticker(from From, s Sticker) (Sent, error) {
	if s.Resource == "" {
		s.Resource = "STATIC"
	}
	return p.say(from, "sticker", message{text: s.Text}, func(w wireMessage) any {
		return struct {
			wireMessage
			Sticker
		}{w, s}
	})
}

// SendLocation sends a place.
func (p *Platform) SendLocation(from From, l Location) (Sent, error) {
	return p.say(from, "location", message{text: l.Title}, func(w wireMessage) any {
		w.QuoteToken = ""
		return struct {
			wireMessage
			Location
		}{w, l}
	})
}

// say files a message of a friend and lets its event happen.
func (p *Platform) say(from From, kind string, m message, content func(wireMessage) any) (Sent, error) {
	return p.act(from, func(c *chat, userID string) (Sent, error) {
		m.id, m.chat = p.messageID(), c
		read := token(24)
		m.entry = &Entry{At: p.now(), Side: ByFriend, UserID: userID, Bubbles: []Bubble{{ID: m.id, Type: kind, Text: m.text}}}
		c.account.messages[m.id] = &m
		c.account.reads[read] = &m
		c.entries = append(c.entries, m.entry)
		w := wireMessage{Type: kind, ID: m.id, QuoteToken: token(24), MarkAsReadToken: read}
		m.entry.EventID = p.happen(c, userID, wireEvent{Type: "message", Message: content(w)}, true)
		return Sent{EventID: m.entry.EventID, MessageID: m.id}, nil
	})
}
