package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// webhookPath is where LINE delivers an account's webhooks, below PUBLIC_URL.
func webhookPath(slug string) string { return "/webhooks/line/" + slug }

func (d *doctor) lookAtPublicURL(ctx context.Context) {
	const subject = "PUBLIC_URL"
	switch base := d.env.PublicURL; {
	case base == "":
		d.warn(subject, "is not set", "set it to the https address under which LINE, Slack and friends reach this server; pictures and PDFs need it")
		return
	case !strings.HasPrefix(base, "https://"):
		d.warn(subject, base+" is not https",
			"LINE delivers to https only: put a proxy with a certificate in front of serve (docs/operations.md), and give its address")
	default:
		d.ok(subject, base)
	}
	d.reach(ctx, subject+" from here")
}

// reach looks for a Madoguchi at PUBLIC_URL. The documented proxies let
// nothing through but webhooks and media, so it asks for a webhook the wrong
// way, which is refused before anything is looked at.
func (d *doctor) reach(ctx context.Context, subject string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.env.PublicURL+webhookPath("doctor"), nil)
	if err != nil {
		d.fail(subject, "it cannot be read", "write https://host, with a path if there is one")
		return
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		d.cannotReach(subject, err)
		return
	}
	defer resp.Body.Close()
	switch status := resp.StatusCode; {
	case status == http.StatusMethodNotAllowed && resp.Header.Get("Allow") == http.MethodPost:
		d.ok(subject, "a Madoguchi answers")
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		d.warn(subject, fmt.Sprintf("the proxy answers %d: it finds no Madoguchi behind it", status),
			"start `madoguchi serve`, and see that the proxy forwards to LISTEN_ADDR ("+d.env.ListenAddr+")")
	default:
		d.warn(subject, fmt.Sprintf("answers %d, not as a Madoguchi does", status),
			"have the proxy forward /webhooks/ and /media/ to LISTEN_ADDR ("+d.env.ListenAddr+") as they come, without a redirect (docs/operations.md)")
	}
}

func (d *doctor) cannotReach(subject string, err error) {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		d.fail(subject, "its certificate is not good: "+bad.Err.Error(),
			"use a certificate of a public authority, and have the proxy send its complete chain: LINE accepts no other")
		return
	}
	d.warn(subject, "cannot be tested: "+err.Error(),
		"start `madoguchi serve` and its proxy; if others do reach it, this machine may not be able to, and LINE's own test below decides")
}
