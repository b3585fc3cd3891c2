package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"madoguchi/bot"
)

func quoted(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func pressPayload(a bot.Action) string {
	id, value := EncodeAction(a)
	return fmt.Sprintf(`{"type":"block_actions","user":{"id":"U1","username":"sato","team_id":"T1"},"api_app_id":"AOWN",
		"container":{"type":"message","message_ts":"1700000001.000200","channel_id":"C1","is_ephemeral":false,"thread_ts":"1700000000.000100"},
		"trigger_id":"trig-1","team":{"id":"T1","domain":"x"},"channel":{"id":"C1","name":"privategroup"},
		"message":{"bot_id":"BOWN","type":"message","ts":"1700000001.000200","thread_ts":"1700000000.000100"},
		"actions":[{"type":"button","block_id":"b","action_id":%s,"text":{"type":"plain_text","text":"x"},"value":%s,"action_ts":"1700000002.345600"}]}`,
		quoted(id), quoted(value))
}

func submitPayload(a bot.Action, values string) string {
	return fmt.Sprintf(`{"type":"view_submission","team":{"id":"T1"},"user":{"id":"U1","team_id":"T1"},"trigger_id":"trig-1",
		"view":{"id":"V1","type":"modal","callback_id":%s,"hash":"1.abc","private_metadata":%s,"state":{"values":%s}}}`,
		quoted(string(a.Name)), quoted(encodeAction(a)), values)
}

func shortcutPayload(callbackID string) string {
	return fmt.Sprintf(`{"type":"message_action","callback_id":%s,"trigger_id":"trig-1","message_ts":"1700000001.000200","action_ts":"1700000002.000000",
		"team":{"id":"T1"},"user":{"id":"U1","team_id":"T1"},"channel":{"id":"C1","name":"privategroup"},
		"message":{"type":"message","user":"U1","ts":"1700000001.000200","thread_ts":"1700000000.000100","text":"x"}}`, quoted(callbackID))
}

func TestPressesAreStored(t *testing.T) {
	for _, name := range []bot.ActionName{bot.ActDone, bot.ActTake, bot.ActDelivered, bot.ActResend, bot.ActSend, bot.ActDiscard, bot.ActCancel, bot.ActOpen, bot.ActPushGroup} {
		s := newStage(t)
		a := bot.Action{Name: name, AccountID: "acc", FriendID: "fr", ReplyID: "r"}
		answer, err := s.Interaction(t.Context(), []byte(pressPayload(a)))
		if err != nil || answer != nil {
			t.Fatalf("%s: Interaction = %q, %v", name, answer, err)
		}
		in, ev := s.one(t)
		want := bot.SlackPress{ChannelID: "C1", MessageTS: "1700000001.000200", ThreadTS: "1700000000.000100", UserID: "U1", UserTeam: "T1", Action: a, At: "1700000002.345600"}
		if ev.TeamID != "T1" || ev.Press == nil || *ev.Press != want {
			t.Errorf("%s: decoded to %+v", name, ev.Press)
		}
		id, _ := EncodeAction(a)
		if in.Key != "act:T1:C1:1700000001.000200:"+id+":U1:1700000002.345600" || in.Lane != "slack:T1:C1:1700000000.000100" || in.At != 1_700_000_002_345 {
			t.Errorf("%s: stored as %q in %q at %d", name, in.Key, in.Lane, in.At)
		}
		if len(s.views.opened) != 0 {
			t.Errorf("%s opened a modal", name)
		}
	}
}

func TestPressOnAThreadsFirstPostIsInThatThread(t *testing.T) {
	s := newStage(t)
	payload := strings.ReplaceAll(pressPayload(bot.Action{Name: bot.ActDone}), `"thread_ts":"1700000000.000100"`, `"x":1`)
	if _, err := s.Interaction(t.Context(), []byte(payload)); err != nil {
		t.Fatal(err)
	}
	in, ev := s.one(t)
	if ev.Press.ThreadTS != "1700000001.000200" || in.Lane != "slack:T1:C1:1700000001.000200" {
		t.Errorf("thread %q, lane %q", ev.Press.ThreadTS, in.Lane)
	}
}

func TestInteractionsIgnored(t *testing.T) {
	for name, payload := range map[string]string{
		"link button":     strings.Replace(pressPayload(bot.Action{Name: bot.ActDone}), `"value"`, `"url"`, 1),
		"no actions":      `{"type":"block_actions","actions":[]}`,
		"closed modal":    `{"type":"view_closed","view":{"id":"V1"}}`,
		"global shortcut": `{"type":"shortcut","callback_id":"queue","trigger_id":"t"}`,
		"other shortcut":  shortcutPayload("other"),
		"other modal":     `{"type":"view_submission","view":{"id":"V1","private_metadata":"hello"}}`,
		"something newer": `{"type":"hologram"}`,
	} {
		s := newStage(t)
		answer, err := s.Interaction(t.Context(), []byte(payload))
		if err != nil || answer != nil || len(s.stored()) != 0 || len(s.views.opened) != 0 {
			t.Errorf("%s: answer %q, %v, stored %d, opened %d", name, answer, err, len(s.stored()), len(s.views.opened))
		}
	}
}

func TestUnreadableInteractionIsKept(t *testing.T) {
	s := newStage(t)
	if _, err := s.Interaction(t.Context(), []byte(`{"type":"block_actions","actions":7}`)); err != nil {
		t.Fatal(err)
	}
	if got := s.stored(); len(got) != 1 || got[0].Broken == "" {
		t.Errorf("stored %+v", got)
	}
}

func TestInteractionPassesOnFailures(t *testing.T) {
	failure := errors.New("no")
	tags := bot.Action{Name: bot.ActTags, FriendID: "fr"}
	for name, c := range map[string]struct {
		payload string
		fail    func(*stage)
	}{
		"store":   {pressPayload(bot.Action{Name: bot.ActDone}), func(s *stage) { s.fail = failure }},
		"submit":  {submitPayload(tags, `{}`), func(s *stage) { s.fail = failure }},
		"desk":    {pressPayload(tags), func(s *stage) { s.desk.err = failure }},
		"view":    {pressPayload(tags), func(s *stage) { s.views.err = failure }},
		"note":    {shortcutPayload("note"), func(s *stage) { s.views.err = failure }},
		"suggest": {suggestPayload(tags, "a"), func(s *stage) { s.desk.err = failure }},
	} {
		s := newStage(t)
		c.fail(s)
		if _, err := s.Interaction(t.Context(), []byte(c.payload)); !errors.Is(err, failure) {
			t.Errorf("%s: Interaction = %v, want the failure", name, err)
		}
	}
}

// opened is the part of a modal that the tests look at.
type openedView struct {
	Type     string `json:"type"`
	Callback string `json:"callback_id"`
	Private  string `json:"private_metadata"`
	Title    struct {
		Text string `json:"text"`
	} `json:"title"`
	Submit *struct{} `json:"submit"`
	Blocks []struct {
		Type  string `json:"type"`
		Block string `json:"block_id"`
		Label struct {
			Text string `json:"text"`
		} `json:"label"`
		Text struct {
			Text string `json:"text"`
		} `json:"text"`
		Optional bool `json:"optional"`
		Element  struct {
			Type    string      `json:"type"`
			ID      string      `json:"action_id"`
			Options []menuEntry `json:"options"`
			Initial []menuEntry `json:"initial_options"`
			Min     *int        `json:"min_query_length"`
		} `json:"element"`
	} `json:"blocks"`
}

type menuEntry struct {
	Value string `json:"value"`
	Text  struct {
		Text string `json:"text"`
	} `json:"text"`
}

func chosenIDs(entries []menuEntry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Value)
	}
	return out
}

