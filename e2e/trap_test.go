package e2e

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/simulator/fault"
)

// trap is an address that nobody must ask.
type trap struct {
	*httptest.Server
	calls atomic.Int64
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	tr := &trap{}
	tr.Server = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { tr.calls.Add(1) }))
	t.Cleanup(tr.Close)
	return tr
}

func (tr *trap) asked() int64 { return tr.calls.Load() }

// slowPosts has Slack take each post only after a while.
var slowPosts = fault.Rule{Match: "chat.postMessage", Kind: fault.Delay, Delay: 1500 * time.Millisecond}

// refusedPosts has Slack take no post.
var refusedPosts = fault.Rule{Match: "chat.postMessage", Kind: fault.RateLimit, RetryAfter: time.Second}
