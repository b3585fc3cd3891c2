package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	clockDoubtful = 5 * time.Second
	clockWrong    = time.Minute
)

// timekeeper carries requests and compares the clock of whoever answers with
// ours. The zero one is ready.
type timekeeper struct {
	mu    sync.Mutex
	heard bool
	ahead time.Duration // we of them, by the quickest answer
	took  time.Duration // that answer
}

// client returns a client whose answers are noted.
func (k *timekeeper) client() *http.Client { return &http.Client{Transport: k} }

// RoundTrip implements http.RoundTripper.
func (k *timekeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	took := time.Since(sent)
	if theirs, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// The header leaves out the fraction of the second.
		theirs = theirs.Add(500 * time.Millisecond)
		k.note(sent.Add(took/2).Sub(theirs), took)
	}
	return resp, nil
}

func (k *timekeeper) note(ahead, took time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.heard || took < k.took {
		k.heard, k.ahead, k.took = true, ahead, took
	}
}

func (d *doctor) lookAtClock() {
	d.compareClock("LINE", &d.lineTime)
	d.compareClock("Slack", &d.slackTime)
}

func (d *doctor) compareClock(who string, k *timekeeper) {
	const advice = "synchronise this machine's clock (NTP): Slack's signatures hold for five minutes, and free replies to LINE for less than one"
	off, way := k.ahead.Round(time.Second), "ahead of"
	if off < 0 {
		off, way = -off, "behind"
	}
	found := fmt.Sprintf("%s %s %s's", off, way, who)
	switch {
	case !k.heard:
		d.warn("clock", "not compared with "+who+"'s: no answer told the time", "run doctor again when "+who+" can be asked")
	case off > clockWrong:
		d.fail("clock", found, advice)
	case off > clockDoubtful:
		d.warn("clock", found, advice)
	default:
		d.ok("clock", "agrees with "+who+"'s")
	}
}
