package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/bot"
)

func TestParseCommand(t *testing.T) {
	for _, c := range []struct {
		text string
		what asked
		name string
	}{
		{"", askWaiting, ""},
		{"  ", askWaiting, ""},
		{"待ち", askWaiting, ""},
		{"Waiting", askWaiting, ""},
		{"探す 花子", askFind, "花子"},
		{"探す　山田　花子 ", askFind, "山田　花子"},
		{"find A &amp; B &lt;x&gt;", askFind, "A & B <x>"},
		{"find", askHelp, ""},
		{"花子", askFind, "花子"},
		{"山田 花子", askFind, "山田 花子"},
		{"waiting room", askFind, "waiting room"},
		{"operators", askOperators, ""},
		{"オペレーター", askOperators, ""},
		{"ｵﾍﾟﾚｰﾀｰ", askOperators, ""},
		{"ヘルプ", askHelp, ""},
		{"ＨＥＬＰ", askHelp, ""},
	} {
		if what, name := parseCommand(c.text); what != c.what || name != c.name {
			t.Errorf("parseCommand(%q) = %s, %q, want %s, %q", c.text, what, name, c.what, c.name)
		}
	}
}

func TestCommandAsksTheDesk(t *testing.T) {
	for text, want := range map[string]string{
		"":            "waiting U1 C1",
		"探す 花子":       "find U1 C1 花子",
		"花子":          "find U1 C1 花子",
		"オペレーター":      "operators U1 C1",
		"help":        "",
		"find &lt;b>": "find U1 C1 <b>",
	} {
		s := newStage(t)
		answer := s.Command(t.Context(), Command{TeamID: "T1", ChannelID: "C1", UserID: "U1", Text: text})
		if got := strings.Join(s.desk.calls, ";"); got != want {
			t.Errorf("%q asked %q, want %q", text, got, want)
		}
		if !strings.Contains(string(answer), `"response_type":"ephemeral"`) {
			t.Errorf("%q answered %s", text, answer)
		}
	}
}

func TestCommandSaysWhyNot(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*stage)
		team string
		want string
	}{
		{"refused", func(s *stage) { s.desk.refusal = &bot.Refusal{Words: "オーナーのみ <!here>"} }, "T1", "オーナーのみ &lt;!here&gt;"},
		{"failed", func(s *stage) { s.desk.err = errors.New("no") }, "T1", "調べられませんでした"},
		{"foreign", func(*stage) {}, "T9", "ほかのワークスペース"},
	} {
		s := newStage(t)
		c.set(s)
		var got privateText
		answer := s.Command(t.Context(), Command{TeamID: c.team, UserID: "U1"})
		if err := json.Unmarshal(answer, &got); err != nil || !strings.HasPrefix(got.Text, c.want) {
			t.Errorf("%s: answered %s", c.name, answer)
		}
	}
}

type privateText struct {
	Text string `json:"text"`
}

func TestCommandDoesNotWaitForADeskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.desk.wait = true
		start := time.Now()
		answer := s.Command(t.Context(), Command{TeamID: "T1", UserID: "U1"})
		if took := time.Since(start); took > lookTime || !strings.Contains(string(answer), "時間がかかっています") {
			t.Errorf("answered %s after %s", answer, took)
		}
	})
}

