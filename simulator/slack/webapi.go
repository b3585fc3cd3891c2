package slack

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/simulator/fault"
)

// reply is the members of a successful answer besides ok.
type reply map[string]any

// call is a call of a method whose token is good. Its method runs with
// Workspace.mu held.
type call struct {
	args
	method   string
	host     string
	warnings []string
}

// method is one method of the Web API.
type method struct {
	run   func(*Workspace, *call) (reply, error)
	scope string // needed in any case; methods on Slack channels ask by the channel's kind
	form  bool   // takes no JSON body
	app   bool   // wants the app-level token
}

// methods are set in init, because some of them lead back to this table.
var methods map[string]method

func init() {
	methods = map[string]method{
		"apps.connections.open": {run: (*Workspace).appsConnectionsOpen, app: true},
		"auth.test":             {run: (*Workspace).authTest},
		"bots.info":             {run: (*Workspace).botsInfo, scope: "users:read", form: true},
		"team.info":             {run: (*Workspace).teamInfo, scope: "team:read", form: true},

		"users.conversations": {run: (*Workspace).usersConversations, form: true},
		"users.info":          {run: (*Workspace).usersInfo, scope: "users:read", form: true},
		"users.list":          {run: (*Workspace).usersList, scope: "users:read", form: true},
		"users.lookupByEmail": {run: (*Workspace).usersLookupByEmail, scope: "users:read.email", form: true},

		"conversations.archive":    {run: (*Workspace).conversationsArchive},
		"conversations.create":     {run: (*Workspace).conversationsCreate},
		"conversations.history":    {run: (*Workspace).conversationsHistory, form: true},
		"conversations.info":       {run: (*Workspace).conversationsInfo, form: true},
		"conversations.invite":     {run: (*Workspace).conversationsInvite},
		"conversations.join":       {run: (*Workspace).conversationsJoin},
		"conversations.kick":       {run: (*Workspace).conversationsKick},
		"conversations.leave":      {run: (*Workspace).conversationsLeave},
		"conversations.list":       {run: (*Workspace).conversationsList, form: true},
		"conversations.members":    {run: (*Workspace).conversationsMembers, form: true},
		"conversations.open":       {run: (*Workspace).conversationsOpen},
		"conversations.rename":     {run: (*Workspace).conversationsRename},
		"conversations.replies":    {run: (*Workspace).conversationsReplies, form: true},
		"conversations.setPurpose": {run: (*Workspace).conversationsSetPurpose},
		"conversations.setTopic":   {run: (*Workspace).conversationsSetTopic},
		"conversations.unarchive":  {run: (*Workspace).conversationsUnarchive},

		"chat.delete":        {run: (*Workspace).chatDelete, scope: "chat:write"},
		"chat.getPermalink":  {run: (*Workspace).chatGetPermalink, form: true},
		"chat.postEphemeral": {run: (*Workspace).chatPostEphemeral, scope: "chat:write"},
		"chat.postMessage":   {run: (*Workspace).chatPostMessage, scope: "chat:write"},
		"chat.update":        {run: (*Workspace).chatUpdate, scope: "chat:write"},

		"reactions.add":    {run: (*Workspace).reactionsAdd, scope: "reactions:write"},
		"reactions.get":    {run: (*Workspace).reactionsGet, scope: "reactions:read", form: true},
		"reactions.remove": {run: (*Workspace).reactionsRemove, scope: "reactions:write"},

		"bookmarks.add": {run: (*Workspace).bookmarksAdd, scope: "bookmarks:write"},
		"pins.add":      {run: (*Workspace).pinsAdd, scope: "pins:write"},

		"files.completeUploadExternal": {run: (*Workspace).filesCompleteUploadExternal, scope: "files:write"},
		"files.delete":                 {run: (*Workspace).filesDelete, scope: "files:write"},
		"files.getUploadURLExternal":   {run: (*Workspace).filesGetUploadURLExternal, scope: "files:write", form: true},
		"files.info":                   {run: (*Workspace).filesInfo, scope: "files:read", form: true},

		"views.open":    {run: (*Workspace).viewsOpen},
		"views.publish": {run: (*Workspace).viewsPublish},
		"views.push":    {run: (*Workspace).viewsPush},
		"views.update":  {run: (*Workspace).viewsUpdate},
	}
}

func (w *Workspace) serveMethod(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	w.count(name)
	// The body is read before a fault strikes: a connection that breaks with
	// unread bytes is reset, which a caller may see before it has sent them.
	q, err := readRequest(r)
	rule, struck := w.Faults.Strike(name)
	if struck && !w.before(rw, r, rule) {
		return
	}
	if err != nil {
		w.answer(rw, name, request{}, nil, refuse("invalid_arguments"))
		return
	}
	c := &call{args: q.args, method: name, host: r.Host}
	out, err := w.run(c, q)
	if struck && !w.after(r, rule) {
		return
	}
	w.answer(rw, name, q, withWarnings(c, q, out), err)
}

func (w *Workspace) count(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[name]++
}

