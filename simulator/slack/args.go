package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const maxBody = 8 << 20

// args are the arguments of a call. A JSON body's strings are unquoted and
// everything else in it kept as JSON, so that "blocks" reads the same whether
// it came as an array or as a string that holds one.
type args map[string]string

func (a args) bool(name string) bool { return a[name] == "true" || a[name] == "1" }

func (a args) int(name string, otherwise int) int {
	n, err := strconv.Atoi(a[name])
	if err != nil || n <= 0 {
		return otherwise
	}
	return n
}

// raw returns a JSON argument, nil when it is missing or null.
func (a args) raw(name string) json.RawMessage {
	if s := strings.TrimSpace(a[name]); s != "" && s != "null" {
		return json.RawMessage(s)
	}
	return nil
}

// list splits a comma-separated argument.
func (a args) list(name string) []string {
	return strings.FieldsFunc(a[name], func(r rune) bool { return r == ',' || r == ' ' })
}

// require returns invalid_arguments naming those that are missing.
func (a args) require(names ...string) error {
	var missing []string
	for _, n := range names {
		if a[n] == "" {
			missing = append(missing, "[ERROR] missing required field: "+n)
		}
	}
	if missing == nil {
		return nil
	}
	return refuse("invalid_arguments", missing...)
}

// request is a call as it came in.
type request struct {
	args        args
	token       string
	inQuery     bool // the token was in the query string
	json        bool
	charset     bool
	unsupported bool // a content type that Slack does not take
}

// readRequest reads a call's arguments and token wherever Slack looks for
// them: query, form, JSON body and the Authorization header.
func readRequest(r *http.Request) (request, error) {
	q := request{args: args{}}
	copyValues(q.args, r.URL.Query())
	if t := q.args["token"]; t != "" {
		q.token, q.inQuery = t, true
		delete(q.args, "token")
	}
	if err := q.readBody(r); err != nil {
		return q, err
	}
	if t := q.args["token"]; t != "" {
		q.token, q.inQuery = t, false
		delete(q.args, "token")
	}
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		q.token, q.inQuery = strings.TrimSpace(t), false
	}
	return q, nil
}

func (q *request) readBody(r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("read a call: %w", err)
	}
	if len(body) == 0 {
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	q.charset = params["charset"] != ""
	switch kind {
	case "application/json":
		q.json = true
		return readJSONArgs(q.args, body)
	case "multipart/form-data":
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return fmt.Errorf("read a multipart call: %w", err)
		}
		copyValues(q.args, r.MultipartForm.Value)
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return errors.New("a form that cannot be read")
		}
		copyValues(q.args, values)
	default:
		q.unsupported = true
	}
	return nil
}

func copyValues(a args, values url.Values) {
	for name, v := range values {
		if len(v) > 0 {
			a[name] = v[0]
		}
	}
}

func readJSONArgs(a args, body []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return errors.New("a JSON body that is no object")
	}
	for name, raw := range members {
		var s string
		if json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
			a[name] = s
			continue
		}
		if string(raw) != "null" {
			a[name] = string(raw)
		}
	}
	return nil
}
