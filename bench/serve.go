package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// settings are what differs from one measured serve to the next.
type settings struct {
	operators int     // one if 0
	perFriend int     // operators that see the same friends; one if 0
	rate      float64 // posts a second of a Slack channel; 0: as many as go
}

func (s settings) people() int { return max(s.operators, 1) }

// groups is into how many the friends are divided by what they write.
func (s settings) groups() int { return s.people() / max(s.perFriend, 1) }

// served is a serve with the platforms it talks to.
type served struct {
	*process
	platforms *process
	profiles  string // address; "" for none
}

// serve starts the platforms, applies an account and starts serve.
func (b *bench) serve(ctx context.Context, url string, set settings) (s *served, err error) {
	dir, err := os.MkdirTemp(b.dir, "serve-")
	if err != nil {
		return nil, err
	}
	s = &served{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	addr, err := freeAddr(ctx)
	if err != nil {
		return s, err
	}
	beside, err := freeAddr(ctx)
	if err != nil {
		return s, err
	}
	if s.platforms, err = start(ctx, beside, "/bench/seen", os.Environ(), b.self, "platforms", "-listen", beside, "-serve", addr,
		"-people", strconv.Itoa(set.people())); err != nil {
		return s, err
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LOG_LEVEL=warn", "LISTEN_ADDR=" + addr, "DATABASE_URL=" + url,
		"MEDIA_URL=file:" + filepath.Join(dir, "media"), "SECRET_KEY=" + strings.Repeat("5a", 32),
		"SLACK_BOT_TOKEN=" + botToken, "SLACK_SIGNING_SECRET=" + signingSecret, "SLACK_API_URL=http://" + beside + "/api/",
		"LINE_API_URL=http://" + beside, "LINE_DATA_API_URL=http://" + beside,
		"SLACK_CHANNEL_RATE=" + strconv.FormatFloat(set.rate, 'g', -1, 64), "SLACK_WORKSPACE_RATE=0", "SLACK_EVENTS_PER_HOUR=0",
	}
	if b.profiles != "" {
		if s.profiles, err = freeAddr(ctx); err != nil {
			return s, err
		}
		env = append(env, "PPROF_ADDR="+s.profiles)
	}
	file := filepath.Join(dir, "bench.yaml")
	if err := os.WriteFile(file, []byte(accountFile(set)), 0o600); err != nil {
		return s, err
	}
	apply := exec.CommandContext(ctx, b.binary, "apply", file) //nolint:gosec // what it built itself
	apply.Env, apply.Dir = env, dir
	if out, err := apply.CombinedOutput(); err != nil {
		return s, fmt.Errorf("apply: %w\n%s", err, out)
	}
	s.process, err = start(ctx, addr, "/readyz", env, b.binary, "serve")
	return s, err
}

// beside measures a serve of its own on a database.
func (b *bench) beside(ctx context.Context, d database, name string, set settings, measure func(*served) error) error {
	url, err := d.url(ctx, name)
	if err != nil {
		return err
	}
	s, err := b.serve(ctx, url, set)
	if err != nil {
		return err
	}
	return errors.Join(measure(s), s.close())
}

func (s *served) close() error {
	var errs []error
	for _, p := range []*process{s.process, s.platforms} {
		if p != nil {
			errs = append(errs, p.end())
		}
	}
	return errors.Join(errs...)
}

// accountFile is an account whose friends are divided among groups of operators
// by a word in what they write.
func accountFile(set settings) string {
	var s strings.Builder
	fmt.Fprintf(&s, `account: bench
name: 測定
line: {channel_secret: %s, channel_token: %s}
owners: [%s]
reply: {hold: 0s}
tags: [%s]
permission_sets:
`, channelSecret, channelToken, personID(0), strings.Join(repeated(set.groups(), "%s"), ", "))
	for _, line := range repeated(set.groups(), "  - {name: %[1]sの係, friends: [%[1]s], view: true, send: true}\n") {
		s.WriteString(line)
	}
	s.WriteString("operators:\n")
	for i := range set.people() {
		fmt.Fprintf(&s, "  - {key: op%d, name: 係%d, slack_user: %s, permission_sets: [%sの係]}\n", i+1, i+1, personID(i+1), group(i%set.groups()))
	}
	s.WriteString("routing:\n")
	for _, line := range repeated(set.groups(), "  - {when: {text_contains: [%[1]s]}, tags: [%[1]s]}\n") {
		s.WriteString(line)
	}
	return s.String()
}

// group is the word, and the tag, of a group of friends.
func group(n int) string { return fmt.Sprintf("第%d店", n+1) }

func repeated(groups int, format string) []string {
	var all []string
	for n := range groups {
		all = append(all, fmt.Sprintf(format, group(n)))
	}
	return all
}

// personID is the Slack user of an operator; 0 is the owner.
func personID(n int) string { return fmt.Sprintf("U0BENCH%04d", n) }

// tell asks the platforms' process for something.
func (s *served) tell(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.platforms.addr+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, response.Status, body.String())
	}
	return json.Unmarshal(body.Bytes(), into)
}

// profile writes what serve spends its time on into a file, until the returned
// function is called.
func (b *bench) profile(ctx context.Context, s *served, name string) func() error {
	if b.profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- s.writeProfile(ctx, b.seconds, filepath.Join(b.profiles, name+".pprof")) }()
	return func() error { return <-done }
}

func (s *served) writeProfile(ctx context.Context, seconds int, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.profiles, seconds), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}
