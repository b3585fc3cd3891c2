package line

import (
	"context"
	"net/http"

	"madoguchi/bot"
)

// Profile returns name and picture of a user, a group, or of the speaker in a
// group or room. LINE answers 404 for a user who blocked the account, and
// keeps no name for a room.
func (c *Client) Profile(ctx context.Context, kind bot.FriendKind, friendID, speakerID string) (bot.Profile, error) {
	var path, endpoint string
	switch {
	case !idPattern.MatchString(friendID) || speakerID != "" && !idPattern.MatchString(speakerID):
		return bot.Profile{}, badID()
	case kind == bot.KindUser:
		path, endpoint = "/v2/bot/profile/"+friendID, "/v2/bot/profile/{userId}"
	case kind == bot.KindGroup && speakerID == "":
		path, endpoint = "/v2/bot/group/"+friendID+"/summary", "/v2/bot/group/{groupId}/summary"
	case kind == bot.KindGroup:
		path, endpoint = "/v2/bot/group/"+friendID+"/member/"+speakerID, "/v2/bot/group/{groupId}/member/{userId}"
	case kind == bot.KindRoom && speakerID != "":
		path, endpoint = "/v2/bot/room/"+friendID+"/member/"+speakerID, "/v2/bot/room/{roomId}/member/{userId}"
	default:
		return bot.Profile{}, &bot.Failure{Kind: bot.Permanent, Code: "not_found"}
	}
	var profile struct {
		DisplayName string `json:"displayName"`
		GroupName   string `json:"groupName"`
		PictureURL  string `json:"pictureUrl"`
	}
	if err := c.get(ctx, path, endpoint, &profile); err != nil {
		return bot.Profile{}, err
	}
	name := profile.DisplayName
	if name == "" {
		name = profile.GroupName
	}
	return bot.Profile{Name: clean(name), Picture: clean(profile.PictureURL)}, nil
}

// GroupMembers counts who would receive a push to a group or room, the account
// itself not included.
func (c *Client) GroupMembers(ctx context.Context, kind bot.FriendKind, groupID string) (int, error) {
	if !idPattern.MatchString(groupID) || kind != bot.KindGroup && kind != bot.KindRoom {
		return 0, badID()
	}
	var members struct {
		Count int `json:"count"`
	}
	prefix := "/v2/bot/" + string(kind) + "/"
	err := c.get(ctx, prefix+groupID+"/members/count", prefix+"{id}/members/count", &members)
	return members.Count, err
}

// BotInfo returns what LINE tells of the official account.
func (c *Client) BotInfo(ctx context.Context) (bot.BotInfo, error) {
	const path = "/v2/bot/info"
	var info struct {
		UserID      string `json:"userId"`
		BasicID     string `json:"basicId"`
		DisplayName string `json:"displayName"`
		ChatMode    string `json:"chatMode"`
		MarkAsRead  string `json:"markAsReadMode"`
	}
	if err := c.get(ctx, path, path, &info); err != nil {
		return bot.BotInfo{}, err
	}
	return bot.BotInfo{
		UserID:     info.UserID,
		BasicID:    info.BasicID,
		Name:       clean(info.DisplayName),
		ChatMode:   info.ChatMode,
		MarkAsRead: info.MarkAsRead,
	}, nil
}

// Quota returns the month's budget. The number used is LINE's and approximate;
// it counts what other tools sent for the account too. Of an account without a
// limit only that is known.
func (c *Client) Quota(ctx context.Context) (bot.Quota, error) {
	const path = "/v2/bot/message/quota"
	var limit struct {
		Type  string `json:"type"`
		Value int64  `json:"value"`
	}
	if err := c.get(ctx, path, path, &limit); err != nil {
		return bot.Quota{}, err
	}
	var used struct {
		TotalUsage int64 `json:"totalUsage"`
	}
	const consumption = path + "/consumption"
	if err := c.get(ctx, consumption, consumption, &used); err != nil {
		return bot.Quota{}, err
	}
	return bot.Quota{Limited: limit.Type == "limited", Limit: limit.Value, Used: used.TotalUsage}, nil
}

func (c *Client) get(ctx context.Context, path, endpoint string, into any) error {
	r := request{method: http.MethodGet, base: c.api, path: path, endpoint: endpoint}
	a, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	return c.read(r, a, into)
}

// badID refuses an id that would change the path it stands in.
func badID() *bot.Failure {
	return &bot.Failure{Kind: bot.Permanent, Code: "bad_id"}
}
