package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/slack"
)

const (
	// tries and longestWait bound how patiently Slack is asked.
	tries       = 5
	longestWait = time.Minute
	// threadsTried are looked for one in which to try conversations.replies.
	threadsTried = 20
)

// againAfterSlack is advised where Slack did not answer a single question.
const againAfterSlack = "put right what is said about Slack above, then run doctor again"

func (d *doctor) lookAtSlack(ctx context.Context) {
	if d.env.SlackBotToken != "" {
		d.lookAtBotToken(ctx)
	}
	if d.env.SocketMode() {
		d.lookAtAppToken(ctx)
	}
	if d.slack != nil {
		d.lookAtScopes()
		d.lookAtReplies(ctx)
	}
}

func (d *doctor) slackClient(token string) *slack.Client {
	return slack.New(slack.Config{APIURL: d.env.SlackAPIURL, Token: token, HTTP: d.slackTime.client(), Log: d.log})
}

func (d *doctor) lookAtBotToken(ctx context.Context) {
	const subject = "Slack token"
	client := d.slackClient(d.env.SlackBotToken.Reveal())
	self, err := patiently(ctx, func() (bot.SlackIdentity, error) { return client.Identity(ctx) })
	if err != nil {
		d.slackRefuses(subject, err, "copy the Bot User OAuth Token (OAuth & Permissions of the Slack app) into SLACK_BOT_TOKEN; "+
			"where there is none, press Install to Workspace first")
		return
	}
	d.slack, d.self = client, self
	d.ok(subject, fmt.Sprintf("the bot %s of %s (%s)", self.BotUserID, self.TeamURL, self.TeamID))
}

// slackRefuses tells why a token does not work; advice is for one that Slack
// does not take.
func (d *doctor) slackRefuses(subject string, err error, advice string) {
	f := bot.AsFailure(err)
	if f.Kind == bot.Permanent || f.Kind == bot.Misconfigured {
		d.fail(subject, "Slack answers "+f.Code, advice)
		return
	}
	d.fail(subject, "Slack cannot be asked: "+f.Error(),
		"see that this machine reaches "+d.env.SlackAPIURL+", and https://slack-status.com whether Slack is well")
}

func (d *doctor) lookAtAppToken(ctx context.Context) {
	const (
		subject = "Slack app token"
		advice  = "make an app-level token with connections:write (Basic Information of the Slack app) and give it as SLACK_APP_TOKEN; " +
			"Socket Mode must be on, as docs/slack-app-manifest.yaml has it"
	)
	token := d.env.SlackAppToken.Reveal()
	_, err := patiently(ctx, func() (struct{}, error) { return struct{}{}, d.slackClient(token).CheckSocketMode(ctx) })
	switch app := appOf(token); {
	case err != nil:
		d.slackRefuses(subject, err, advice)
	case app != "" && d.self.AppID != "" && app != d.self.AppID:
		d.fail(subject, fmt.Sprintf("it is of the app %s, the bot token of %s", app, d.self.AppID), "copy both tokens from the same Slack app")
	default:
		d.ok(subject, "opens sockets")
	}
}

// appOf returns the id of the app that stands in an app-level token
// (xapp-1-A…-…), "" if it is not of this form.
func appOf(token string) string {
	if parts := strings.Split(token, "-"); len(parts) > 3 && strings.HasPrefix(parts[2], "A") {
		return parts[2]
	}
	return ""
}

// lookAtReplies tries whether this token may read threads, which Slack's
// documents deny and practice confirms:
// https://docs.slack.dev/reference/methods/conversations.replies
func (d *doctor) lookAtReplies(ctx context.Context) {
	const subject = "Slack conversations.replies"
	for _, at := range d.knownThreads(ctx) {
		// Only what came after now: nothing of the thread is asked for.
		after := fmt.Sprintf("%d.000000", time.Now().Unix())
		_, err := patiently(ctx, func() ([]bot.SlackReply, error) { return d.slack.Replies(ctx, at.channel, at.ts, after) })
		if err == nil {
			d.ok(subject, "works with this token")
			return
		}
		switch f := bot.AsFailure(err); {
		case f.Code == slack.CannotSearch:
			d.warn(subject, "refused: "+f.Detail,
				"replies that were written while serve was away cannot be looked for: the owners are told from when to when, and operators have to write them again. "+
					"With the scope groups:history missing, reinstall the app; otherwise Slack does not allow it to this token")
			return
		case f.Kind != bot.Permanent && f.Kind != bot.Misconfigured:
			d.warn(subject, "cannot be tried: "+f.Error(), "run doctor again later")
			return
		}
		// That thread is gone; another one may not be.
	}
	d.warn(subject, "not tried: there is no thread to try it in", "send the LINE account a message, and run doctor again when its card is in Slack")
}

type threadAt struct{ channel, ts string }

func (d *doctor) knownThreads(ctx context.Context) []threadAt {
	if d.store == nil {
		return nil
	}
	var found []threadAt
	err := d.store.View(ctx, func(tx bot.Tx) error {
		threads, err := tx.RecentThreads(0, threadsTried)
		if err != nil {
			return err
		}
		for _, t := range threads {
			c, err := tx.SlackChannel(t.SlackChannelID)
			if err != nil {
				return err
			}
			if t.TS != "" && c.State == bot.ChannelReady && c.TeamID == d.self.TeamID {
				found = append(found, threadAt{c.ChannelID, t.TS})
			}
		}
		return nil
	})
	if err != nil {
		d.log.Warn("threads cannot be read", "error", err)
	}
	return found
}

// lookAtScopes names the scopes of the manifest that the token lacks.
func (d *doctor) lookAtScopes() {
	var missing, uses []string
	for _, s := range scopes {
		if !slices.Contains(d.self.Scopes, s.name) {
			missing, uses = append(missing, s.name), append(uses, s.use)
		}
	}
	if len(missing) == 0 {
		d.ok("Slack scopes", "all that the manifest lists")
		return
	}
	d.fail("Slack scopes", fmt.Sprintf("missing: %s (%s)", strings.Join(missing, ", "), strings.Join(uses, "; ")),
		"paste docs/slack-app-manifest.yaml (over HTTP: docs/slack-app-manifest-http.yaml) under App Manifest of the Slack app, "+
			"press Reinstall to Workspace, and copy the token into SLACK_BOT_TOKEN")
}

// patiently asks again as often as Slack says that it was asked too often.
func patiently[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for n := 1; ; n++ {
		v, err := ask()
		if err == nil || n == tries {
			return v, err
		}
		f := bot.AsFailure(err)
		if f.Kind != bot.RateLimited || f.RetryAfter == 0 || f.RetryAfter > longestWait {
			return v, err
		}
		select {
		case <-time.After(f.RetryAfter):
		case <-ctx.Done():
			return v, err
		}
	}
}
