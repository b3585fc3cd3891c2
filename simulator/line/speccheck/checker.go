// Package speccheck holds a simulated LINE Platform, and whoever talks to it,
// to LINE's own OpenAPI documents. It is a package of its own so that the
// OpenAPI library is linked into tests only.
package speccheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	simline "madoguchi/simulator/line"
)

// Checker is the Platform behind a check: every request, every answer and
// every webhook that does not conform becomes a violation of the Platform.
type Checker struct {
	*documents
	platform *simline.Platform
}

// New begins to check against the documents in dir. Requests must go to the
// Checker instead of the Platform.
func New(dir string, p *simline.Platform) (*Checker, error) {
	d, err := read(dir)
	if err != nil {
		return nil, err
	}
	c := &Checker{documents: d, platform: p}
	p.Inspect(c.checkWebhook)
	return c, nil
}

// InFront returns a Checker in front of p, or p itself where Dir finds no
// documents.
func InFront(p *simline.Platform) (http.Handler, error) {
	dir, ok := Dir()
	if !ok {
		return p, nil
	}
	return New(dir, p)
}

// maxBody is more than LINE takes, so that a body over its limit still reaches
// the Platform as one.
const maxBody = 3 << 20

// ServeHTTP lets the Platform answer and checks both sides.
func (c *Checker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return // the caller has left
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	documented, ok := c.find(r.Method, r.URL.Path)
	if !ok {
		c.platform.Report(r.URL.Path, "no such call in LINE's OpenAPI documents: "+r.Method)
	} else {
		c.checkRequest(documented, r, body)
	}
	copied := &copyWriter{ResponseWriter: w, status: http.StatusOK}
	c.platform.ServeHTTP(copied, r)
	if ok {
		c.checkAnswer(documented, r.URL.Path, copied)
	}
}

// copyWriter keeps what passes through it.
type copyWriter struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *copyWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *copyWriter) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets a response controller through.
func (w *copyWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

func (c *Checker) checkRequest(o call, r *http.Request, body []byte) {
	for _, ref := range o.Parameters {
		given := r.Header.Values(ref.Value.Name)
		if ref.Value.In != "header" || len(given) == 0 {
			continue
		}
		c.report(r.URL.Path, "header "+ref.Value.Name, problems(ref.Value.Schema.Value, given[0], strict))
	}
	if o.RequestBody == nil {
		return
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	media := o.RequestBody.Value.Content.Get(kind)
	if media == nil {
		c.platform.Report(r.URL.Path, fmt.Sprintf("request: content type %q", kind))
		return
	}
	value, err := decode(kind, body)
	if err != nil {
		c.platform.Report(r.URL.Path, "request: the body cannot be read")
		return
	}
	c.report(r.URL.Path, "request", problems(media.Schema.Value, value, strict))
}

func decode(kind string, body []byte) (any, error) {
	var value any
	if kind != typeForm {
		return value, json.Unmarshal(body, &value)
	}
	form, err := url.ParseQuery(string(body))
	members := map[string]any{}
	for name, values := range form {
		members[name] = values[0]
	}
	return members, err
}

// checkAnswer leaves alone what a proxy in front of LINE may answer: 5xx, and
// whatever is not JSON.
func (c *Checker) checkAnswer(o call, path string, w *copyWriter) {
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if w.status >= http.StatusInternalServerError || kind != typeJSON {
		return
	}
	schema := o.refusal
	if ref := o.Responses.Status(w.status); ref != nil {
		media := ref.Value.Content.Get(typeJSON)
		if media == nil {
			return
		}
		schema = media.Schema.Value
	} else if w.status < http.StatusBadRequest {
		c.platform.Report(path, fmt.Sprintf("answer: status %d is not documented", w.status))
		return
	}
	var value any
	if json.Unmarshal(w.body.Bytes(), &value) != nil {
		c.platform.Report(path, "answer: the body cannot be read")
		return
	}
	c.report(path, fmt.Sprintf("answer %d", w.status), problems(schema, value, strict))
}

// checkWebhook lets types pass that the documents do not know: they are older
// than messageEdited.
func (c *Checker) checkWebhook(body []byte) {
	var value any
	if json.Unmarshal(body, &value) != nil {
		c.platform.Report("webhook", "the body cannot be read")
		return
	}
	c.report("webhook", "body", problems(c.callback, value, newerTypes))
}

func (c *Checker) report(path, what string, found []string) {
	for _, problem := range found {
		c.platform.Report(path, what+": "+problem)
	}
}
