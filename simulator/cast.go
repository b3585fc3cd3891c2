package simulator

import (
	"fmt"

	"madoguchi/simulator/line"
	"madoguchi/simulator/slack"
)

// BotUserID is the LINE user id of the sample account's bot.
const BotUserID = "Ua0a0a0000000000000000000000000a0"

// The Slack users of the sample account.
const (
	Owner   = "U0TENCHO" // 店長, who owns the account
	Sato    = "U0SATO"   // 佐藤 of 青山店
	Suzuki  = "U0SUZUKI" // 鈴木 of 渋谷店
	Trainee = "U0KENSHU" // 研修生, who may read what 青山店 gets and not reply
)

// The LINE friends of the sample account. Hanako has never written.
var (
	Hanako  = line.UserID(1)
	Kenichi = line.UserID(2)
	Sakura  = line.UserID(3)
	Emily   = line.UserID(4)

	Kobayashi = line.GroupID(1) // the group of a family
	Father    = line.UserID(5)  // of Kobayashi
	Mother    = line.UserID(6)  // of Kobayashi
)

// Faces is where the pictures of friends are said to be. LINE and Slack want
// https; nobody fetches them on the stage.
const Faces = "https://profile.line.example/"

func (s *Stage) cast() error {
	s.LINE.AddAccount(line.Account{
		BotUserID: BotUserID, BasicID: "@aoyama-salon", Name: "青山サロン",
		Secret: channelSecret, Token: channelToken, Quota: 200, MarkAsRead: "manual", Redeliver: true,
	})
	for _, f := range []line.Friend{
		{UserID: Hanako, Name: "山田 花子", PictureURL: Faces + "hanako", Language: "ja"},
		{UserID: Sakura, Name: "中村 さくら", PictureURL: Faces + "sakura", Language: "ja"},
		{UserID: Kenichi, Name: "田中 健一", PictureURL: Faces + "kenichi", Language: "ja"},
		{UserID: Emily, Name: "Emily Clark", PictureURL: Faces + "emily", Language: "en"},
	} {
		if err := s.LINE.AddFriend(BotUserID, f); err != nil {
			return fmt.Errorf("cast %s: %w", f.Name, err)
		}
	}
	family := line.Group{
		ID: Kobayashi, Name: "小林家 七五三", PictureURL: Faces + "family",
		Members: []line.Friend{
			{UserID: Father, Name: "小林 学", PictureURL: Faces + "manabu", Language: "ja"},
			{UserID: Mother, Name: "小林 由美", PictureURL: Faces + "yumi", Language: "ja"},
		},
	}
	if err := s.LINE.AddGroup(BotUserID, family); err != nil {
		return fmt.Errorf("cast %s: %w", family.Name, err)
	}
	for _, u := range []slack.User{
		{ID: Owner, Name: "店長", Email: "tencho@aoyama-salon.example"},
		{ID: Sato, Name: "佐藤", Email: "sato@aoyama-salon.example"},
		{ID: Suzuki, Name: "鈴木", Email: "suzuki@aoyama-salon.example"},
		{ID: Trainee, Name: "研修生", Email: "kenshu@aoyama-salon.example", Guest: true},
	} {
		s.Slack.AddUser(u)
	}
	return nil
}
