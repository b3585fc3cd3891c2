package fault_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"madoguchi/simulator/fault"
)

const push, reply = "/v2/bot/message/push", "/v2/bot/message/reply"

// strikes is which kinds hit n calls of a name; "" where none did.
func strikes(p *fault.Plan, name string, n int) []fault.Kind {
	kinds := make([]fault.Kind, n)
	for i := range kinds {
		rule, _ := p.Strike(name)
		kinds[i] = rule.Kind
	}
	return kinds
}

func TestARuleStrikesWhatItMatches(t *testing.T) {
	for _, test := range []struct {
		match, name string
		want        bool
	}{
		{push, push, true},
		{push, reply, false},
		{push, push + "/progress", false},
		{"/v2/bot/message/*", reply, true},
		{"/v2/bot/message/*", "/v2/bot/profile/U1", false},
		{"chat.*", "chat.postMessage", true},
		{"chat.*", "xchat.postMessage", false},
		{"*", push, true},
		{"", push, true},
	} {
		var p fault.Plan
		p.Add(fault.Rule{Match: test.match, Kind: fault.LostAnswer})
		if _, got := p.Strike(test.name); got != test.want {
			t.Errorf("a rule for %q strikes %q: %v, want %v", test.match, test.name, got, test.want)
		}
	}
}

func TestThePlanWithoutRulesNeverStrikes(t *testing.T) {
	var p fault.Plan
	if rule, struck := p.Strike(push); struck {
		t.Errorf("struck by %+v", rule)
	}
	p.Add(fault.Rule{Kind: fault.Reset})
	p.Strike(push)
	p.Clear()
	if rule, struck := p.Strike(push); struck {
		t.Errorf("struck by %+v after Clear", rule)
	}
	if n := p.Struck(fault.Reset, push); n != 1 {
		t.Errorf("Struck = %d after Clear, want what was counted: 1", n)
	}
}

// The caller gets the rule as it was given, with all that says how to fail.
func TestAStrikeTellsHow(t *testing.T) {
	var p fault.Plan
	want := fault.Rule{Match: push, Kind: fault.Delay, Status: 503, Code: "fatal_error", Body: "{}", RetryAfter: 2, Delay: 3}
	p.Add(want)
	if got, struck := p.Strike(push); !struck || got != want {
		t.Errorf("Strike = %+v, want %+v", got, want)
	}
}

func TestTheFirstRuleStrikesUntilItIsUsedUp(t *testing.T) {
	var p fault.Plan
	p.Add(fault.Rule{Match: push, Kind: fault.Hang, Times: 2})
	p.Add(fault.Rule{Match: reply, Kind: fault.Reset, Times: 1})
	p.Add(fault.Rule{Kind: fault.Delay, Times: 1})
	want := []fault.Kind{fault.Hang, fault.Hang, fault.Delay, ""}
	if got := strikes(&p, push, 4); !slices.Equal(got, want) {
		t.Errorf("%s is struck by %q, want %q", push, got, want)
	}
	if got := strikes(&p, reply, 2); !slices.Equal(got, []fault.Kind{fault.Reset, ""}) {
		t.Errorf("%s is struck by %q", reply, got)
	}
	for kind, want := range map[fault.Kind]int{fault.Hang: 2, fault.Delay: 1, fault.Reset: 0} {
		if got := p.Struck(kind, push); got != want {
			t.Errorf("Struck(%s, %s) = %d, want %d", kind, push, got, want)
		}
	}
}

func TestProbability(t *testing.T) {
	const calls = 4000
	for probability, want := range map[float64][2]int{ // least and most, seven standard deviations apart from the mean
		0:    {calls, calls}, // not given: always
		1:    {calls, calls},
		0.25: {calls/4 - 200, calls/4 + 200},
	} {
		var p fault.Plan
		p.Add(fault.Rule{Kind: fault.Status, Probability: probability})
		strikes(&p, push, calls)
		if got := p.Struck(fault.Status, push); got < want[0] || got > want[1] {
			t.Errorf("with the probability %v %d of %d calls were struck, want %v", probability, got, calls, want)
		}
	}
}

// A call that a rule spares by chance is left to the rules behind it, and does
// not use the rule up.
func TestAChanceMissedIsNotUsedUp(t *testing.T) {
	var p fault.Plan
	p.Add(fault.Rule{Kind: fault.Status, Probability: 1e-12, Times: 1})
	p.Add(fault.Rule{Kind: fault.Garbage})
	if got := strikes(&p, push, 3); !slices.Equal(got, []fault.Kind{fault.Garbage, fault.Garbage, fault.Garbage}) {
		t.Errorf("struck by %q", got)
	}
}

func TestConcurrentCallsShareARule(t *testing.T) {
	var p fault.Plan
	p.Add(fault.Rule{Kind: fault.Reset, Times: 10})
	var struck atomic.Int32
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			if _, hit := p.Strike(push); hit {
				struck.Add(1)
			}
		})
	}
	calls.Wait()
	if n := struck.Load(); n != 10 || p.Struck(fault.Reset, push) != 10 {
		t.Errorf("%d calls were struck and %d counted, want 10", n, p.Struck(fault.Reset, push))
	}
}
