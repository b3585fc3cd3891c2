package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/line"
)

// quotaLow is the share of the month's messages, in percent, from which on
// there is a warning.
const quotaLow = 80

// lookAtLINE looks at one account's LINE channel.
func (d *doctor) lookAtLINE(ctx context.Context, a knownAccount) {
	d.lookAtSecret(a)
	client := line.New(line.Config{
		APIURL: d.env.LINEAPIURL, DataAPIURL: d.env.LINEDataAPIURL, Credentials: a.LINE, HTTP: d.lineTime.client(), Log: d.log,
	})
	info, err := client.BotInfo(ctx)
	if err != nil {
		d.lineRefuses(a, err)
	} else {
		d.lookAtBot(a, info)
		d.lookAtWebhook(ctx, a, client)
		d.lookAtQuota(ctx, a, client)
	}
	d.lookAtRedelivery(a)
}

func (d *doctor) lookAtSecret(a knownAccount) {
	subject := a.Slug + " LINE channel secret"
	if len(a.LINE.Secrets) == 0 || slices.Contains(a.LINE.Secrets, "") {
		d.fail(subject, "is empty: no webhook can be verified",
			"copy it from Basic settings of the channel in the LINE Developers Console, give it as line.channel_secret in the account file, and run `madoguchi apply FILE`")
		return
	}
	d.ok(subject, "given")
}

// lineRefuses tells why the credentials do not work.
func (d *doctor) lineRefuses(a knownAccount, err error) {
	subject := a.Slug + " LINE token"
	const apply = ", and run `madoguchi apply FILE`"
	switch f := bot.AsFailure(err); f.Code {
	case "unauthorized":
		d.fail(subject, "LINE does not accept it",
			"issue a channel access token in the LINE Developers Console (Messaging API tab), give it as line.channel_token in the account file"+apply)
	case "token_refused":
		d.fail(subject, "LINE does not accept channel id and secret",
			"copy both from Basic settings of the same channel in the LINE Developers Console into the account file"+apply)
	case "no_token":
		d.fail(subject, "there is none", "give line.channel_token, or line.channel_id with the channel secret, in the account file"+apply)
	case "forbidden":
		d.fail(subject, "LINE does not let it be used from here", "add this machine's address under Security settings of the channel in the LINE Developers Console, or take the list away")
	default:
		d.fail(subject, "LINE cannot be asked: "+f.Error(),
			"see that this machine reaches "+d.env.LINEAPIURL+", and LINE's news at https://developers.line.biz/ whether the Messaging API is well")
	}
}

func (d *doctor) lookAtBot(a knownAccount, info bot.BotInfo) {
	subject := a.Slug + " LINE token"
	if a.BotUserID != "" && a.BotUserID != info.UserID {
		d.fail(subject, fmt.Sprintf("it is of another official account: %s (%s)", info.Name, info.BasicID),
			"give the token and the secret of the same LINE channel as before; another official account needs an account file of its own")
	} else {
		d.ok(subject, fmt.Sprintf("of %s (%s)", info.Name, info.BasicID))
	}
	subject = a.Slug + " answers by itself"
	const console = "LINE Official Account Manager, Settings, Response settings"
	if info.ChatMode == "chat" {
		d.warn(subject, "chat is on (messages are marked as read: "+info.MarkAsRead+"); auto-response and greeting messages cannot be read from here",
			"in "+console+": switch chat off, or agree that nobody replies there, since LINE does not report such replies; switch auto-response and greeting messages off")
		return
	}
	d.ok(subject, "chat is off; whether auto-response and greeting messages are, only "+console+" shows")
}

func (d *doctor) lookAtWebhook(ctx context.Context, a knownAccount, client *line.Client) {
	subject := a.Slug + " webhook"
	set, active, err := client.WebhookEndpoint(ctx)
	if err != nil {
		d.warn(subject, "LINE does not tell it: "+bot.AsFailure(err).Error(), "run doctor again later")
		return
	}
	wanted := d.env.PublicURL + webhookPath(a.Slug)
	if d.env.PublicURL == "" {
		wanted = "https://YOUR-ADDRESS" + webhookPath(a.Slug)
	}
	setIt := "set it to " + wanted + " in the LINE Developers Console (Messaging API tab, Webhook URL)"
	switch ours := d.isWebhookOf(set, a.Slug); {
	case set == "":
		d.fail(subject, "LINE has no address to deliver to", setIt)
		return
	case !ours:
		d.fail(subject, "LINE delivers to "+address(set), setIt+"; a tool that is there now gets nothing any more from then on")
		return
	case !active:
		d.fail(subject, "is switched off at LINE", "switch on Use webhook in the LINE Developers Console (Messaging API tab)")
	default:
		d.ok(subject, address(set))
	}
	d.testWebhook(ctx, a, client)
}

