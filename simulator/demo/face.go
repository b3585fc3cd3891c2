package demo

import (
	"net/http"
	"strings"
	"text/template"
)

// look is how a face is drawn.
type look struct {
	Ground, Skin, Hair, Shirt string
	Long, Glasses, Beard      bool
}

var looks = map[string]look{
	"hanako":  {Ground: "#f6d5cf", Skin: "#f7d7bd", Hair: "#3a2a26", Shirt: "#d9746a", Long: true},
	"sakura":  {Ground: "#e7d9f2", Skin: "#f9dcc6", Hair: "#7b4a2e", Shirt: "#8e6bb3", Long: true, Glasses: true},
	"kenichi": {Ground: "#cfe3ee", Skin: "#efc9a6", Hair: "#23262e", Shirt: "#3f7ea6"},
	"emily":   {Ground: "#fbe6bd", Skin: "#fbe0cf", Hair: "#c9873c", Shirt: "#4f8f74", Long: true},
	"family":  {Ground: "#d6e8d2", Skin: "#f3d2b3", Hair: "#2c2a29", Shirt: "#c8553d"},
	"manabu":  {Ground: "#d9dee8", Skin: "#ecc6a2", Hair: "#2c2a29", Shirt: "#566a8b", Glasses: true, Beard: true},
	"yumi":    {Ground: "#f4dde6", Skin: "#f8d9c2", Hair: "#4a3029", Shirt: "#b9587c", Long: true},
}

var faceDrawing = template.Must(template.New("face").Parse(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">
<rect width="96" height="96" fill="{{.Ground}}"/>
{{if .Long}}<path d="M22 46c0-20 11-32 26-32s26 12 26 32v30c0 6-52 6-52 0z" fill="{{.Hair}}"/>{{end}}
<path d="M14 100c0-20 14-29 34-29s34 9 34 29z" fill="{{.Shirt}}"/>
<path d="M40 60h16v14c0 6-16 6-16 0z" fill="{{.Skin}}"/>
<path d="M40 64c4 5 12 5 16 0v4c-4 5-12 5-16 0z" fill="#000" opacity=".08"/>
<ellipse cx="48" cy="46" rx="19" ry="22" fill="{{.Skin}}"/>
{{if .Beard}}<path d="M31 52c2 15 8 18 17 18s15-3 17-18c-4 6-10 7-17 7s-13-1-17-7z" fill="{{.Hair}}" opacity=".85"/>{{end}}
{{if .Long}}<path d="M28 46c-1-16 8-26 20-26s21 10 20 26c-3-8-8-13-13-16-6 6-17 10-27 16z" fill="{{.Hair}}"/>
{{else}}<path d="M27 44c-3-18 7-28 21-28s24 10 21 28c-2-6-4-10-8-12-8 3-20 3-27 0-4 2-6 6-7 12z" fill="{{.Hair}}"/>{{end}}
<g fill="#33261f"><ellipse cx="40.5" cy="47" rx="2" ry="2.4"/><ellipse cx="55.5" cy="47" rx="2" ry="2.4"/></g>
{{if .Glasses}}<g fill="none" stroke="#3b3b44" stroke-width="1.6"><circle cx="40.5" cy="47" r="6.5"/><circle cx="55.5" cy="47" r="6.5"/><path d="M47 46h2"/></g>{{end}}
<g fill="#e98f7b" opacity=".35"><ellipse cx="35.5" cy="54" rx="3.6" ry="2.2"/><ellipse cx="60.5" cy="54" rx="3.6" ry="2.2"/></g>
<path d="M43 57c3 3 7 3 10 0" fill="none" stroke="#9c4a3c" stroke-width="1.8" stroke-linecap="round"/>
</svg>
`))

// face draws a friend.
func (d *Demo) face(w http.ResponseWriter, r *http.Request) {
	l, ok := looks[r.PathValue("name")]
	d.draw(w, r, faceDrawing, l, ok)
}

func (d *Demo) draw(w http.ResponseWriter, r *http.Request, drawing *template.Template, data any, ok bool) {
	if !ok {
		http.NotFound(w, r)
		return
	}
	var out strings.Builder
	if err := drawing.Execute(&out, data); err != nil {
		d.log.ErrorContext(r.Context(), "draw a picture", "error", err)
		http.Error(w, "no picture", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write([]byte(out.String()))
}
