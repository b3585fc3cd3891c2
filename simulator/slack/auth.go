package slack

func (w *Workspace) authTest(*call) (reply, error) {
	return reply{
		"url":  w.siteURL(),
		"team": w.opts.TeamName, "team_id": w.opts.TeamID,
		"user": w.opts.BotName, "user_id": w.opts.BotUserID, "bot_id": w.opts.BotID,
		"is_enterprise_install": false,
	}, nil
}

func (w *Workspace) botsInfo(c *call) (reply, error) {
	if id := c.args["bot"]; id != "" && id != w.opts.BotID {
		return nil, refuse("bot_not_found")
	}
	return reply{"bot": map[string]any{
		"id": w.opts.BotID, "name": w.opts.BotName, "app_id": w.opts.AppID,
		"user_id": w.opts.BotUserID, "deleted": false, "updated": 0, "icons": map[string]string{},
	}}, nil
}

func (w *Workspace) teamInfo(*call) (reply, error) {
	return reply{"team": map[string]any{
		"id": w.opts.TeamID, "name": w.opts.TeamName, "domain": w.opts.Domain,
		"email_domain": "", "icon": map[string]any{"image_default": true},
	}}, nil
}

func (w *Workspace) siteURL() string { return "https://" + w.opts.Domain + ".slack.com/" }
