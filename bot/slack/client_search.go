package slack

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"madoguchi/bot"
)

const (
	pageSize    = 200
	searchPages = 25
)

// CannotSearch is the code of the failure that FindPost and Replies return
// when Slack does not let this token read messages, or there are too many.
const CannotSearch = "cannot_search"

// refusesSearch are the codes with which Slack refuses it. The reference page
// of conversations.replies says that bot tokens may not use it in Slack
// channels; it is reported that they can:
// https://docs.slack.dev/reference/methods/conversations.replies
var refusesSearch = []string{
	"not_allowed_token_type", "missing_scope", "no_permission", "access_denied",
	"method_not_supported_for_channel_type", "unknown_method", "team_access_not_granted",
}

// FindPost looks for the post that carries callID, in a thread or, with
// threadTS "", in the open.
func (c *Client) FindPost(ctx context.Context, channelID, threadTS, callID string) (bot.Posted, bool, error) {
	var found bot.Posted
	var ok bool
	look := func(raw json.RawMessage) bool {
		var m struct {
			TS       string                `json:"ts"`
			ThreadTS string                `json:"thread_ts"`
			Metadata lenient[postMetadata] `json:"metadata"`
		}
		if json.Unmarshal(raw, &m) != nil || m.Metadata.V.Type != metadataType || m.Metadata.V.Payload.Call != callID {
			return false
		}
		found, ok = posted(channelID, m.TS, m.ThreadTS), true
		return true
	}
	err := c.messages(ctx, channelID, threadTS, "", look)
	if threadTS != "" && err != nil && bot.AsFailure(err).Code == "thread_not_found" {
		// The thread's first post is gone; Slack puts replies in the open then.
		err = c.messages(ctx, channelID, "", "", look)
	}
	return found, ok, err
}

// Replies returns what people wrote in a thread after a ts, oldest first.
func (c *Client) Replies(ctx context.Context, channelID, threadTS, afterTS string) ([]bot.SlackReply, error) {
	team, err := c.ownTeam(ctx)
	if err != nil {
		return nil, err
	}
	after, _ := millis(afterTS)
	var replies []bot.SlackReply
	err = c.messages(ctx, channelID, threadTS, afterTS, func(raw json.RawMessage) bool {
		r, ok := readReply(team, channelID, raw)
		// The thread's first message comes whatever was asked for.
		if at, _ := millis(r.TS); ok && r.TS != threadTS && r.TS != afterTS && at >= after {
			r.Swept = true
			replies = append(replies, r)
		}
		return false
	})
	return replies, err
}

// messages shows the messages of a thread, oldest first, or of a Slack
// channel, newest first, to look until it returns true.
func (c *Client) messages(ctx context.Context, channelID, threadTS, afterTS string, look func(json.RawMessage) bool) error {
	r := request{method: "conversations.history", effect: reads}
	if threadTS != "" {
		r.method = "conversations.replies"
	}
	r.form = values("channel", channelID, "ts", threadTS, "oldest", afterTS, "include_all_metadata", "true")
	err := c.pages(ctx, r, searchPages, func(p page) bool { return slices.ContainsFunc(p.Messages, look) })
	if f := failureOf(err); f != nil && (f.Code == tooManyPages || slices.Contains(refusesSearch, f.Code)) {
		return &bot.Failure{Kind: bot.Permanent, Code: CannotSearch, Detail: f.Detail + ": " + f.Code, RequestID: f.RequestID}
	}
	return err
}

// tooManyPages is the code of the failure of pages that do not end.
const tooManyPages = "too_many_pages"

// page is one page of any of the methods that have pages.
type page struct {
	Messages []json.RawMessage `json:"messages"`
	Members  []string          `json:"members"`
	Channels []room            `json:"channels"`
	Metadata struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// pages shows one page after another to see until it returns true.
func (c *Client) pages(ctx context.Context, r request, limit int, see func(page) bool) error {
	r.form.Set("limit", strconv.Itoa(pageSize))
	for range limit {
		var p page
		if _, err := c.call(ctx, r, &p); err != nil {
			return err
		}
		if see(p) || p.Metadata.Next == "" {
			return nil
		}
		r.form.Set("cursor", p.Metadata.Next)
	}
	return &bot.Failure{Kind: bot.Permanent, Code: tooManyPages, Detail: r.method}
}

func failureOf(err error) *bot.Failure {
	if err == nil {
		return nil
	}
	return bot.AsFailure(err)
}

// ownTeam asks once which workspace the token is for.
func (c *Client) ownTeam(ctx context.Context) (string, error) {
	if team := c.team.Load(); team != nil {
		return *team, nil
	}
	id, err := c.test(ctx)
	return id.TeamID, err
}
