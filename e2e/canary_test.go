package e2e

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Whoever runs the process may read its log, its metrics and what the commands
// print. None of that may tell what a friend or an operator wrote, how a friend
// is called, a LINE id, or a secret: every test looks for them at its end.

// remember notes what somebody wrote, or how a friend is called.
func (w *world) remember(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, texts...)
}

// everythingSaid adds to what was remembered what LINE and Slack have.
func (w *world) everythingSaid() []string {
	w.mu.Lock()
	all := slices.Clone(w.said)
	w.mu.Unlock()
	for _, account := range w.line.Accounts() {
		for _, chat := range w.line.Chats(account.BotUserID) {
			all = append(all, chat.Name)
			for _, member := range chat.Members {
				all = append(all, member.Name)
			}
			for _, entry := range w.line.Ledger(account.BotUserID, chat.ID) {
				all = append(all, entry.Texts()...)
			}
		}
	}
	for _, channel := range w.slack.Channels() {
		for _, m := range w.slack.Messages(channel.ID) {
			if m.BotID == "" && m.Subtype == "" {
				all = append(all, m.Text)
			}
		}
	}
	return all
}

// telling are the pieces of texts that could not stand in a log by chance, in
// every form in which one might write them.
func telling(texts []string) map[string]bool {
	const cut = 24 // what is logged may be shortened
	forms := map[string]bool{}
	for _, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			ascii := len(line) == utf8.RuneCountInString(line)
			if len(line) < 6 || ascii && len(line) < 10 {
				continue
			}
			if runes := []rune(line); len(runes) > cut {
				line = string(runes[:cut])
			}
			for _, form := range []string{line, strconv.Quote(line), strconv.QuoteToASCII(line), `"` + url.QueryEscape(line) + `"`} {
				forms[strings.Trim(form, `"`)] = true
			}
		}
	}
	return forms
}

var (
	lineID = regexp.MustCompile(`\b[UCR][0-9a-f]{32}\b`)
	canary = regexp.MustCompile(`\S*canary\S*|(5a){16}`) // tokens, secrets, and the key
)

// keepsQuiet fails the test when the process told anybody what it must not.
func (w *world) keepsQuiet() {
	w.t.Helper()
	forms := telling(w.everythingSaid())
	for where, content := range map[string]string{"the log": w.log.String(), "the output of a command": w.printed.String(), "/metrics": w.scrape()} {
		for form := range forms {
			if at := strings.Index(content, form); at >= 0 {
				w.t.Errorf("%s tells %q: …%s…", where, form, around(content, at))
			}
		}
		w.namesNobody(where, content)
	}
	w.namesNobody("the output of apply or export", w.settings.String())
}

// namesNobody looks for LINE ids and secrets.
func (w *world) namesNobody(where, content string) {
	w.t.Helper()
	for _, id := range lineID.FindAllStringIndex(content, -1) {
		if content[id[0]:id[1]] != botUser {
			w.t.Errorf("%s tells a LINE id: …%s…", where, around(content, id[0]))
			break
		}
	}
	if at := canary.FindStringIndex(content); at != nil {
		w.t.Errorf("%s tells a secret: …%s…", where, around(content, at[0]))
	}
}

// around is the line of a text that something stands in.
func around(text string, at int) string {
	from := strings.LastIndexByte(text[:at], '\n') + 1
	line, _, _ := strings.Cut(text[from:], "\n")
	return line[:min(len(line), 500)]
}

// scrape is what /metrics tells; "" when the process does not run.
func (w *world) scrape() string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.addr+"/metrics", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }() // ReadAll tells
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	return string(body)
}
