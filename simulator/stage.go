// Package simulator sets up a stage on loopback: a LINE Platform and a Slack
// workspace, with the people of a sample account in both. The demo plays on
// it, and tests may.
package simulator

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"madoguchi/simulator/line"
	"madoguchi/simulator/slack"
)

// Account is the slug of the sample account.
const Account = "aoyama"

// Database is the file in a stage's folder that serve keeps its data in.
const Database = "madoguchi.db"

// The sample account's credentials. They open nothing but the stage.
const (
	channelSecret = "stage-channel-secret"
	channelToken  = "stage-channel-token"
	botToken      = "xoxb-stage"
	signingSecret = "stage-signing-secret"
)

//go:embed account.yaml
var accountFile string

// Options are what a Stage is made with. The zero value is fine.
type Options struct {
	Logger *slog.Logger // discards if nil
	// InFront stands before LINE, to look at what passes; nothing does if nil.
	InFront func(*line.Platform) http.Handler
}

// Stage is LINE and Slack on loopback, with a sample account and its people
// in both. Close ends it.
type Stage struct {
	LINE     *line.Platform
	Slack    *slack.Workspace
	LINEURL  string // base of both LINE APIs
	SlackURL string // base of Slack; its API is below /api/

	servers []*http.Server
}

// NewStage opens the stage. Nothing is delivered before Connect.
func NewStage(o Options) (_ *Stage, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Stage{
		LINE: line.New(line.Options{Logger: o.Logger}),
		Slack: slack.New(slack.Options{
			Logger: o.Logger, TeamID: "T0AOYAMA", TeamName: "青山サロン", Domain: "aoyama-salon", BotName: "Madoguchi",
			BotToken: botToken, SigningSecret: signingSecret,
		}),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	var front http.Handler = s.LINE
	if o.InFront != nil {
		front = o.InFront(s.LINE)
	}
	if s.LINEURL, err = s.open(front, o.Logger); err != nil {
		return nil, err
	}
	if s.SlackURL, err = s.open(s.Slack, o.Logger); err != nil {
		return nil, err
	}
	s.Slack.SetBaseURL(s.SlackURL)
	if err := s.cast(); err != nil {
		return nil, err
	}
	return s, nil
}

// open serves h on loopback and returns its base address.
func (s *Stage) open(h http.Handler, log *slog.Logger) (string, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("open the stage: %w", err)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the stage fell", "error", err)
		}
	}()
	return "http://" + listener.Addr().String(), nil
}

// AccountFile is the account file of the sample account. Its variables are in
// Environment.
func (s *Stage) AccountFile() string { return accountFile }

// Environment returns the variables with which serve plays on this stage:
// listening on listen, keeping its data in dir, and with the limits off that
// Slack has and the stage has not.
func (s *Stage) Environment(listen, dir string) map[string]string {
	return map[string]string{
		"DATABASE_URL":          "sqlite:" + filepath.Join(dir, Database),
		"MEDIA_URL":             "file:" + filepath.Join(dir, "media"),
		"LISTEN_ADDR":           listen,
		"LINE_API_URL":          s.LINEURL,
		"LINE_DATA_API_URL":     s.LINEURL,
		"LINE_CHANNEL_SECRET":   channelSecret,
		"LINE_CHANNEL_TOKEN":    channelToken,
		"SLACK_API_URL":         s.SlackURL + "/api/",
		"SLACK_BOT_TOKEN":       botToken,
		"SLACK_SIGNING_SECRET":  signingSecret,
		"SLACK_CHANNEL_RATE":    "0",
		"SLACK_WORKSPACE_RATE":  "0",
		"SLACK_EVENTS_PER_HOUR": "0",
	}
}

// Connect has LINE and Slack deliver to the serve at base, such as
// http://127.0.0.1:8080.
func (s *Stage) Connect(base string) error {
	if err := s.LINE.SetWebhook(BotUserID, base+"/webhooks/line/"+Account); err != nil {
		return fmt.Errorf("connect LINE: %w", err)
	}
	s.Slack.SetURLs(base+"/webhooks/slack/events", base+"/webhooks/slack/interactions", base+"/webhooks/slack/commands")
	return nil
}

// Close ends both platforms and waits for what they had under way.
func (s *Stage) Close() error {
	s.LINE.Close()
	s.Slack.Close()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}
