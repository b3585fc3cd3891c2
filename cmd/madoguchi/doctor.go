package main

import (
	"context"
	"errors"
	"log/slog"

	"madoguchi/bot"
	"madoguchi/bot/slack"
	"madoguchi/config"
	"madoguchi/storage"
)

type doctorCommand struct {
	Account string `arg:"" optional:"" help:"Look at this account only."`
}

// Run checks everything that can be checked from here, and says of each thing
// that is not right what to do. It changes nothing and may run beside serve.
func (c doctorCommand) Run(ctx context.Context, p process) error {
	d := &diagnosis{out: p.stdout}
	for _, m := range config.Misspelt(p.environ()) {
		d.warn(m.Name, "is set, and nothing reads it", "did you mean "+m.Known+"?")
	}
	env, err := config.Load(p.getenv, p.readFile)
	if err != nil {
		d.faults(err)
		d.warn("everything else", "not looked at", "run doctor again when the environment is right")
		return d.conclude()
	}
	doctor := &doctor{diagnosis: d, env: env, log: p.log(env)}
	if err := doctor.examine(ctx, c.Account); err != nil {
		return err
	}
	return d.conclude()
}

// doctor is one examination of a deployment.
type doctor struct {
	*diagnosis
	env   *config.Environment
	log   *slog.Logger
	store *storage.Store // nil where no database could be opened

	slack *slack.Client // nil where Slack does not take the token
	self  bot.SlackIdentity

	slackTime, lineTime timekeeper
}

func (d *doctor) examine(ctx context.Context, only string) (err error) {
	d.lookAtEnvironment()
	if d.lookAtDatabase(ctx); d.store != nil {
		defer func() { err = errors.Join(err, d.store.Close()) }()
	}
	d.lookAtPublicURL(ctx)
	d.lookAtSlack(ctx)
	accounts, err := d.accounts(ctx, only)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		d.lookAtLINE(ctx, a)
		d.lookAtPeople(ctx, a)
		d.lookAtSlackChannels(ctx, a)
	}
	d.lookAtClock()
	return ctx.Err()
}

func (d *doctor) lookAtEnvironment() {
	if err := d.env.CheckServe(); err != nil {
		d.faults(err)
		return
	}
	way := "signed HTTP"
	if d.env.SocketMode() {
		way = "Socket Mode"
	}
	d.ok("environment", "complete; Slack over "+way)
}

// knownAccount is an account with what the database knows of it.
type knownAccount struct {
	bot.Account
	identities map[string]string // Slack users found by e-mail, by operator key
	channels   map[string]bot.SlackChannel
	redelivery int64 // when LINE last delivered something again
}

// accounts reads every account, or the one that is named.
func (d *doctor) accounts(ctx context.Context, only string) ([]knownAccount, error) {
	if d.store == nil {
		if only != "" {
			d.fail("account "+only, "cannot be looked at without the database", "put right what is said about the database above, then run doctor again")
		}
		return nil, nil
	}
	var found []knownAccount
	err := d.store.View(ctx, func(tx bot.Tx) error {
		versions, err := tx.Accounts()
		if err != nil {
			return err
		}
		for _, v := range versions {
			if only != "" && v.Slug != only {
				continue
			}
			a, err := readKnown(tx, v.ID)
			if err != nil {
				return err
			}
			found = append(found, a)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0 && only != "":
		d.fail("account "+only, "there is none of this name", "`madoguchi status` lists the accounts, `madoguchi apply FILE` makes one")
	case len(found) == 0:
		d.warn("accounts", "there are none yet", "write an account file (docs/account-file.md) and run `madoguchi apply FILE`")
	}
	return found, nil
}

func readKnown(tx bot.Tx, id string) (a knownAccount, err error) {
	if a.Account, err = tx.Account(id); err != nil {
		return a, err
	}
	if a.identities, err = tx.Identities(&a.Account); err != nil {
		return a, err
	}
	channels, err := tx.SlackChannels(id)
	if err != nil {
		return a, err
	}
	a.channels = make(map[string]bot.SlackChannel, len(channels))
	for _, c := range channels {
		a.channels[c.Place] = c
	}
	a.redelivery, err = tx.RedeliverySeen(id)
	return a, err
}
