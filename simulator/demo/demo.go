// Package demo is a web page on which a phone and a Slack stand side by side:
// whoever opens it writes as a friend and answers as an operator, on the stage
// of package simulator.
package demo

import (
	"embed"
	"io/fs"
	"log/slog"
	"net/http"

	"madoguchi/simulator"
)

//go:embed page
var pageFiles embed.FS

// Demo serves the page and lets it act. It is an http.Handler.
type Demo struct {
	stage   *simulator.Stage
	log     *slog.Logger
	handler http.Handler
	kept    keepsakes
}

// New returns the page for a stage. Whoever reaches it may act as anybody on
// the stage, so it answers only where it is asked for by a loopback address.
func New(stage *simulator.Stage, log *slog.Logger) *Demo {
	d := &Demo{stage: stage, log: log, kept: keepsakes{of: map[string][]byte{}}}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/demo", http.StatusFound))
	mux.HandleFunc("GET /demo", d.page)
	mux.Handle("GET /demo/page/", http.StripPrefix("/demo/", http.FileServerFS(pageFiles)))
	mux.HandleFunc("GET /demo/faces/{name}", d.face)
	mux.HandleFunc("GET /demo/stickers/{name}", d.sticker)
	mux.HandleFunc("GET /demo/api/stream", d.stream)
	mux.HandleFunc("GET /demo/api/pictures/{message}", d.picture)
	mux.HandleFunc("GET /demo/api/files/{id}", d.file)
	mux.HandleFunc("GET /demo/api/suggest", d.suggest)
	mux.HandleFunc("POST /demo/api/phone/{act}", d.actOnPhone)
	mux.HandleFunc("POST /demo/api/phone/picture", d.sendPicture)
	mux.HandleFunc("POST /demo/api/slack/{act}", d.actInSlack)
	mux.HandleFunc("POST /demo/api/slack/file", d.shareFile)
	d.handler = guard(mux)
	return d
}

// ServeHTTP answers the browser.
func (d *Demo) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

func (d *Demo) page(w http.ResponseWriter, _ *http.Request) {
	index, err := fs.ReadFile(pageFiles, "page/index.html")
	if err != nil {
		http.Error(w, "the page is missing", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(index)
}