func TestListing(t *testing.T) {
	open := &bot.Action{Name: bot.ActOpen, AccountID: "acc", FriendID: "fr"}
	s := newStage(t)
	s.desk.listing = bot.Listing{Locale: "ja", Title: "返信待ち", More: 3, Groups: []bot.ListingGroup{
		{Name: "青山店", Entries: []bot.ListingEntry{
			{Title: "花子 <!channel>\n*x*", Detail: "10:42 から <b>", Link: "https://x.slack.com/archives/C1/p1"},
			{Title: "太郎", Open: open},
			{Title: "次郎"},
		}},
		{Name: "空"},
	}}
	answer := s.Command(t.Context(), Command{TeamID: "T1", ChannelID: "C1", UserID: "U1"})
	var got struct {
		Blocks []struct {
			Type      string          `json:"type"`
			Text      json.RawMessage `json:"text"`
			Elements  json.RawMessage `json:"elements"`
			Accessory struct {
				ID    string `json:"action_id"`
				Value string `json:"value"`
			} `json:"accessory"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, b := range got.Blocks {
		types = append(types, b.Type)
	}
	if want := []string{"header", "rich_text", "section", "rich_text", "context"}; !slices.Equal(types, want) {
		t.Fatalf("blocks %v, want %v: %s", types, want, answer)
	}
	lines := string(got.Blocks[1].Elements)
	for _, want := range []string{"青山店", `"url":"https://x.slack.com/archives/C1/p1"`, "花子 ＜!channel＞ *x*", "10:42 から <b>"} {
		if !strings.Contains(lines, want) {
			t.Errorf("lines lack %s: %s", want, lines)
		}
	}
	if a, err := DecodeAction(got.Blocks[2].Accessory.ID, got.Blocks[2].Accessory.Value); err != nil || a != *open {
		t.Errorf("button %+v: %v", a, err)
	}
	if !strings.Contains(string(got.Blocks[4].Elements), "ほか3件") || strings.Contains(string(answer), "空") {
		t.Errorf("answer %s", answer)
	}
}

// Entries that look alike are told apart by their marks; others carry none.
func TestListingTellsEqualNamesApart(t *testing.T) {
	s := newStage(t)
	open := &bot.Action{Name: bot.ActOpen, AccountID: "acc", FriendID: "fr"}
	s.desk.listing = bot.Listing{Locale: "ja", Title: "返信待ち", Groups: []bot.ListingGroup{
		{Name: "青山店", Entries: []bot.ListingEntry{
			{Title: "花子", Mark: "1a2b", Link: "https://x.slack.com/archives/C1/p1"}, {Title: "太郎", Mark: "3c4d"},
		}},
		{Entries: []bot.ListingEntry{{Title: "花\u200b子 ", Mark: "5e6f", Open: open}, {Title: "佐藤"}, {Title: "佐藤"}}},
	}}
	answer := string(s.Command(t.Context(), Command{TeamID: "T1", UserID: "U1"}))
	for _, want := range []string{"花子（1a2b）", "花子（5e6f）", "太郎"} {
		if !strings.Contains(answer, want) {
			t.Errorf("the listing lacks %s: %s", want, answer)
		}
	}
	if strings.Contains(answer, "3c4d") || strings.Contains(answer, "佐藤（") {
		t.Errorf("a name that needs no mark has one: %s", answer)
	}
}

func TestListingOfNothing(t *testing.T) {
	s := newStage(t)
	s.desk.listing = bot.Listing{Locale: "en", Title: "Waiting"}
	if answer := s.Command(t.Context(), Command{TeamID: "T1", UserID: "U1"}); !strings.Contains(string(answer), "Nobody just now.") {
		t.Errorf("answered %s", answer)
	}
}

func TestListingStaysSmall(t *testing.T) {
	for _, open := range []*bot.Action{nil, {Name: bot.ActOpen, AccountID: "acc", FriendID: "fr"}} {
		s := newStage(t)
		group := bot.ListingGroup{Name: "g"}
		for i := range 500 {
			e := bot.ListingEntry{Title: strings.Repeat("名", 80), Detail: strings.Repeat("詳", 500), Open: open}
			if open == nil {
				e.Link = fmt.Sprintf("https://x.slack.com/archives/C1/p%d", i)
			}
			group.Entries = append(group.Entries, e)
		}
		s.desk.listing = bot.Listing{Locale: "ja", Title: "返信待ち", Groups: []bot.ListingGroup{group}, More: 7}
		answer := s.Command(t.Context(), Command{TeamID: "T1", UserID: "U1"})
		var got struct {
			Blocks []json.RawMessage `json:"blocks"`
		}
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		shown := strings.Count(string(answer), "詳"+strings.Repeat("詳", maxDetail-1))
		if len(answer) > maxPrivate || len(got.Blocks) > maxBlocks || shown == 0 || !strings.Contains(string(answer), fmt.Sprintf("ほか%d件", 507-shown)) {
			t.Errorf("%d bytes, %d blocks, %d shown", len(answer), len(got.Blocks), shown)
		}
	}
}
