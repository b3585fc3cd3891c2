package bot

import (
	"encoding/json"
	"mime"
	"path"
	"strings"
	"unicode"
)

// mediaEndings are the endings for the types LINE sends; the system's own
// table differs from machine to machine.
var mediaEndings = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
	"video/mp4": ".mp4", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/aac": ".m4a", "audio/mpeg": ".mp3",
	"application/pdf": ".pdf", "text/plain": ".txt",
}

// fileName is what to call a friend's file in Slack: its own name without
// anything that hides what it is or leads elsewhere, or one made from its kind.
func fileName(m Message) string {
	var c Content
	if json.Unmarshal(m.Content, &c) == nil && c.FileName != "" {
		name := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`/\:*?"<>|`, r) {
				return -1
			}
			return r
		}, path.Base(strings.ReplaceAll(c.FileName, `\`, "/")))
		if name = strings.Trim(name, ". "); name != "" {
			if runes := []rune(name); len(runes) > 100 {
				name = string(runes[len(runes)-100:])
			}
			return name
		}
	}
	kind, _, err := mime.ParseMediaType(m.MediaType)
	if err != nil {
		kind = ""
	}
	return string(c.Kind) + mediaEndings[kind]
}