func (s *stage) onlyView(t *testing.T) openedView {
	t.Helper()
	if len(s.views.opened) != 1 || s.views.triggers[0] != "trig-1" {
		t.Fatalf("opened %d modals with %q", len(s.views.opened), s.views.triggers)
	}
	var v openedView
	if err := json.Unmarshal(s.views.opened[0], &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Blocks) != 1 || v.Type != "modal" || len([]rune(v.Title.Text)) > 24 || len(v.Private) > 3000 {
		t.Fatalf("modal %s", s.views.opened[0])
	}
	return v
}

func manyTags(n int) []bot.Choice {
	var all []bot.Choice
	for i := range n {
		all = append(all, bot.Choice{ID: fmt.Sprintf("t%d", i), Name: fmt.Sprintf("タグ%d", i)})
	}
	return all
}

func TestTagButtonOpensTheModal(t *testing.T) {
	a := bot.Action{Name: bot.ActTags, AccountID: "acc", FriendID: "fr"}
	for _, n := range []int{1, 100, 101} {
		s := newStage(t)
		s.desk.tags = bot.TagChoices{Locale: "ja", FriendName: "花子", All: manyTags(n), Set: []string{"t0", "gone"}}
		if answer, err := s.Interaction(t.Context(), []byte(pressPayload(a))); err != nil || answer != nil {
			t.Fatalf("Interaction = %q, %v", answer, err)
		}
		v := s.onlyView(t)
		opened := a
		opened.SetBefore([]string{"t0"})
		if v.Private != encodeAction(opened) || v.Callback != "tags" || v.Submit == nil || v.Title.Text != "タグ" {
			t.Errorf("%d tags: modal %+v", n, v)
		}
		menu := v.Blocks[0].Element
		if !v.Blocks[0].Optional || v.Blocks[0].Block != "tags" || menu.ID != "tags" || !slices.Equal(chosenIDs(menu.Initial), []string{"t0"}) {
			t.Errorf("%d tags: field %+v", n, v.Blocks[0])
		}
		if v.Blocks[0].Label.Text != "花子 のタグ" {
			t.Errorf("label %q", v.Blocks[0].Label.Text)
		}
		if n <= 100 && (menu.Type != "multi_static_select" || len(menu.Options) != n) {
			t.Errorf("%d tags: %s with %d options", n, menu.Type, len(menu.Options))
		}
		if n > 100 && (menu.Type != "multi_external_select" || len(menu.Options) != 0 || menu.Min == nil || *menu.Min != 0) {
			t.Errorf("%d tags: %s with %d options", n, menu.Type, len(menu.Options))
		}
		if len(s.stored()) != 0 {
			t.Error("opening the modal was stored")
		}
	}
}

