package demo

import (
	"net/http"
	"strings"
)

// file shows or gives out a file of the Slack workspace.
func (d *Demo) file(w http.ResponseWriter, r *http.Request) {
	raw, ok := d.stage.Slack.FileContent(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	give(w, raw)
}

// picture shows a picture that a friend sent.
func (d *Demo) picture(w http.ResponseWriter, r *http.Request) {
	raw := d.kept.get(r.PathValue("message"))
	if raw == nil {
		http.NotFound(w, r)
		return
	}
	give(w, raw)
}

// give answers with bytes that somebody on the stage uploaded: pictures are
// shown, everything else is only saved, so that nothing of it runs here.
func give(w http.ResponseWriter, raw []byte) {
	kind := http.DetectContentType(raw)
	if !strings.HasPrefix(kind, "image/") {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(raw)
}
