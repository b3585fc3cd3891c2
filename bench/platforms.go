package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
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
	botToken      = "xoxb-bench" //nolint:gosec // see above
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
	w := simslack.New(simslack.Options{TeamID: "T0BENCH", BotToken: botToken, SigningSecret: signingSecret, RetryDelays: []time.Duration{time.Second}})
	defer w.Close()
	w.SetBaseURL("http://" + *addr)
	w.SetURLs("http://"+*serve+"/webhooks/slack/events", "http://"+*serve+"/webhooks/slack/interactions", "http://"+*serve+"/webhooks/slack/commands")
	for i := range *people + 1 {
		w.AddUser(simslack.User{ID: personID(i), Name: fmt.Sprintf("係%d", i)})
	}
	p := &platform{slack: w}
	mux := http.NewServeMux()
	mux.HandleFunc("/v2/", p.line)
	mux.HandleFunc("/bench/seen", p.seen)
	mux.HandleFunc("/bench/replies", p.replies)
	mux.HandleFunc("POST /api/chat.postMessage", p.post)
	mux.Handle("/", w)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close() // nobody is waited for: it only measures
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type platform struct {
	slack *simslack.Workspace

	mu       sync.Mutex
	posts    int             // that were accepted
	messages int             // in them
	delays   []time.Duration // from when a message was sent to when its post arrived
	answers  []time.Duration // from when a reply was written to when LINE was called
	ages     []time.Duration // since the first message, when each one arrived
	first    time.Time
}

// seen is what has arrived so far.
type seen struct {
	Posts       int           `json:"posts"`
	Messages    int           `json:"messages"`
	P50         time.Duration `json:"p50"`
	P99         time.Duration `json:"p99"`
	Answers     int           `json:"answers"`
	AnswerP50   time.Duration `json:"answerP50"`
	AnswerP99   time.Duration `json:"answerP99"`
	Last        time.Duration `json:"last"` // when the last message arrived, after the first one was sent
	SlackEvents int           `json:"slackEvents"`
}

func (p *platform) seen(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := seen{Posts: p.posts, Messages: p.messages, Answers: len(p.answers)}
	s.P50, s.P99 = percentiles(p.delays)
	s.AnswerP50, s.AnswerP99 = percentiles(p.answers)
	if n := len(p.ages); n > 0 {
		s.Last = p.ages[n-1]
	}
	_ = json.NewEncoder(w).Encode(s) // who asked sees that it is cut
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
		if p.messages == 0 || sent.Before(p.first) {
			p.first = sent
		}
		p.messages++
		p.delays = append(p.delays, arrived.Sub(sent))
		p.ages = append(p.ages, arrived.Sub(p.first))
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

// replies has operators write in the threads there are, at a rate.
func (p *platform) replies(w http.ResponseWriter, r *http.Request) {
	rate, errRate := strconv.ParseFloat(r.FormValue("rate"), 64)
	count, errCount := strconv.Atoi(r.FormValue("count"))
	if err := errors.Join(errRate, errCount); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	roots := p.roots()
	if len(roots) == 0 {
		http.Error(w, "there is no thread", http.StatusConflict)
		return
	}
	began := time.Now()
	for n := range count {
		time.Sleep(time.Until(began.Add(time.Duration(float64(n) / rate * float64(time.Second)))))
		root := roots[n%len(roots)]
		if _, err := p.slack.Reply(root.user, root.channel, root.ts, fmt.Sprintf("[r-%d@%d]", n, time.Now().UnixNano())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write([]byte(`{}`))
}

// root is the first post of a friend's thread, and who may answer in it.
type root struct{ user, channel, ts string }

func (p *platform) roots() []root {
	var all []root
	for _, c := range p.slack.Channels() {
		for i := 1; slices.Contains(c.Members, personID(i)) || i == 1; i++ {
			if !slices.Contains(c.Members, personID(i)) {
				continue
			}
			for _, m := range p.slack.Messages(c.ID) {
				if m.BotID != "" && marks.MatchString(m.Text+string(m.Blocks)) && (m.ThreadTS == "" || m.ThreadTS == m.TS) {
					all = append(all, root{personID(i), c.ID, m.TS})
				}
			}
		}
	}
	return all
}
