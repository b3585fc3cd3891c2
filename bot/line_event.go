package bot

// FriendKind tells a person from a LINE group or (old) room.
type FriendKind string

// The kinds of friend.
const (
	KindUser  FriendKind = "user"
	KindGroup FriendKind = "group"
	KindRoom  FriendKind = "room"
)

// LINEEvent is one webhook event of LINE. Unknown types keep their name in
// Type and whatever of the other members could be read.
type LINEEvent struct {
	ID          string // webhookEventId
	Type        string // message, messageEdited, unsend, follow, unfollow, join, leave, memberJoined, memberLeft, postback, …
	At          int64  // LINE's timestamp, Unix milliseconds; 0 when missing or absurd (negative, or after the year 2100)
	Redelivered bool
	Standby     bool // a module channel holds the chat: mirror, never answer

	FriendKind FriendKind // "" when the event has no source
	FriendID   string     // LINE's user, group or room id; "" when the event has no usable source
	SpeakerID  string     // LINE user id of who spoke in a group or room; may be "" there

	ReplyToken string
	Content    *Content  // with message and messageEdited
	UnsentID   string    // with unsend: the message's id
	Unblocked  bool      // with follow
	Postback   *Postback // with postback
	MemberIDs  []string  // with memberJoined and memberLeft
}

// Postback is what a button of a rich menu or template sent.
type Postback struct {
	Data   string            `json:"data"`
	Params map[string]string `json:"params,omitempty"` // date, time, datetime, newRichMenuAliasId, …
}

// ContentKind is the kind of a message's content.
type ContentKind string

// The kinds of content. Anything newer is ContentOther with its name in Type.
const (
	ContentText     ContentKind = "text"
	ContentImage    ContentKind = "image"
	ContentVideo    ContentKind = "video"
	ContentAudio    ContentKind = "audio"
	ContentFile     ContentKind = "file"
	ContentSticker  ContentKind = "sticker"
	ContentLocation ContentKind = "location"
	ContentOther    ContentKind = "other"
	ContentEvent    ContentKind = "event" // follow, postback, join, …: Type says which
)

// Content is what was said, as it is stored with the message. Text is what
// the friend wrote, untouched except that NUL and lone surrogates, which a
// database refuses, are U+FFFD.
type Content struct {
	Kind     ContentKind `json:"kind"`
	Type     string      `json:"type,omitempty"`    // LINE's name of the message or event type
	LINEID   string      `json:"line_id,omitempty"` // LINE's message id
	Text     string      `json:"text,omitempty"`
	Edited   bool        `json:"edited,omitempty"`
	FileName string      `json:"file_name,omitempty"`
	FileSize int64       `json:"file_size,omitempty"` // bytes, as LINE announced
	Duration int64       `json:"duration,omitempty"`  // milliseconds
	External string      `json:"external,omitempty"`  // contentProvider external: the address, never fetched
	ImageSet *ImageSet   `json:"image_set,omitempty"`
	Sticker  *Sticker    `json:"sticker,omitempty"`
	Location *Location   `json:"location,omitempty"`
	Postback *Postback   `json:"postback,omitempty"`
	Members  []string    `json:"members,omitempty"` // LINE user ids, with memberJoined and memberLeft
	Flag     string      `json:"flag,omitempty"`    // with follow: "unblocked"

	QuoteToken  string `json:"quote_token,omitempty"`
	QuotedID    string `json:"quoted_id,omitempty"` // LINE's id of the message this one quotes
	MarkAsRead  string `json:"mark_as_read,omitempty"`
	MentionsBot bool   `json:"mentions_bot,omitempty"`
}

// HasMedia reports whether LINE keeps bytes for this content that we fetch.
func (c *Content) HasMedia() bool {
	switch c.Kind {
	case ContentImage, ContentVideo, ContentAudio, ContentFile:
		return c.External == ""
	default:
		return false
	}
}

// ImageSet places a picture among those sent together. Index and Total are 0
// when LINE does not tell.
type ImageSet struct {
	ID    string `json:"id"`
	Index int    `json:"index,omitempty"`
	Total int    `json:"total,omitempty"`
}

// Sticker is a LINE sticker; its picture cannot be fetched.
type Sticker struct {
	PackageID string   `json:"package_id,omitempty"`
	StickerID string   `json:"sticker_id,omitempty"`
	Keywords  []string `json:"keywords,omitempty"`
	Text      string   `json:"text,omitempty"`
}

// Location is a place a friend sent.
type Location struct {
	Title     string  `json:"title,omitempty"`
	Address   string  `json:"address,omitempty"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}
