package slack

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Limits of a response URL.
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

// responseURL lets the app answer an interaction without a token.
type responseURL struct {
	ch      *channel
	user    string
	message *message // what the interaction happened on; nil of commands and shortcuts
	used    int
	expires time.Time
}

// responseBody is what the app sends to one, or answers a command with.
type responseBody struct {
	Type            string          `json:"response_type"`
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	ThreadTS        string          `json:"thread_ts"`
	ReplaceOriginal bool            `json:"replace_original"`
	DeleteOriginal  bool            `json:"delete_original"`
}

func (w *Workspace) newResponseURL(ch *channel, user string, m *message) string {
	id := newID("R") + newID("")
	w.responses[id] = &responseURL{ch: ch, user: user, message: m, expires: w.now().Add(responseLife)}
	return w.base + "/response/" + id
}

func (w *Workspace) serveResponseURL(rw http.ResponseWriter, r *http.Request) {
	const name = "response_url"
	w.count(name)
	rule, struck := w.Faults.Strike(name)
	if struck && !w.before(rw, r, rule) {
		return
	}
	var body responseBody
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, maxBody)).Decode(&body); err != nil {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	err := w.useResponseURL(r.PathValue("id"), body)
	if struck && !w.after(r, rule) {
		return
	}
	if err != nil {
		writeJSON(rw, http.StatusNotFound, map[string]any{"ok": false, "error": err.Error()})
		return
	}
	rw.Header().Set("Content-Type", "text/html")
	_, _ = rw.Write([]byte("ok"))
}

func (w *Workspace) useResponseURL(id string, body responseBody) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.responses[id]
	if u == nil || u.used >= responseUses || w.now().After(u.expires) {
		return errors.New("used_url")
	}
	u.used++
	_, err := w.respond(u.ch, u.user, u.message, body)
	return err
}

// respond carries out an answer to an interaction and returns its blocks as
// they are shown.
func (w *Workspace) respond(ch *channel, user string, original *message, body responseBody) (json.RawMessage, error) {
	if original != nil && body.DeleteOriginal {
		w.remove(ch, original, true)
		return nil, nil
	}
	blocks, err := w.checkBlocks("response_url", body.Blocks)
	if err != nil {
		return nil, err
	}
	switch {
	case original != nil && body.ReplaceOriginal:
		w.change(ch, original, true, func() { original.Text, original.Blocks = body.Text, blocks })
	case body.Type == "in_channel":
		m := &message{Message: Message{
			User: w.opts.BotUserID, BotID: w.opts.BotID, AppID: w.opts.AppID, Text: body.Text, Blocks: blocks,
		}}
		w.store(ch, m)
		w.announce(ch, m, true)
	default:
		w.ephemerals = append(w.ephemerals, Ephemeral{
			Channel: ch.id, User: user, TS: formatTS(w.nextTS(ch)), ThreadTS: body.ThreadTS, Text: body.Text, Blocks: blocks,
		})
		w.changed()
	}
	return blocks, nil
}
