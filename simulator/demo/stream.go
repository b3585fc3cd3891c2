package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// together is how long changes are collected before they are shown.
	together = 40 * time.Millisecond
	// alive is how often a stream says that it is still there.
	alive = 15 * time.Second
	// patience is how long one write to a browser may take.
	patience = 10 * time.Second
)

// stream sends what the page shows, whole, now and after every change, as
// server-sent events.
func (d *Demo) stream(w http.ResponseWriter, r *http.Request) {
	friend, person := r.FormValue("friend"), r.FormValue("person")
	onPhone, stop := d.stage.LINE.Subscribe()
	defer stop()
	inSlack, stop := d.stage.Slack.Subscribe()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	var shown []byte
	tick := time.NewTicker(alive)
	defer tick.Stop()
	for {
		now, err := json.Marshal(d.scene(friend, person))
		if err != nil {
			d.log.ErrorContext(r.Context(), "the demo's page", "error", err)
			return
		}
		if !bytes.Equal(now, shown) {
			shown = now
			err = send(w, out, "data: %s\n\n", now)
		}
		for waiting := true; waiting && err == nil; {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				err = send(w, out, ": alive\n\n")
			case <-onPhone:
				waiting = false
			case <-inSlack:
				waiting = false
			}
		}
		if err != nil || !pause(r, together) {
			return
		}
	}
}

func send(w http.ResponseWriter, out *http.ResponseController, format string, args ...any) error {
	if err := out.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return err
	}
	return out.Flush()
}

// pause reports false when the browser left meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-timer.C:
		return true
	}
}
