package demo

import (
	"net/http"
	"text/template"
)

// sticker is one of the few that the phone offers, by the words on it.
type sticker struct {
	Words, Ground, Mouth string
	Tears, Hearts        bool
}

var stickers = map[string]sticker{
	"thanks": {Words: "ありがとう！", Ground: "#ffd166", Mouth: "M42 58c6 9 18 9 24 0z", Hearts: true},
	"please": {Words: "お願いします", Ground: "#9ad1c6", Mouth: "M45 60c5 4 13 4 18 0"},
	"ok":     {Words: "OK!", Ground: "#a7c5f2", Mouth: "M40 56c7 11 21 11 28 0z"},
	"sorry":  {Words: "ごめんなさい", Ground: "#d7c3ea", Mouth: "M45 64c5-5 13-5 18 0", Tears: true},
}

var stickerDrawing = template.Must(template.New("sticker").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 108 108">
<path d="M30 30 24 12l18 9zM78 30l6-18-18 9z" fill="{{.Ground}}"/>
<circle cx="54" cy="50" r="35" fill="{{.Ground}}"/>
<ellipse cx="54" cy="60" rx="22" ry="16" fill="#fff" opacity=".55"/>
<g fill="#3c2f2f"><circle cx="41" cy="45" r="4"/><circle cx="67" cy="45" r="4"/></g>
<g fill="#fff"><circle cx="42.5" cy="43.5" r="1.3"/><circle cx="68.5" cy="43.5" r="1.3"/></g>
<path d="M50 52h8l-4 4z" fill="#3c2f2f"/>
<path d="{{.Mouth}}" fill="{{if .Tears}}none{{else}}#c8553d{{end}}" stroke="#3c2f2f" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>
{{if .Tears}}<path d="M37 53c-4 7-4 11 0 11s4-4 0-11zM71 53c-4 7-4 11 0 11s4-4 0-11z" fill="#6bb3e8"/>{{end}}
{{if .Hearts}}<path d="M14 40c-5-6 3-11 6-5 3-6 11-1 6 5l-6 6zM84 24c-4-5 2-9 5-4 2-5 9-1 5 4l-5 5z" fill="#ef6f6c"/>{{end}}
<text x="54" y="102" text-anchor="middle" font-family="'Hiragino Maru Gothic ProN','Yu Gothic','Noto Sans CJK JP',sans-serif" font-weight="700" font-size="15" fill="#3c2f2f" stroke="#fff" stroke-width="4" paint-order="stroke">{{.Words}}</text>
</svg>
`))

// sticker draws a sticker.
func (d *Demo) sticker(w http.ResponseWriter, r *http.Request) {
	s, ok := stickers[r.PathValue("name")]
	d.draw(w, r, stickerDrawing, s, ok)
}
