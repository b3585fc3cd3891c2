package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"madoguchi/bot"
	"madoguchi/bot/line"
	"madoguchi/bot/slack"
	"madoguchi/config"
	"madoguchi/storage"
)

const (
	shutdownWithin = 20 * time.Second

	keepEvents       = 7 * 24 * time.Hour
	keepCalls        = 30 * 24 * time.Hour
	keepEchoes       = 24 * time.Hour
	keepReplyTokens  = time.Hour
	keepReplyChanges = 24 * time.Hour
)

type serveCommand struct{}

// Run serves until the process is told to stop.
func (serveCommand) Run(ctx context.Context, p process) error {
	env, log, err := p.load()
	if err != nil {
		return err
	}
	if err := env.CheckServe(); err != nil {
		return err
	}
	return serve(ctx, env, log, nil)
}

// serve runs the whole server. ready, if given, is called with the address
// once it answers.
func serve(ctx context.Context, env *config.Environment, log *slog.Logger, ready func(addr string)) (err error) {
	// The port comes first: whoever starts it twice learns that at once.
	listener, err := listen(ctx, "LISTEN_ADDR", env.ListenAddr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreClosed(listener.Close())) }()
	meter := newMeter()
	store, err := openStore(ctx, env, log, meter)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.LockServe(ctx); err != nil {
		return err
	}
	if err := checkSecrets(ctx, store); err != nil {
		return err
	}
	files, err := openFiles(ctx, env.Media)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()

	meter.registry.MustRegister(&backlog{store: store}, disksOf(env))
	client := slack.New(slack.Config{
		APIURL: env.SlackAPIURL, Token: env.SlackBotToken.Reveal(), Log: log, OnCall: meter.slackCall,
	})
	relay := newRelay(env, log, store, files, client, meter)
	receiver := &slack.Receiver{
		Self: func() bot.SlackIdentity {
			id, _ := relay.Identity()
			return id
		},
		Accept: store.Accept,
		Echo:   relay.Echoed,
		Desk:   relay.Desk(), Views: client, Now: time.Now, Log: log,
	}
	s := &server{env: env, log: log, store: store, relay: relay, receiver: receiver, meter: meter}
	return s.run(ctx, listener, ready)
}

// checkSecrets refuses an account with an empty channel secret: with it, anybody
// could sign a webhook. apply refuses one too, so this one came another way.
func checkSecrets(ctx context.Context, store bot.Store) error {
	return store.View(ctx, func(tx bot.Tx) error {
		accounts, err := tx.Accounts()
		if err != nil {
			return err
		}
		for _, v := range accounts {
			a, err := tx.Account(v.ID)
			if err != nil {
				return err
			}
			if len(a.LINE.Secrets) == 0 || slices.Contains(a.LINE.Secrets, "") {
				return fmt.Errorf("account %s: line.channel_secret is empty; apply its file again with the channel secret of the LINE channel", a.Slug)
			}
		}
		return nil
	})
}

func newRelay(env *config.Environment, log *slog.Logger, store *storage.Store, files *storage.Files, client *slack.Client, meter *meter) *bot.Relay {
	return bot.New(bot.Config{
		Store: store, Slack: client, Files: files, Log: log, Meter: meter,
		LINE: func(a bot.Account) bot.LINE {
			return line.New(line.Config{APIURL: env.LINEAPIURL, DataAPIURL: env.LINEDataAPIURL, Credentials: a.LINE, Log: log, OnCall: meter.lineCall})
		},
		Renderer: slack.Renderer{}, Composer: line.Composer{},
		DecodeLINE: line.Decode, DecodeSlack: slack.Decode, Swept: slack.Swept, TextUnits: line.TextUnits,
		Limits: bot.Limits{
			ChannelPerSecond: env.SlackChannelRate, WorkspacePerMinute: env.SlackWorkspaceRate,
			EventsPerHour: float64(env.SlackEventsPerHour),
		},
		Purge: func(ctx context.Context, now int64) error {
			before := func(keep time.Duration) int64 { return now - keep.Milliseconds() }
			return store.Purge(ctx, storage.Retention{
				Events: before(keepEvents), Calls: before(keepCalls), Echoes: before(keepEchoes),
				ReplyTokens: before(keepReplyTokens), ReplyChanges: before(keepReplyChanges),
			})
		},
	})
}

func listen(ctx context.Context, variable, addr string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s: %s is in use by another program; stop that one or choose another address", variable, addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; write an address of this machine, such as 127.0.0.1 with a port that this user may open", variable, err)
	}
	return listener, nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// server is a running Madoguchi.
type server struct {
	env      *config.Environment
	log      *slog.Logger
	store    *storage.Store
	relay    *bot.Relay
	receiver *slack.Receiver
	meter    *meter
	stopping chan struct{}
}

// run serves until ctx ends: then nothing new is accepted, what is under way
// is finished and recorded, and everything is closed.
func (s *server) run(ctx context.Context, listener net.Listener, ready func(addr string)) error {
	s.stopping = make(chan struct{})
	web := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("http: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		close(s.stopping)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		return web.Shutdown(within)
	})
	group.Go(func() error { return s.relay.Run(ctx) })
	group.Go(func() error { return s.greet(ctx) })
	if s.env.PprofAddr != "" {
		group.Go(func() error { return s.serveProfiles(ctx) })
	}
	if s.env.SocketMode() {
		socket := &slack.Socket{
			AppToken: s.env.SlackAppToken.Reveal(), APIURL: s.env.SlackAPIURL, Receiver: s.receiver, Now: time.Now, Log: s.log,
			OnReconnect: func(since, _ time.Time) { s.sweep(ctx, since) },
		}
		s.meter.watchSocket(socket)
		group.Go(func() error { return socket.Run(ctx) })
	}
	s.log.Info("madoguchi serves", "address", listener.Addr().String(), "version", version, "socket_mode", s.env.SocketMode())
	if ready != nil {
		ready(listener.Addr().String())
	}
	return group.Wait()
}

// greet waits until Slack has told who we are, and says what to do next where
// there is nothing to do.
func (s *server) greet(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for warned := time.Now(); ; {
		if _, ok := s.relay.Identity(); ok {
			break
		}
		if time.Since(warned) > 30*time.Second {
			s.log.Error("Slack has not told who the bot is; posts wait. Run `madoguchi doctor`")
			warned = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	var accounts []bot.AccountVersion
	if err := s.store.View(ctx, func(tx bot.Tx) (err error) {
		accounts, err = tx.Accounts()
		return err
	}); err == nil && len(accounts) == 0 {
		s.log.Info("there is no account yet: write an account file (see docs/account-file.md) and run `madoguchi apply FILE`")
	}
	return nil
}

func (s *server) sweep(ctx context.Context, since time.Time) {
	if err := s.relay.Sweep(ctx, since.UnixMilli()); err != nil && ctx.Err() == nil {
		s.log.Warn("replies that may have been missed cannot be looked for", "error", err)
	}
}