func TestTagButtonSaysWhyNot(t *testing.T) {
	a := bot.Action{Name: bot.ActTags, FriendID: "fr"}
	foreign := strings.Replace(pressPayload(a), `"team_id":"T1"`, `"team_id":"T9"`, 1)
	for _, c := range []struct {
		name, payload string
		refusal       *bot.Refusal
		want          string
		asked         int
	}{
		{"refused", pressPayload(a), &bot.Refusal{Words: "権限がありません <b>"}, "権限がありません <b>", 1},
		{"no tags at all", pressPayload(a), nil, "選べるタグがありません。", 1},
		{"foreign user", foreign, nil, "ほかのワークスペースのメンバーは使えません。", 0},
	} {
		s := newStage(t)
		s.desk.refusal = c.refusal
		if _, err := s.Interaction(t.Context(), []byte(c.payload)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		v := s.onlyView(t)
		if v.Submit != nil || v.Blocks[0].Text.Text != c.want || len(s.desk.calls) != c.asked {
			t.Errorf("%s: %q after %v", c.name, v.Blocks[0].Text.Text, s.desk.calls)
		}
	}
}

func suggestPayload(a bot.Action, typed string) string {
	return fmt.Sprintf(`{"type":"block_suggestion","user":{"id":"U1","team_id":"T1"},"team":{"id":"T1"},"action_id":"tags","block_id":"tags","value":%s,"view":{"id":"V1","private_metadata":%s}}`,
		quoted(typed), quoted(encodeAction(a)))
}

func TestSuggestions(t *testing.T) {
	a := bot.Action{Name: bot.ActTags, FriendID: "fr"}
	for _, c := range []struct {
		typed   string
		refusal *bot.Refusal
		action  bot.Action
		want    int
		first   string
	}{
		{"", nil, a, 100, "t0"},
		{"タグ１4", nil, a, 11, "t14"}, // 14 and 140 to 149, in letters of any width
		{"ﾀｸﾞ149", nil, a, 1, "t149"},
		{"vip", nil, a, 1, "v"},
		{"ない", nil, a, 0, ""},
		{"", &bot.Refusal{Words: "no"}, a, 0, ""},
		{"", nil, bot.Action{Name: bot.ActNote}, 0, ""},
	} {
		s := newStage(t)
		s.desk.refusal = c.refusal
		s.desk.tags.All = append(manyTags(150), bot.Choice{ID: "v", Name: "ＶＩＰ"})
		answer, err := s.Interaction(t.Context(), []byte(suggestPayload(c.action, c.typed)))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Options *[]menuEntry `json:"options"`
		}
		if err := json.Unmarshal(answer, &got); err != nil || got.Options == nil {
			t.Fatalf("%q: answer %s", c.typed, answer)
		}
		if len(*got.Options) != c.want || (c.want > 0 && (*got.Options)[0].Value != c.first) {
			t.Errorf("%q: %d options %v", c.typed, len(*got.Options), chosenIDs(*got.Options))
		}
	}
}

