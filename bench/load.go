package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	simline "madoguchi/simulator/line"
)

// What the account of every measurement signs with.
const (
	channelSecret = "bench-channel-secret"
	botUserID     = "U00000000000000000000000000000be"
)

// loadResult is what a load process found.
type loadResult struct {
	Count     int           `json:"count"`
	Failed    int           `json:"failed"`
	PerSecond float64       `json:"perSecond"`
	P50       time.Duration `json:"p50"`
	P99       time.Duration `json:"p99"`
}

// load sends webhooks as LINE would and prints a loadResult.
func load(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	l := loader{}
	flags.StringVar(&l.addr, "addr", "", "host and port")
	flags.IntVar(&l.connections, "connections", 1, "how many send side by side")
	flags.IntVar(&l.seconds, "seconds", 5, "for how long")
	flags.IntVar(&l.friends, "friends", 1000, "how many write in turn")
	flags.IntVar(&l.groups, "groups", 1, "into how many they are divided")
	flags.Float64Var(&l.rate, "rate", 0, "messages a second of all connections; 0: each as soon as the last is answered")
	flags.IntVar(&l.most, "most", 0, "messages in all; 0: as many as go in the time")
	flags.StringVar(&l.prefix, "prefix", "", "of the event ids, so that they differ from those of another load")
	if err := flags.Parse(args); err != nil {
		return err
	}
	result, err := l.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// loader writes as friends do: each message of the next friend in turn.
type loader struct {
	addr        string
	connections int
	seconds     int
	friends     int
	groups      int
	rate        float64
	most        int
	prefix      string

	mu     sync.Mutex
	next   int
	took   []time.Duration
	failed int
}

func (l *loader) run(ctx context.Context) (loadResult, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l.seconds)*time.Second)
	defer cancel()
	began := time.Now()
	errs := make(chan error, l.connections)
	for range l.connections {
		go func() { errs <- l.connection(ctx, began) }()
	}
	for range l.connections {
		if err := <-errs; err != nil {
			return loadResult{}, err
		}
	}
	elapsed := time.Since(began)
	result := loadResult{Count: len(l.took), Failed: l.failed, PerSecond: float64(len(l.took)) / elapsed.Seconds()}
	result.P50, result.P99 = percentiles(l.took)
	return result, nil
}

// turn is the number of the next message, once it is due.
func (l *loader) turn(ctx context.Context, began time.Time) (int, bool) {
	l.mu.Lock()
	n := l.next
	l.next++
	l.mu.Unlock()
	if l.most > 0 && n >= l.most {
		return 0, false
	}
	if l.rate > 0 {
		due := began.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
		}
	}
	return n, ctx.Err() == nil
}

// connection writes requests by hand: a client library would cost more than the
// server that is measured.
func (l *loader) connection(ctx context.Context, began time.Time) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	var took []time.Duration
	failed := 0
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.took = append(l.took, took...)
		l.failed += failed
	}()
	for {
		n, ok := l.turn(ctx, began)
		if !ok {
			return nil
		}
		request := l.request(n)
		sent := time.Now()
		if _, err := conn.Write(request); err != nil {
			return err
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			failed++
			continue
		}
		took = append(took, time.Since(sent))
	}
}

func (l *loader) request(n int) []byte {
	now := time.Now().UnixMilli()
	body := fmt.Appendf(nil, `{"destination":%q,"events":[{"type":"message","mode":"active","timestamp":%d,`+
		`"source":{"type":"user","userId":"%s"},"webhookEventId":"%s%026d","deliveryContext":{"isRedelivery":false},`+
		`"replyToken":"%s%030d","message":{"id":"%s%018d","type":"text","text":"%s %sの予約を変更したいのですが、明日の午後は空いていますか。",`+
		`"quoteToken":"q%030d","markAsReadToken":"r%030d"}}]}`,
		botUserID, now, friendID(n%l.friends), l.prefix, n, l.prefix, n, l.prefix, n, messageText(l.prefix, n), group(n%l.friends%l.groups), n, n)
	var b bytes.Buffer
	b.WriteString("POST /webhooks/line/bench HTTP/1.1\r\nHost: ")
	b.WriteString(l.addr)
	b.WriteString("\r\nContent-Type: application/json\r\nX-Line-Signature: ")
	b.WriteString(simline.Signature(channelSecret, body))
	b.WriteString("\r\nContent-Length: ")
	b.WriteString(strconv.Itoa(len(body)))
	b.WriteString("\r\n\r\n")
	b.Write(body)
	return b.Bytes()
}

// messageText begins every message: which it is, and when it was written.
func messageText(prefix string, n int) string {
	return fmt.Sprintf("[%s-%d@%d]", prefix, n, time.Now().UnixNano())
}

func friendID(n int) string { return fmt.Sprintf("U%032x", n+1) }

// loadFrom has a process of its own send.
func (b *bench) loadFrom(ctx context.Context, args ...string) (r loadResult, err error) {
	cmd := exec.CommandContext(ctx, b.self, append([]string{"load"}, args...)...) //nolint:gosec // this program
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("load: %w", err)
	}
	return r, json.Unmarshal(out, &r)
}
