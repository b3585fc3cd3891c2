package slack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

const maxUpload = 256 << 20

func (w *Workspace) filesGetUploadURLExternal(c *call) (reply, error) {
	if err := c.require("filename", "length"); err != nil {
		return nil, err
	}
	length := c.int("length", 0)
	if length == 0 {
		return nil, refuse("invalid_arguments", "[ERROR] length must be greater than 0")
	}
	f := &file{
		File: File{ID: newID("F"), Name: c.args["filename"], Title: c.args["filename"], User: w.opts.BotUserID},
		// Slack takes the bytes only through the address it gave out for them.
		announced: int64(length), created: w.now(),
	}
	w.files[f.ID] = f
	token := newID("up")
	w.uploads[token] = f
	return reply{"upload_url": w.base + "/upload/" + token, "file_id": f.ID}, nil
}

// serveUpload takes the bytes of a file, as they are or as a form's file.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	const name = "files.upload"
	w.count(name)
	data, err := uploadedBytes(r)
	rule, struck := w.Faults.Strike(name)
	if struck && !w.before(rw, r, rule) {
		return
	}
	if err != nil {
		http.Error(rw, "an upload that cannot be read", http.StatusBadRequest)
		return
	}
	status, answer := w.takeUpload(r.PathValue("token"), data)
	if struck && !w.after(r, rule) {
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, answer)
}

func (w *Workspace) takeUpload(token string, data []byte) (int, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.uploads[token]
	switch {
	case f == nil || f.completed:
		return http.StatusNotFound, "no such upload"
	case int64(len(data)) != f.announced:
		w.violate("files.upload", "another length than announced")
		return http.StatusBadRequest, "wrong length"
	}
	f.data, f.uploaded, f.Size, f.Type = data, true, int64(len(data)), typeOf(f.Name, data)
	return http.StatusOK, fmt.Sprintf("OK - %d", len(data))
}

func uploadedBytes(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUpload))
	if err != nil {
		return nil, fmt.Errorf("read an upload: %w", err)
	}
	contentType := r.Header.Get("Content-Type")
	if !strings.HasPrefix(contentType, "multipart/") {
		return body, nil
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fmt.Errorf("read an upload: %w", err)
	}
	// Only the first file counts; what follows it, even a second closing
	// boundary, is let be.
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("an upload without a file")
		}
		if err != nil {
			return nil, fmt.Errorf("read an upload: %w", err)
		}
		if part.FileName() != "" {
			return io.ReadAll(part)
		}
	}
}

// serveFile gives a file to a token that may read it; anybody else is sent to
// the sign-in page, as on Slack.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	w.count("files.download")
	rule, struck := w.Faults.Strike("files.download")
	if struck && !w.before(rw, r, rule) {
		return
	}
	q, err := readRequest(r)
	if err != nil {
		http.Error(rw, "a request that cannot be read", http.StatusBadRequest)
		return
	}
	f, ok := w.readableFile(r.PathValue("id"), q)
	if !ok {
		http.Redirect(rw, r, "/?redir="+url.QueryEscape(r.URL.Path), http.StatusFound)
		return
	}
	if struck && !w.after(r, rule) {
		return
	}
	rw.Header().Set("Content-Type", f.Type)
	_, _ = rw.Write(f.data)
}

func (w *Workspace) readableFile(id string, q request) (file, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil || f.Deleted || q.inQuery || q.token != w.opts.BotToken || w.lost != "" ||
		w.need("files:read") != nil || !w.botMayRead(f) {
		return file{}, false
	}
	return *f, true
}

func serveSignIn(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(rw, "<!DOCTYPE html><title>Sign in</title><p>Sign in to see this file.</p>")
}
