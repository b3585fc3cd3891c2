// Package fault tells the simulated LINE and Slack when to fail, and how.
package fault

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Kind is a way for a call to go wrong.
type Kind string

// The kinds of fault. Those marked "accepted" carry the call out first.
const (
	Status     Kind = "status"      // answer with Rule.Status and Rule.Body; not accepted
	Error      Kind = "error"       // Slack only: 200 with ok:false and Rule.Code; not accepted
	RateLimit  Kind = "rate_limit"  // 429 with Retry-After where Rule.RetryAfter is set; not accepted
	Delay      Kind = "delay"       // accepted, answered after Rule.Delay
	Hang       Kind = "hang"        // not accepted, never answered until the caller leaves or Rule.Delay has passed
	Reset      Kind = "reset"       // the connection breaks before the call is looked at; not accepted
	LostAnswer Kind = "lost_answer" // accepted, then the connection breaks without an answer
	Garbage    Kind = "garbage"     // 502 with HTML; not accepted
)

// Rule makes matching calls fail.
type Rule struct {
	Match       string        `json:"match"` // what the call is: a Slack method ("chat.postMessage") or a LINE path ("/v2/bot/message/push"); a trailing * matches any rest, "" everything
	Kind        Kind          `json:"kind"`
	Probability float64       `json:"probability,omitempty"` // 0 means always
	Times       int           `json:"times,omitempty"`       // how often it may strike; 0 means without end
	Status      int           `json:"status,omitempty"`
	Code        string        `json:"code,omitempty"`
	Body        string        `json:"body,omitempty"`
	RetryAfter  time.Duration `json:"retry_after,omitempty"`
	Delay       time.Duration `json:"delay,omitempty"`
}

// Plan is the set of rules in force. The zero Plan never fails anything. It is
// safe for concurrent use.
type Plan struct {
	mu     sync.Mutex
	rules  []*Rule
	struck map[string]int
}

// Add puts a rule into force, after those that are there.
func (p *Plan) Add(r Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &r)
}

// Clear takes all rules away.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// Struck tells how often each kind of fault hit calls named match.
func (p *Plan) Struck(kind Kind, match string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck[string(kind)+" "+match]
}

// Strike returns the first rule that hits the call of this name, and false if
// it shall go well.
func (p *Plan) Strike(name string) (Rule, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, r := range p.rules {
		if !matches(r.Match, name) || r.Probability > 0 && rand.Float64() >= r.Probability {
			continue
		}
		if r.Times > 0 {
			if r.Times--; r.Times == 0 {
				p.rules = append(p.rules[:i:i], p.rules[i+1:]...)
			}
		}
		if p.struck == nil {
			p.struck = map[string]int{}
		}
		p.struck[string(r.Kind)+" "+name]++
		return *r, true
	}
	return Rule{}, false
}

func matches(pattern, name string) bool {
	if rest, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, rest)
	}
	return pattern == "" || pattern == name
}
