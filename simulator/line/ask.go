package line

import (
	"net/http"
	"slices"
)

func (p *Platform) quota(c *call) answer {
	if c.account.Quota == 0 {
		return succeed(map[string]any{"type": "none"})
	}
	return succeed(map[string]any{"type": "limited", "value": c.account.Quota})
}

func (p *Platform) consumption(c *call) answer {
	return succeed(map[string]any{"totalUsage": c.account.used})
}

func (p *Platform) info(c *call) answer {
	body := map[string]any{
		"userId":         c.account.BotUserID,
		"basicId":        c.account.BasicID,
		"displayName":    c.account.Name,
		"chatMode":       c.account.ChatMode,
		"markAsReadMode": c.account.MarkAsRead,
	}
	if c.account.PictureURL != "" {
		body["pictureUrl"] = c.account.PictureURL
	}
	return succeed(body)
}

// profile answers 404 for friends who have blocked the account, as LINE does.
func (p *Platform) profile(c *call) answer {
	id := c.value("user")
	to, ok := c.account.chats[id]
	if !ok || to.kind != kindUser || to.blocked {
		return notFound()
	}
	f := c.account.people[id]
	body := profileBody(f)
	if f.Language != "" {
		body["language"] = f.Language
	}
	return succeed(body)
}

// memberProfile tells less of a friend than profile, as LINE does.
func (p *Platform) memberProfile(c *call) answer {
	id := c.value("user")
	to, ok := c.account.group(c)
	if !ok || !slices.Contains(to.members, id) {
		return notFound()
	}
	return succeed(profileBody(c.account.people[id]))
}

func profileBody(f Friend) map[string]any {
	body := map[string]any{"userId": f.UserID, "displayName": f.Name}
	if f.PictureURL != "" {
		body["pictureUrl"] = f.PictureURL
	}
	return body
}

func (p *Platform) groupSummary(c *call) answer {
	to, ok := c.account.group(c)
	if !ok || to.kind != kindGroup {
		return notFound()
	}
	body := map[string]any{"groupId": to.id, "groupName": to.name}
	if to.picture != "" {
		body["pictureUrl"] = to.picture
	}
	return succeed(body)
}

func (p *Platform) membersCount(c *call) answer {
	to, ok := c.account.group(c)
	if !ok {
		return notFound()
	}
	return succeed(map[string]any{"count": len(to.members)})
}

// group finds the group or room of a path that the account is in.
func (a *account) group(c *call) (*chat, bool) {
	to, ok := a.chats[c.value("chat")]
	return to, ok && to.kind != kindUser && !to.absent
}

func notFound() answer { return complain(http.StatusNotFound, "Not found") }