// before carries out a fault that keeps the call from being looked at. It
// reports whether the call goes on.
func (w *Workspace) before(rw http.ResponseWriter, r *http.Request, rule fault.Rule) bool {
	switch rule.Kind {
	case fault.Status:
		rw.WriteHeader(cmp.Or(rule.Status, http.StatusInternalServerError))
		_, _ = rw.Write([]byte(rule.Body))
	case fault.Error:
		writeJSON(rw, http.StatusOK, map[string]any{"ok": false, "error": cmp.Or(rule.Code, "fatal_error")})
	case fault.RateLimit:
		if rule.RetryAfter > 0 {
			rw.Header().Set("Retry-After", strconv.Itoa(wholeSeconds(rule.RetryAfter)))
		}
		writeJSON(rw, http.StatusTooManyRequests, map[string]any{"ok": false, "error": "ratelimited"})
	case fault.Garbage:
		rw.Header().Set("Content-Type", "text/html")
		rw.WriteHeader(http.StatusBadGateway)
		_, _ = rw.Write([]byte("<html><body>Server Error</body></html>"))
	case fault.Hang:
		w.wait(r, rule.Delay)
		panic(http.ErrAbortHandler)
	case fault.Reset:
		panic(http.ErrAbortHandler)
	default:
		return true
	}
	return false
}

// after carries out a fault that hits an answer. It reports whether the
// answer goes out.
func (w *Workspace) after(r *http.Request, rule fault.Rule) bool {
	switch rule.Kind {
	case fault.LostAnswer:
		panic(http.ErrAbortHandler)
	case fault.Delay:
		if rule.Delay > 0 {
			w.wait(r, rule.Delay)
		}
	}
	return true
}

// wait waits for d, or without end when d is 0; the caller's leaving and
// Close end it.
func (w *Workspace) wait(r *http.Request, d time.Duration) {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-after:
	case <-r.Context().Done():
	case <-w.ctx.Done():
	}
}

func (w *Workspace) run(c *call, q request) (reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.base == "" {
		w.base = "http://" + c.host
	}
	m, ok := methods[c.method]
	if !ok {
		return nil, &apiError{code: "unknown_method", more: map[string]any{"req_method": c.method}}
	}
	if err := w.authorize(c.method, m, q); err != nil {
		return nil, err
	}
	if q.json && m.form {
		w.violate(c.method, "a JSON body where only a form is read")
		c.args = args{}
	}
	if q.unsupported {
		return nil, refuse("invalid_post_type")
	}
	if m.scope != "" {
		if err := w.need(m.scope); err != nil {
			return nil, err
		}
	}
	return m.run(w, c)
}

func (w *Workspace) authorize(name string, m method, q request) error {
	if q.inQuery {
		w.violate(name, "the token is in the query string")
		if !w.beliefs.QueryTokenAccepted {
			return refuse("invalid_auth")
		}
	}
	right, wrong := w.opts.BotToken, w.opts.AppToken
	if m.app {
		right, wrong = wrong, right
	}
	switch {
	case q.token == "":
		return refuse("not_authed")
	case q.token == wrong:
		return refuse("not_allowed_token_type")
	case q.token != right:
		return refuse("invalid_auth")
	case w.lost != "":
		return refuse(w.lost)
	}
	return nil
}

// need returns missing_scope unless the bot token has the scope.
func (w *Workspace) need(scope string) error {
	if slices.Contains(w.scopes, scope) {
		return nil
	}
	return &apiError{code: "missing_scope", needed: scope}
}

func withWarnings(c *call, q request, out reply) reply {
	if out == nil {
		return nil
	}
	warnings := c.warnings
	if q.json && !q.charset {
		warnings = append(warnings, "missing_charset")
	}
	if len(warnings) == 0 {
		return out
	}
	out["warning"] = strings.Join(warnings, ",")
	metadata, ok := out["response_metadata"].(map[string]any)
	if !ok {
		metadata = map[string]any{}
		out["response_metadata"] = metadata
	}
	metadata["warnings"] = warnings
	return out
}

func (w *Workspace) answer(rw http.ResponseWriter, name string, q request, out reply, err error) {
	w.mu.Lock()
	provided := strings.Join(w.scopes, ",")
	w.mu.Unlock()
	if q.token != "" {
		rw.Header().Set("X-OAuth-Scopes", provided)
		rw.Header().Set("X-Accepted-OAuth-Scopes", methods[name].scope)
	}
	if limit, ok := errors.AsType[*rateLimited](err); ok {
		rw.Header().Set("Retry-After", strconv.Itoa(limit.seconds))
		writeJSON(rw, http.StatusTooManyRequests, map[string]any{"ok": false, "error": limit.Error()})
		return
	}
	body := map[string]any{"ok": err == nil}
	for k, v := range out {
		body[k] = v
	}
	if err != nil {
		describe(body, err, provided)
	}
	writeJSON(rw, http.StatusOK, body)
}

func describe(body map[string]any, err error, provided string) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		body["error"] = "internal_error"
		return
	}
	body["error"] = e.code
	for k, v := range e.more {
		body[k] = v
	}
	if e.needed != "" {
		body["needed"], body["provided"] = e.needed, provided
	}
	if len(e.messages) > 0 {
		body["response_metadata"] = map[string]any{"messages": e.messages}
	}
}

func writeJSON(rw http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, "an answer that cannot be encoded", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write(raw)
}

// wholeSeconds rounds up, since Retry-After knows no fractions.
func wholeSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
