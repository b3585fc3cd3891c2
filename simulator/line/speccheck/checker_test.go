package speccheck_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	simline "madoguchi/simulator/line"
	"madoguchi/simulator/line/speccheck"
)

func TestViolations(t *testing.T) {
	dir, ok := speccheck.Dir()
	if !ok {
		t.Skip("LINE's OpenAPI documents are not here; MADOGUCHI_LINE_SPECS names their folder")
	}
	push := func(message string) string { return `{"to":"` + simline.UserID(1) + `","messages":[` + message + `]}` }
	for name, tt := range map[string]struct {
		method, path, body, key string
		want                    string // part of the only violation; "" for none
	}{
		"fine":                   {"POST", "/v2/bot/message/push", push(`{"type":"text","text":"a"}`), "11111111-1111-4111-8111-111111111111", ""},
		"misspelt member":        {"POST", "/v2/bot/message/push", push(`{"type":"text","text":"a","qouteToken":"x"}`), "", "qouteToken is not documented"},
		"member of wrong type":   {"POST", "/v2/bot/message/push", push(`{"type":"text","text":7}`), "", "must be a string"},
		"member of another type": {"POST", "/v2/bot/message/push", push(`{"type":"text","text":"a","packageId":"1"}`), "", "packageId is not documented"},
		"unknown type":           {"POST", "/v2/bot/message/push", push(`{"type":"hologram"}`), "", `type "hologram" is not documented`},
		"null instead of a list": {"POST", "/v2/bot/message/push", `{"to":"x","messages":[{"type":"text","text":"a"}],"customAggregationUnits":null}`, "", "customAggregationUnits"},
		"retry key that is none": {"POST", "/v2/bot/message/push", push(`{"type":"text","text":"a"}`), "17", "no UUID"},
		"no such call":           {"POST", "/v2/bot/message/pull", "{}", "", "no such call"},
		"no such method":         {"DELETE", "/v2/bot/info", "", "", "no such call"},
		"more specific path":     {"GET", "/v2/bot/message/quota", "", "", ""},
	} {
		p := simline.New(simline.Options{})
		p.AddAccount(simline.Account{BotUserID: simline.UserID(2), Token: "token", Secret: "secret"})
		if err := p.AddFriend(simline.UserID(2), simline.Friend{UserID: simline.UserID(1), Name: "Anna"}); err != nil {
			t.Fatal(err)
		}
		checker, err := speccheck.New(dir, p)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set("Content-Type", "application/json")
		if tt.key != "" {
			r.Header.Set("X-Line-Retry-Key", tt.key)
		}
		checker.ServeHTTP(httptest.NewRecorder(), r)
		p.Close()
		var found []string
		for _, v := range p.Violations() {
			found = append(found, v.Rule)
		}
		all := strings.Join(found, "\n")
		if tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
			t.Errorf("%s: violations %q, want %q", name, found, tt.want)
		}
	}
}

func TestUndocumentedAnswers(t *testing.T) {
	dir, ok := speccheck.Dir()
	if !ok {
		t.Skip("LINE's OpenAPI documents are not here; MADOGUCHI_LINE_SPECS names their folder")
	}
	p := simline.New(simline.Options{})
	defer p.Close()
	p.AddAccount(simline.Account{BotUserID: simline.UserID(2), Token: "token", Secret: "secret", ChatMode: "both"})
	checker, err := speccheck.New(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/v2/bot/info", nil)
	r.Header.Set("Authorization", "Bearer token")
	checker.ServeHTTP(httptest.NewRecorder(), r)
	if v := p.Violations(); len(v) != 1 || !strings.Contains(v[0].Rule, "chatMode") {
		t.Errorf("violations %v, want one about chatMode", v)
	}
}
