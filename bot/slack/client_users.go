package slack

import (
	"context"
	"strings"

	"madoguchi/bot"
)

// user is a user as users.info returns it:
// https://docs.slack.dev/reference/objects/user-object
type user struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	RealName   string `json:"real_name"`
	Deleted    bool   `json:"deleted"`
	Bot        bool   `json:"is_bot"`
	Restricted bool   `json:"is_restricted"`
	Ultra      bool   `json:"is_ultra_restricted"`
	Profile    struct {
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
		Email       string `json:"email"`
	} `json:"profile"`
}

// User describes a user by id.
func (c *Client) User(ctx context.Context, userID string) (bot.SlackUserInfo, error) {
	return c.user(ctx, request{method: "users.info", effect: reads, form: values("user", userID)})
}

// UserByEmail describes a user by e-mail address. The failure has the code
// users_not_found when nobody has it.
func (c *Client) UserByEmail(ctx context.Context, email string) (bot.SlackUserInfo, error) {
	return c.user(ctx, request{method: "users.lookupByEmail", effect: reads, form: values("email", email)})
}

func (c *Client) user(ctx context.Context, r request) (bot.SlackUserInfo, error) {
	var a struct {
		User user `json:"user"`
	}
	if _, err := c.call(ctx, r, &a); err != nil {
		return bot.SlackUserInfo{}, err
	}
	u := a.User
	return bot.SlackUserInfo{
		ID:    u.ID,
		Name:  unescape(firstOf(u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name)),
		Email: u.Profile.Email,
		Bot:   u.Bot, Deleted: u.Deleted, Guest: u.Restricted || u.Ultra,
	}, nil
}

// Identity tells who the bot is and what its token may do.
func (c *Client) Identity(ctx context.Context) (bot.SlackIdentity, error) {
	id, err := c.test(ctx)
	if err != nil || id.BotID == "" {
		return id, err
	}
	var a struct {
		Bot struct {
			AppID string `json:"app_id"`
		} `json:"bot"`
	}
	// Needs users:read. Without it the app stays unknown; nothing depends on it.
	if _, err := c.call(ctx, request{method: "bots.info", effect: reads, form: values("bot", id.BotID)}, &a); err == nil {
		id.AppID = a.Bot.AppID
	}
	return id, nil
}

func (c *Client) test(ctx context.Context) (bot.SlackIdentity, error) {
	var a struct {
		URL    string `json:"url"`
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
		BotID  string `json:"bot_id"`
	}
	header, err := c.call(ctx, request{method: "auth.test", effect: reads, form: values()}, &a)
	if err != nil {
		return bot.SlackIdentity{}, err
	}
	c.team.Store(&a.TeamID)
	id := bot.SlackIdentity{TeamID: a.TeamID, TeamURL: a.URL, BotUserID: a.UserID, BotID: a.BotID}
	for scope := range strings.SplitSeq(header.Get("X-OAuth-Scopes"), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			id.Scopes = append(id.Scopes, scope)
		}
	}
	return id, nil
}
