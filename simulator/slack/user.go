package slack

import (
	"slices"
	"strings"
)

// User is somebody in the workspace.
type User struct {
	ID      string
	Name    string
	Email   string
	TeamID  string // another workspace's, for a person who comes through a shared Slack channel
	Bot     bool
	Guest   bool
	Deleted bool
}

// AddUser puts a user into the workspace, or replaces the one with its id.
func (w *Workspace) AddUser(u User) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.users[u.ID]; !known {
		w.userOrder = append(w.userOrder, u.ID)
	}
	w.users[u.ID] = &u
	w.changed()
}

type wireUser struct {
	ID                string      `json:"id"`
	TeamID            string      `json:"team_id"`
	Name              string      `json:"name"`
	Deleted           bool        `json:"deleted"`
	Color             string      `json:"color"`
	RealName          string      `json:"real_name"`
	TZ                string      `json:"tz"`
	TZLabel           string      `json:"tz_label"`
	TZOffset          int         `json:"tz_offset"`
	Profile           wireProfile `json:"profile"`
	IsAdmin           bool        `json:"is_admin"`
	IsOwner           bool        `json:"is_owner"`
	IsPrimaryOwner    bool        `json:"is_primary_owner"`
	IsRestricted      bool        `json:"is_restricted"`
	IsUltraRestricted bool        `json:"is_ultra_restricted"`
	IsStranger        bool        `json:"is_stranger,omitempty"`
	IsBot             bool        `json:"is_bot"`
	IsAppUser         bool        `json:"is_app_user"`
	Updated           int64       `json:"updated"`
	Locale            string      `json:"locale,omitempty"`
}

type wireProfile struct {
	RealName              string `json:"real_name"`
	RealNameNormalized    string `json:"real_name_normalized"`
	DisplayName           string `json:"display_name"`
	DisplayNameNormalized string `json:"display_name_normalized"`
	Email                 string `json:"email,omitempty"`
	Image72               string `json:"image_72"`
	Team                  string `json:"team"`
	BotID                 string `json:"bot_id,omitempty"`
	APIAppID              string `json:"api_app_id,omitempty"`
}

func (w *Workspace) wireUser(u *User) wireUser {
	team := w.teamOf(u)
	p := wireProfile{
		RealName: u.Name, RealNameNormalized: u.Name, DisplayName: u.Name, DisplayNameNormalized: u.Name,
		Image72: "https://avatars.slack-edge.com/" + u.ID + "_72.png", Team: team,
	}
	if slices.Contains(w.scopes, "users:read.email") && !u.Bot {
		p.Email = u.Email
	}
	if u.Bot {
		p.BotID, p.APIAppID = w.botOf(u)
	}
	return wireUser{
		ID: u.ID, TeamID: team, Name: strings.ToLower(strings.ReplaceAll(u.Name, " ", ".")), Deleted: u.Deleted,
		Color: "9f69e7", RealName: u.Name, TZ: "Asia/Tokyo", TZLabel: "Japan Standard Time", TZOffset: 32400,
		Profile: p, IsRestricted: u.Guest, IsUltraRestricted: u.Guest, IsStranger: team != w.opts.TeamID,
		IsBot: u.Bot, Updated: w.now().Unix(), Locale: "ja-JP",
	}
}

func (w *Workspace) teamOf(u *User) string {
	if u != nil && u.TeamID != "" {
		return u.TeamID
	}
	return w.opts.TeamID
}

// botOf returns the bot id and app id of a bot user.
func (w *Workspace) botOf(u *User) (botID, appID string) {
	if u.ID == w.opts.BotUserID {
		return w.opts.BotID, w.opts.AppID
	}
	return "B" + strings.TrimLeft(u.ID, "UW"), "A" + strings.TrimLeft(u.ID, "UW")
}

func (w *Workspace) usersInfo(c *call) (reply, error) {
	if ids := c.list("users"); len(ids) > 0 {
		var found []wireUser
		for _, id := range ids {
			u := w.users[id]
			if u == nil {
				return nil, refuse("user_not_found")
			}
			found = append(found, w.wireUser(u))
		}
		return reply{"users": found}, nil
	}
	u := w.users[c.args["user"]]
	if u == nil {
		return nil, refuse("user_not_found")
	}
	return reply{"user": w.wireUser(u)}, nil
}

func (w *Workspace) usersList(c *call) (reply, error) {
	ids, next, err := page(c, w.userOrder, 1000)
	if err != nil {
		return nil, err
	}
	members := make([]wireUser, 0, len(ids))
	for _, id := range ids {
		members = append(members, w.wireUser(w.users[id]))
	}
	return reply{"members": members, "cache_ts": w.now().Unix(), "response_metadata": next}, nil
}

func (w *Workspace) usersLookupByEmail(c *call) (reply, error) {
	for _, id := range w.userOrder {
		u := w.users[id]
		if u.Email != "" && strings.EqualFold(u.Email, c.args["email"]) && !u.Deleted && !u.Bot {
			return reply{"user": w.wireUser(u)}, nil
		}
	}
	return nil, refuse("users_not_found")
}