func TestTagModalIsStored(t *testing.T) {
	s := newStage(t)
	a := bot.Action{Name: bot.ActTags, AccountID: "acc", FriendID: "fr"}
	chosen := func(ids ...string) string {
		var options []string
		for _, id := range ids {
			options = append(options, `{"value":`+quoted(id)+`}`)
		}
		return submitPayload(a, `{"tags":{"tags":{"type":"multi_static_select","selected_options":[`+strings.Join(options, ",")+`]}}}`)
	}
	for _, payload := range []string{chosen("t1", "t2"), chosen("t1", "t2"), chosen()} {
		if answer, err := s.Interaction(t.Context(), []byte(payload)); err != nil || answer != nil {
			t.Fatalf("Interaction = %q, %v", answer, err)
		}
	}
	got := s.stored()
	if got[0].Key != got[1].Key || got[0].Key == got[2].Key || !strings.HasPrefix(got[0].Key, "view:V1:1.abc:") {
		t.Errorf("keys %q, %q, %q", got[0].Key, got[1].Key, got[2].Key)
	}
	if got[0].Lane != "slack:T1:friend:fr" || got[0].At != testNow.UnixMilli() {
		t.Errorf("lane %q at %d", got[0].Lane, got[0].At)
	}
	ev, err := Decode(got[0].Raw)
	want := bot.SlackSubmit{ViewID: "V1", UserID: "U1", UserTeam: "T1", Action: a, Chosen: []string{"t1", "t2"}}
	if err != nil || asJSON(t, ev.Submit) != asJSON(t, want) {
		t.Errorf("Decode = %+v, %v", ev.Submit, err)
	}
}

func TestNote(t *testing.T) {
	s := newStage(t)
	if _, err := s.Interaction(t.Context(), []byte(shortcutPayload("note"))); err != nil {
		t.Fatal(err)
	}
	v := s.onlyView(t)
	a, ok := decodeAction(v.Private)
	if !ok || a != (bot.Action{Name: bot.ActNote, ChannelID: "C1", ThreadTS: "1700000000.000100"}) || v.Blocks[0].Element.Type != "plain_text_input" {
		t.Fatalf("modal %+v", v)
	}

	answer, err := s.Interaction(t.Context(), []byte(submitPayload(a, `{"note":{"note":{"type":"plain_text_input","value":" \n　"}}}`)))
	if err != nil || !strings.Contains(string(answer), `"response_action":"errors"`) || len(s.stored()) != 0 {
		t.Errorf("an empty note: %s, %v, stored %d", answer, err, len(s.stored()))
	}
	answer, err = s.Interaction(t.Context(), []byte(submitPayload(a, `{"note":{"note":{"type":"plain_text_input","value":"電話\u0000済み"}}}`)))
	if err != nil || answer != nil {
		t.Fatalf("Interaction = %s, %v", answer, err)
	}
	in, ev := s.one(t)
	if ev.Submit == nil || ev.Submit.Text != "電話\uFFFD済み" || ev.Submit.Action != a || in.Lane != "slack:T1:C1:1700000000.000100" {
		t.Errorf("decoded to %+v in %q", ev.Submit, in.Lane)
	}
}
