package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	simslack "madoguchi/simulator/slack"
)

// What opens nothing but the simulated platforms.
const (
	botToken      = "xoxb-bench" //nolint:gosec // it opens nothing else
	signingSecret = "bench-signing-secret"
	channelToken  = "bench-channel-token"
)

// platforms is a process with a simulated Slack and the least of a LINE, which
// notes what arrived when.
func platforms(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("platforms", flag.ContinueOnError)
	addr := flags.String("listen", "", "address")
	serve := flags.String("serve", "", "address of serve")
	people := flags.Int("people", 1, "how many operators there are")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := newPlatform("http://"+*addr, "http://"+*serve, *people)
	defer p.slack.Close()
	return serveUntil(ctx, *addr, p.routes())
}

// newPlatform is at base and delivers to a serve; so many operators are there.
func newPlatform(base, serve string, people int) *platform {
	w := simslack.New(simslack.Options{TeamID: "T0BENCH", BotToken: botToken, SigningSecret: signingSecret, RetryDelays: []time.Duration{time.Second}})
	w.SetBaseURL(base)
	w.SetURLs(serve+"/webhooks/slack/events", serve+"/webhooks/slack/interactions", serve+"/webhooks/slack/commands")
	for i := range people + 1 {
		w.AddUser(simslack.User{ID: personID(i), Name: fmt.Sprintf("係%d", i)})
	}
	return &platform{slack: w}
}

func (p *platform) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", p.line)
	mux.HandleFunc("/bench/seen", p.seen)
	mux.HandleFunc("/bench/took", p.took)
	mux.HandleFunc("/bench/replies", p.replies)
	mux.HandleFunc("POST /api/chat.postMessage", p.post)
	mux.Handle("/", p.slack)
	return mux
}

type platform struct {
	slack *simslack.Workspace

	mu      sync.Mutex
	posts   int             // that were accepted
	delays  []time.Duration // of each message in them: from when it was sent to when the post arrived
	answers []time.Duration // from when a reply was written to when LINE was called
	first   time.Time       // when the first message was sent
	last    time.Duration   // after first, when the last one arrived
}

// seen is how much has arrived so far. It is asked for while serve is measured,
// and costs nothing.
type seen struct {
	Posts    int           `json:"posts"`
	Messages int           `json:"messages"`
	Answers  int           `json:"answers"`
	Last     time.Duration `json:"last"` // when the last message arrived, after the first one was sent
}

// took is how long what has arrived was under way.
type took struct {
	PostP50   time.Duration `json:"postP50"`
	PostP99   time.Duration `json:"postP99"`
	AnswerP50 time.Duration `json:"answerP50"`
	AnswerP99 time.Duration `json:"answerP99"`
}

func (p *platform) seen(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Who asked sees it if this is cut.
	_ = json.NewEncoder(w).Encode(seen{Posts: p.posts, Messages: len(p.delays), Answers: len(p.answers), Last: p.last})
}

func (p *platform) took(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var t took
	t.PostP50, t.PostP99 = percentiles(p.delays)
	t.AnswerP50, t.AnswerP99 = percentiles(p.answers)
	_ = json.NewEncoder(w).Encode(t)
}

func percentiles(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2], sorted[len(sorted)*99/100]
}

// marks are what messages and replies begin with: whose, which, and when they
// were written, in nanoseconds.
var marks = regexp.MustCompile(`\[(?:\w*)-(?:\d+)@(\d+)\]`)

// post passes a post on to the simulated Slack and notes what stands in it.
func (p *platform) post(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &recorder{ResponseWriter: w}
	p.slack.ServeHTTP(answer, r)
	if !answer.accepted {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.posts++
	// The text repeats what the blocks say: each mark counts once.
	shown := map[string]bool{}
	for _, m := range marks.FindAllSubmatch(body, -1) {
		if shown[string(m[0])] {
			continue
		}
		shown[string(m[0])] = true
		nanos, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			continue
		}
		sent := time.Unix(0, nanos)
		if len(p.delays) == 0 || sent.Before(p.first) {
			p.first = sent
		}
		p.delays = append(p.delays, arrived.Sub(sent))
		p.last = arrived.Sub(p.first)
	}
}

// recorder notices whether Slack accepted a call.
type recorder struct {
	http.ResponseWriter
	accepted bool
}

func (r *recorder) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`"ok":true`)) {
		r.accepted = true
	}
	return r.ResponseWriter.Write(b)
}

// line answers what LINE would.
func (p *platform) line(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Line-Request-Id", "bench")
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/bot/profile/"):
		id := strings.TrimPrefix(r.URL.Path, "/v2/bot/profile/")
		fmt.Fprintf(w, `{"displayName":"友だち%s","userId":%q}`, id[len(id)-4:], id) //nolint:gosec // no browser reads it
	case r.URL.Path == "/v2/bot/info":
		fmt.Fprintf(w, `{"userId":%q,"basicId":"@bench","displayName":"測定","chatMode":"bot","markAsReadMode":"auto"}`, botUserID)
	case r.URL.Path == "/v2/bot/message/reply" || r.URL.Path == "/v2/bot/message/push":
		p.mu.Lock()
		for _, m := range marks.FindAllSubmatch(body, -1) {
			if nanos, err := strconv.ParseInt(string(m[1]), 10, 64); err == nil {
				p.answers = append(p.answers, arrived.Sub(time.Unix(0, nanos)))
			}
		}
		p.mu.Unlock()
		_, _ = w.Write([]byte(`{"sentMessages":[{"id":"1","quoteToken":"q"}]}`))
	default:
		_, _ = w.Write([]byte(`{}`))
	}
}

// replies has the first operator write in the threads there are, at a rate.
func (p *platform) replies(w http.ResponseWriter, r *http.Request) {
	rate, errRate := strconv.ParseFloat(r.FormValue("rate"), 64)
	count, errCount := strconv.Atoi(r.FormValue("count"))
	if err := errors.Join(errRate, errCount); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	operator := personID(1)
	cards := p.cards(operator)
	if len(cards) == 0 {
		http.Error(w, "there is no thread", http.StatusConflict)
		return
	}
	began := time.Now()
	for n := range count {
		time.Sleep(time.Until(began.Add(time.Duration(float64(n) / rate * float64(time.Second)))))
		card := cards[n%len(cards)]
		if _, err := p.slack.Reply(operator, card.Channel, card.TS, fmt.Sprintf("[r-%d@%d]", n, time.Now().UnixNano())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write([]byte(`{}`))
}

// cards are the first posts of the friends' threads that a person sees.
func (p *platform) cards(person string) []simslack.Message {
	var all []simslack.Message
	for _, c := range p.slack.Channels() {
		if !slices.Contains(c.Members, person) {
			continue
		}
		for _, m := range p.slack.Messages(c.ID) {
			if m.BotID != "" && marks.Match(m.Blocks) && (m.ThreadTS == "" || m.ThreadTS == m.TS) {
				all = append(all, m)
			}
		}
	}
	return all
}