// isWebhookOf compares with PUBLIC_URL; where that is not set, the path decides.
func (d *doctor) isWebhookOf(set, slug string) bool {
	got, err := url.Parse(set)
	if err != nil || got.RawQuery != "" {
		return false
	}
	if d.env.PublicURL == "" {
		return strings.HasSuffix(got.Path, webhookPath(slug))
	}
	want, err := url.Parse(d.env.PublicURL + webhookPath(slug))
	return err == nil && got.Scheme == want.Scheme && strings.EqualFold(got.Host, want.Host) && got.Path == want.Path
}

// address leaves out what may be a secret of another tool's address.
func address(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return "an address that cannot be read"
	case !strings.HasPrefix(u.Path, "/webhooks/line/"):
		return u.Scheme + "://" + u.Host + "/…"
	default:
		return u.Scheme + "://" + u.Host + u.Path
	}
}

// testWebhook has LINE call the webhook, signed as any other call.
func (d *doctor) testWebhook(ctx context.Context, a knownAccount, client *line.Client) {
	subject := a.Slug + " webhook test"
	test, err := client.TestWebhook(ctx)
	if err != nil {
		d.warn(subject, "LINE does not make it: "+bot.AsFailure(err).Error(), "run doctor again later: LINE makes 60 tests an hour")
		return
	}
	if test.Success {
		d.ok(subject, fmt.Sprintf("LINE called it and was answered %d", test.Status))
		return
	}
	found := "LINE says " + test.Reason
	if test.Status != 0 {
		found = fmt.Sprintf("%s (%d)", found, test.Status)
	}
	d.fail(subject, found, webhookAdvice(test))
}

func webhookAdvice(test line.WebhookTest) string {
	switch test.Status {
	case http.StatusUnauthorized:
		return "the channel secret is another one: copy it from Basic settings in the LINE Developers Console, give it as line.channel_secret, and run `madoguchi apply FILE`"
	case http.StatusNotFound:
		return "have the proxy forward /webhooks/ to LISTEN_ADDR as it comes (docs/operations.md), and see that serve uses the same DATABASE_URL as doctor"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "start `madoguchi serve`; if it runs, see that the proxy forwards to LISTEN_ADDR and that the database answers"
	}
	switch test.Reason {
	case "COULD_NOT_CONNECT":
		return "see that the address leads here from the internet, that no firewall is between, and that the certificate is a public authority's with its complete chain"
	case "REQUEST_TIMEOUT":
		return "start `madoguchi serve`; if it runs, see what keeps the proxy or the database from answering within a second"
	default:
		return "see the log of the proxy and of `madoguchi serve` at this moment"
	}
}

func (d *doctor) lookAtQuota(ctx context.Context, a knownAccount, client *line.Client) {
	subject := a.Slug + " quota"
	quota, err := client.Quota(ctx)
	if err != nil {
		d.warn(subject, "LINE does not tell it: "+bot.AsFailure(err).Error(), "run doctor again later")
		return
	}
	found := fmt.Sprintf("%d of %d messages used this month", quota.Used, quota.Limit)
	const advice = "take a larger plan or buy more in LINE Official Account Manager; replies within a minute stay free"
	switch {
	case !quota.Limited:
		d.ok(subject, fmt.Sprintf("no limit; %d messages used this month", quota.Used))
	case quota.Used >= quota.Limit:
		d.fail(subject, found+": nothing can be pushed until the next month", advice)
	case quota.Used*100 >= quota.Limit*quotaLow:
		d.warn(subject, found, advice)
	default:
		d.ok(subject, found)
	}
}

func (d *doctor) lookAtRedelivery(a knownAccount) {
	subject := a.Slug + " redelivery"
	if a.redelivery == 0 {
		d.warn(subject, "never seen, and LINE does not tell whether it is on",
			"switch on Webhook redelivery in the LINE Developers Console (Messaging API tab); without it, what cannot be accepted at once is lost")
		return
	}
	d.ok(subject, "last seen "+time.UnixMilli(a.redelivery).UTC().Format("2006-01-02 15:04 MST"))
}
