package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"madoguchi/bot"
	"madoguchi/config"
	"madoguchi/storage"
)

type applyCommand struct {
	File      string `arg:"" help:"The account file."`
	DryRun    bool   `help:"Only print what would change."`
	Overwrite bool   `help:"Also undo what was changed in Slack since the last apply."`
}

// Run makes the account what the file says, all of it or nothing.
func (c applyCommand) Run(ctx context.Context, p process) error {
	env, log, err := p.load()
	if err != nil {
		return err
	}
	raw, err := p.readFile(c.File)
	if err != nil {
		return fmt.Errorf("account file: %w; name the file with its folder, seen from where this is run (docs/account-file.md says what goes into one)", err)
	}
	file, err := config.Parse(c.File, raw, p.getenv, p.readFile)
	if err != nil {
		return err
	}
	var change config.Change
	if c.DryRun {
		change, err = c.look(ctx, p, env, log, file)
	} else {
		change, err = c.apply(ctx, env, log, file)
	}
	if err != nil {
		return err
	}
	return c.report(p, change)
}

func (c applyCommand) apply(ctx context.Context, env *config.Environment, log *slog.Logger, file *config.File) (change config.Change, err error) {
	store, err := openStore(ctx, env, log, nil)
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	err = store.InTx(ctx, func(tx bot.Tx) error {
		if change, err = plan(tx, file); err != nil {
			return err
		}
		if len(change.Lines) == 0 || len(change.Conflicts) > 0 && !c.Overwrite {
			return nil
		}
		settings := change.Account.Settings
		return tx.SaveAccount(&change.Account, &settings)
	})
	return change, err
}

// look works out what would change and changes nothing. Without a database all
// of it is new: the first file is looked at before there is one.
func (applyCommand) look(ctx context.Context, p process, env *config.Environment, log *slog.Logger, file *config.File) (change config.Change, err error) {
	store, err := openExisting(ctx, env, log)
	if errors.Is(err, storage.ErrNoDatabase) {
		fmt.Fprintln(p.stderr, err)
		return config.Plan(file, nil, nil, nil)
	}
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	err = store.View(ctx, func(tx bot.Tx) error {
		change, err = plan(tx, file)
		return err
	})
	return change, err
}

// plan reads what is there and works out the change, in one transaction with
// storing it.
func plan(tx bot.Tx, file *config.File) (config.Change, error) {
	taken, err := takenChannels(tx, file.Account)
	if err != nil {
		return config.Change{}, err
	}
	current, err := tx.AccountBySlug(file.Account)
	if errors.Is(err, bot.ErrNotFound) {
		return config.Plan(file, nil, nil, taken)
	}
	if err != nil {
		return config.Change{}, err
	}
	applied, err := tx.Applied(current.ID)
	if err != nil {
		return config.Change{}, err
	}
	return config.Plan(file, &current, applied, taken)
}

// takenChannels are the Slack channels that other accounts have or are to have,
// with whose they are.
func takenChannels(tx bot.Tx, slug string) (map[string]string, error) {
	accounts, err := tx.Accounts()
	if err != nil {
		return nil, err
	}
	taken := map[string]string{}
	for _, other := range accounts {
		if other.Slug == slug {
			continue
		}
		channels, err := tx.SlackChannels(other.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range channels {
			taken[c.ChannelID] = whose(other.Slug, c.Place)
		}
		a, err := tx.Account(other.ID)
		if err != nil {
			return nil, err
		}
		taken[a.Settings.OwnersChannel] = whose(other.Slug, bot.OwnersPlace)
		for _, op := range a.Settings.Operators {
			taken[op.SlackChannel] = whose(other.Slug, op.Key)
		}
	}
	delete(taken, "") // of those that are still to be made
	return taken, nil
}

// whose names a place of another account.
func whose(slug, place string) string {
	if place == bot.OwnersPlace {
		return fmt.Sprintf("the owners of account %q", slug)
	}
	return fmt.Sprintf("operator %q of account %q", place, slug)
}

func (c applyCommand) report(p process, change config.Change) error {
	for _, line := range change.Lines {
		fmt.Fprintln(p.stdout, line)
	}
	if len(change.Lines) == 0 {
		fmt.Fprintln(p.stdout, "no changes")
	}
	if c.DryRun {
		for _, name := range change.Untouched {
			fmt.Fprintln(p.stdout, "# not in the file, left as it is:", name)
		}
	}
	if len(change.Conflicts) == 0 || c.Overwrite {
		return nil
	}
	for _, line := range change.Conflicts {
		fmt.Fprintln(p.stderr, "changed elsewhere since the last apply:", line)
	}
	if c.DryRun {
		return nil
	}
	return errors.New("nothing was applied: it would undo the changes above; run it again with --overwrite to do so")
}

type exportCommand struct {
	Account string `arg:"" help:"The account's slug."`
}

// Run prints the account as a file.
func (c exportCommand) Run(ctx context.Context, p process) error {
	var account bot.Account
	err := p.beside(ctx, func(store *storage.Store) error {
		return store.View(ctx, func(tx bot.Tx) (err error) {
			account, err = accountBySlug(tx, c.Account)
			return err
		})
	})
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(config.Export(account))
	return err
}

func accountBySlug(tx bot.Tx, slug string) (bot.Account, error) {
	a, err := tx.AccountBySlug(slug)
	if errors.Is(err, bot.ErrNotFound) {
		return a, fmt.Errorf("there is no account %q; `madoguchi status` lists them", slug)
	}
	return a, err
}
