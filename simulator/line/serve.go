package line

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"madoguchi/simulator/fault"
)

// maxRequest is the largest body that LINE takes.
const maxRequest = 2 << 20

// call is one request of an account.
type call struct {
	account *account
	path    string
	value   func(name string) string // of the path
	header  http.Header
	body    []byte
}

// answer is what a call gets: a JSON body, or bytes of a content type.
type answer struct {
	status int
	body   any
	header http.Header

	bytes       []byte
	contentType string
}

type handler func(*Platform, *call) answer

func (p *Platform) routes() {
	for pattern, h := range map[string]handler{
		"POST /v2/bot/message/reply":                        (*Platform).reply,
		"POST /v2/bot/message/push":                         (*Platform).push,
		"POST /v2/bot/message/validate/reply":               (*Platform).validate,
		"POST /v2/bot/message/validate/push":                (*Platform).validate,
		"GET /v2/bot/message/quota":                         (*Platform).quota,
		"GET /v2/bot/message/quota/consumption":             (*Platform).consumption,
		"GET /v2/bot/message/{message}/content":             (*Platform).content,
		"GET /v2/bot/message/{message}/content/preview":     (*Platform).content,
		"GET /v2/bot/message/{message}/content/transcoding": (*Platform).transcoding,
		"GET /v2/bot/profile/{user}":                        (*Platform).profile,
		"GET /v2/bot/group/{chat}/summary":                  (*Platform).groupSummary,
		"GET /v2/bot/group/{chat}/member/{user}":            (*Platform).memberProfile,
		"GET /v2/bot/room/{chat}/member/{user}":             (*Platform).memberProfile,
		"GET /v2/bot/group/{chat}/members/count":            (*Platform).membersCount,
		"GET /v2/bot/room/{chat}/members/count":             (*Platform).membersCount,
		"GET /v2/bot/info":                                  (*Platform).info,
		"POST /v2/bot/chat/markAsRead":                      (*Platform).markAsRead,
		"POST /v2/bot/chat/loading/start":                   (*Platform).loading,
		"GET /v2/bot/channel/webhook/endpoint":              (*Platform).endpoint,
		"PUT /v2/bot/channel/webhook/endpoint":              (*Platform).setEndpoint,
	} {
		p.mux.HandleFunc(pattern, p.serve(p.authorized(h)))
	}
	p.mux.HandleFunc("POST /v2/bot/channel/webhook/test", p.serve(p.testEndpoint))
	p.mux.HandleFunc("POST /oauth2/v3/token", p.serve(p.issueToken))
	p.mux.HandleFunc("/", p.serve(func(*call) answer { return complain(http.StatusNotFound, "Not found") }))
}

// serve reads the request, lets a fault strike, and writes what h answers.
func (p *Platform) serve(h func(*call) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.count(r.URL.Path)
		w.Header().Set("X-Line-Request-Id", requestID())
		// The body is read before a fault strikes: a connection that breaks
		// with unread bytes is reset, which a caller may see before it has
		// sent them.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		rule, struck := p.Faults.Strike(r.URL.Path)
		if struck && !p.before(w, r, rule) {
			return
		}
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			write(w, complain(http.StatusRequestEntityTooLarge, "Request body is too large"))
			return
		} else if err != nil {
			return // the caller has left
		}
		a := h(&call{path: r.URL.Path, value: r.PathValue, header: r.Header, body: body})
		if struck {
			p.after(r, rule)
		}
		write(w, a)
	}
}

// authorized finds whose token it is, and runs h alone.
func (p *Platform) authorized(h handler) func(*call) answer {
	return func(c *call) answer {
		p.mu.Lock()
		defer p.mu.Unlock()
		given, _ := strings.CutPrefix(c.header.Get("Authorization"), "Bearer ")
		if c.account = p.bearer(given); c.account == nil {
			return complain(http.StatusUnauthorized, "Authentication failed. Confirm that the access token in the authorization header is valid.")
		}
		if len(c.body) > 0 && !isJSON(c.header) {
			return complain(http.StatusUnsupportedMediaType, "The content type is not supported")
		}
		a := h(p, c)
		p.changed()
		return a
	}
}

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

func (p *Platform) count(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[path]++
}

// complain answers with LINE's error object.
func complain(status int, message string, details ...errorDetail) answer {
	return answer{status: status, body: errorBody{Message: message, Details: details}}
}

type errorBody struct {
	Message      string        `json:"message"`
	Details      []errorDetail `json:"details,omitempty"`
	SentMessages []sentMessage `json:"sentMessages,omitempty"`
}

type errorDetail struct {
	Message  string `json:"message"`
	Property string `json:"property"`
}

func succeed(body any) answer { return answer{status: http.StatusOK, body: body} }

func write(w http.ResponseWriter, a answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.body == nil {
		w.Header().Set("Content-Type", a.contentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.bytes)))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.bytes)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // the caller may have left
}

// before carries out a fault that keeps the call from being looked at. It
// reports whether the call goes on.
func (p *Platform) before(w http.ResponseWriter, r *http.Request, rule fault.Rule) bool {
	switch rule.Kind {
	case fault.Status:
		a := complain(rule.Status, http.StatusText(rule.Status))
		if rule.Body != "" {
			a = answer{status: rule.Status, bytes: []byte(rule.Body), contentType: "application/json"}
		}
		write(w, a)
	case fault.RateLimit:
		if rule.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((rule.RetryAfter+time.Second-1)/time.Second)))
		}
		write(w, complain(http.StatusTooManyRequests, "The API rate limit has been exceeded. Try again later."))
	case fault.Garbage:
		write(w, answer{status: http.StatusBadGateway, bytes: []byte("<html><body>Bad Gateway</body></html>"), contentType: "text/html"})
	case fault.Hang:
		p.wait(r, rule.Delay)
		panic(http.ErrAbortHandler)
	case fault.Reset:
		panic(http.ErrAbortHandler)
	default:
		return true
	}
	return false
}

// after carries out a fault that hits an answer.
func (p *Platform) after(r *http.Request, rule fault.Rule) {
	switch rule.Kind {
	case fault.LostAnswer:
		panic(http.ErrAbortHandler)
	case fault.Delay:
		if rule.Delay > 0 {
			p.wait(r, rule.Delay)
		}
	}
}

// wait waits for d, or without end when d is 0; the caller's leaving and
// Close end it.
func (p *Platform) wait(r *http.Request, d time.Duration) {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-after:
	case <-r.Context().Done():
	case <-p.ctx.Done():
	}
}
