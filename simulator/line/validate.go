package line

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
)

const (
	maxMessages = 5
	maxText     = 5000 // UTF-16 code units
)

func (p *Platform) validate(c *call) answer {
	var body struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	if _, details := c.inspect(body.Messages); len(details) > 0 {
		return badMessages(details)
	}
	return succeed(struct{}{})
}

func badMessages(details []errorDetail) answer {
	return complain(http.StatusBadRequest, fmt.Sprintf("The request body has %d error(s)", len(details)), details...)
}

// inspect also refuses what LINE refuses without saying beforehand what that is.
func (c *call) inspect(messages []json.RawMessage) ([]Bubble, []errorDetail) {
	bubbles, details := inspect(messages)
	for i, b := range bubbles {
		if c.account.Disliked != "" && strings.Contains(b.Text, c.account.Disliked) {
			details = append(details, errorDetail{Message: "Not allowed", Property: fmt.Sprintf("messages[%d].text", i)})
		}
	}
	return bubbles, details
}

// inspect checks message objects and reads what of them is shown. Texts are
// checked fully, the other types for what a phone could not show without.
func inspect(messages []json.RawMessage) ([]Bubble, []errorDetail) {
	var details []errorDetail
	wrong := func(property, message string) {
		details = append(details, errorDetail{Message: message, Property: property})
	}
	if len(messages) < 1 || len(messages) > maxMessages {
		wrong("messages", fmt.Sprintf("Size must be between 1 and %d", maxMessages))
		return nil, details
	}
	bubbles := make([]Bubble, len(messages))
	for i, raw := range messages {
		at := fmt.Sprintf("messages[%d]", i)
		var m struct {
			Type       string `json:"type"`
			Text       string `json:"text"`
			AltText    string `json:"altText"`
			Title      string `json:"title"`
			Original   string `json:"originalContentUrl"`
			Preview    string `json:"previewImageUrl"`
			StickerID  string `json:"stickerId"`
			PackageID  string `json:"packageId"`
			QuoteToken string `json:"quoteToken"`
		}
		if json.Unmarshal(raw, &m) != nil {
			wrong(at, "Must be a message object")
			continue
		}
		bubbles[i] = Bubble{Type: m.Type, Text: m.Text, URL: m.Original}
		switch m.Type {
		case "text", "textV2":
			if m.Text == "" {
				wrong(at+".text", "May not be empty")
			} else if len(utf16.Encode([]rune(m.Text))) > maxText {
				wrong(at+".text", fmt.Sprintf("Length must be between 0 and %d", maxText))
			}
		case "image", "video", "audio":
			if !strings.HasPrefix(m.Original, "https://") {
				wrong(at+".originalContentUrl", "Must be a valid HTTPS URL")
			}
			if m.Type != "audio" && !strings.HasPrefix(m.Preview, "https://") {
				wrong(at+".previewImageUrl", "Must be a valid HTTPS URL")
			}
		case "sticker":
			if m.StickerID == "" || m.PackageID == "" {
				wrong(at, "May not be empty")
			}
		case "template", "flex", "imagemap":
			if bubbles[i].Text = m.AltText; m.AltText == "" {
				wrong(at+".altText", "May not be empty")
			}
		case "location":
			bubbles[i].Text = m.Title
		case "coupon":
		default:
			wrong(at+".type", "Must be one of the following values: [text, textV2, sticker, image, video, audio, location, imagemap, template, flex, coupon]")
		}
	}
	return bubbles, details
}
