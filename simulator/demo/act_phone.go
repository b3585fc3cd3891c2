package demo

import (
	"net/http"
	"slices"
	"strings"

	"madoguchi/simulator"
	"madoguchi/simulator/line"
)

// phoneAct is something that a friend does on the phone.
type phoneAct struct {
	Friend  string `json:"friend"`
	Speaker string `json:"speaker"` // in a group
	Text    string `json:"text"`
	Message string `json:"message"` // to take back
	Data    string `json:"data"`    // of a menu button, and Text what stands on it
}

func (a phoneAct) from() line.From {
	return line.From{Bot: simulator.BotUserID, Chat: a.Friend, User: a.Speaker}
}

func (d *Demo) actOnPhone(w http.ResponseWriter, r *http.Request) {
	var a phoneAct
	if !readAct(w, r, &a) {
		return
	}
	sent, err := d.phone(r.PathValue("act"), a)
	d.finish(w, r, sent, err)
}

func (d *Demo) phone(act string, a phoneAct) (sent line.Sent, err error) {
	p := d.stage.LINE
	switch act {
	case "follow":
		blocked := slices.ContainsFunc(p.Chats(simulator.BotUserID), func(c line.ChatInfo) bool { return c.ID == a.Friend && c.Blocked })
		return p.Follow(a.from(), blocked)
	case "block":
		return p.Block(a.from())
	case "text":
		return p.SendText(a.from(), a.Text, line.TextOptions{})
	case "sticker":
		return p.SendSticker(a.from(), line.Sticker{PackageID: "1", StickerID: "1", Text: a.Text, Keywords: []string{a.Text}})
	case "location":
		return p.SendLocation(a.from(), line.Location{
			Title: a.Text, Address: "東京都港区北青山3丁目", Latitude: 35.6652, Longitude: 139.7124,
		})
	case "menu":
		sent, err = p.Postback(a.from(), a.Data, nil)
		if err == nil {
			d.kept.put(sent.EventID, []byte(a.Text))
		}
		return sent, err
	case "unsend":
		d.kept.drop(a.Message)
		return p.Unsend(a.from(), a.Message)
	default:
		return line.Sent{}, errNoSuchAct
	}
}

// sendPicture sends the picture in the body.
func (d *Demo) sendPicture(w http.ResponseWriter, r *http.Request) {
	raw, ok := readUpload(w, r)
	if !ok {
		return
	}
	kind := http.DetectContentType(raw)
	if !strings.HasPrefix(kind, "image/") {
		http.Error(w, "not a picture", http.StatusUnsupportedMediaType)
		return
	}
	from := phoneAct{Friend: r.URL.Query().Get("friend"), Speaker: r.URL.Query().Get("speaker")}.from()
	sent, err := d.stage.LINE.SendMedia(from, line.Media{Kind: "image", Bytes: raw, ContentType: kind})
	if err == nil {
		d.kept.put(sent.MessageID, raw)
	}
	d.finish(w, r, sent, err)
}
