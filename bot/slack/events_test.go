package slack

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"madoguchi/bot"
)

// callback is an Events API envelope around an event.
func callback(event string) []byte {
	return []byte(`{"token":"x","team_id":"T1","api_app_id":"AOWN","type":"event_callback","event_id":"Ev1","event_time":1700000000,"event":` + event + `}`)
}

func reply1(more string) []byte {
	return callback(`{"type":"message","channel":"C1","channel_type":"group","user":"U1","team":"T1","text":"はい","ts":"1700000001.000200","thread_ts":"1700000000.000100","event_ts":"1700000001.000200"` + more + `}`)
}

func TestEventStoresReplies(t *testing.T) {
	want := bot.SlackReply{
		ChannelID: "C1", TS: "1700000001.000200", ThreadTS: "1700000000.000100",
		UserID: "U1", UserTeam: "T1", Text: "はい", Raw: "はい",
	}
	with := func(change func(*bot.SlackReply)) bot.SlackReply {
		w := want
		change(&w)
		return w
	}
	for _, c := range []struct {
		name string
		body []byte
		want bot.SlackReply
	}{
		{"plain", reply1(""), want},
		{"also sent to the channel", reply1(`,"subtype":"thread_broadcast","root":{"ts":"1700000000.000100"}`), with(func(r *bot.SlackReply) { r.Broadcast = true })},
		{"me", reply1(`,"subtype":"me_message"`), want},
		{"of a foreign workspace", reply1(`,"user_team":"T9"`), with(func(r *bot.SlackReply) { r.UserTeam = "T9" })},
		{"with files", reply1(`,"subtype":"file_share","files":[{"id":"F1","name":"a.png","mimetype":"image/png","size":12,"url_private":"https://evil.example/x"},{"id":"F2","file_access":"check_file_info"},{"id":"F3","size":0}]`), with(func(r *bot.SlackReply) {
			r.Files = []bot.SlackFile{{ID: "F1", Name: "a.png", Type: "image/png", Size: 12}, {ID: "F2"}, {ID: "F3"}}
		})},
		{"with unreadable files", reply1(`,"files":["x",{"id":5},{"id":"F3"}]`), with(func(r *bot.SlackReply) {
			r.Files = []bot.SlackFile{{}, {}, {ID: "F3"}}
		})},
		{"with unreadable blocks", reply1(`,"blocks":[{"type":"rich_text","elements":7},5]`), want},
		{"with blocks", reply1(`,"blocks":` + section(`{"type":"text","text":"*はい*"}`)), with(func(r *bot.SlackReply) { r.Text = "*はい*" })},
		{"with unknown members", reply1(`,"hologram":{"a":[1]},"metadata":7,"bot_profile":"x"`), want},
		{
			"outside any thread",
			callback(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"1700000001.000200"}`),
			with(func(r *bot.SlackReply) { r.ThreadTS, r.Text, r.Raw = "", "x", "x" }),
		},
		{
			"names itself as thread, NUL and a name beside the id",
			callback(`{"type":"message","channel":"C1","channel_type":"group","user":"U1","text":"a\u0000 <@U2|鈴木>","ts":"1700000001.000200","thread_ts":"1700000001.000200","blocks":` + section(`{"type":"text","text":"a\u0000 "},{"type":"user","user_id":"U2"}`) + `}`),
			with(func(r *bot.SlackReply) {
				r.ThreadTS = ""
				r.Text, r.Raw = "a\uFFFD @鈴木", "a\uFFFD <@U2|鈴木>"
			}),
		},
		{
			"in a shared channel",
			[]byte(strings.Replace(string(reply1("")), `"token"`, `"is_ext_shared_channel":true,"token"`, 1)),
			with(func(r *bot.SlackReply) { r.Shared = true }),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), c.body); err != nil {
				t.Fatalf("Event: %v", err)
			}
			in, ev := s.one(t)
			if ev.TeamID != "T1" || ev.Reply == nil {
				t.Fatalf("decoded to %+v", ev)
			}
			if got, want := asJSON(t, ev.Reply), asJSON(t, c.want); got != want {
				t.Errorf("reply = %s\nwant %s", got, want)
			}
			wantLane := "slack:T1:" + c.want.ChannelID + ":" + firstOf(c.want.ThreadTS, c.want.TS)
			if in.Source != bot.FromSlack || in.AccountID != "" || in.Key != "msg:T1:"+c.want.ChannelID+":1700000001.000200" || in.Lane != wantLane || in.At != 1_700_000_001_000 || in.Broken != "" {
				t.Errorf("stored as %q in %q at %d (%+v)", in.Key, in.Lane, in.At, in)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func changed(message, previous string) []byte {
	return callback(`{"type":"message","subtype":"message_changed","hidden":true,"channel":"C1","ts":"1700000009.000100","event_ts":"1700000009.000100","message":` + message + `,"previous_message":` + previous + `}`)
}

func TestEventStoresTheRest(t *testing.T) {
	before := `{"type":"message","user":"U1","text":"前","ts":"1700000001.000200","thread_ts":"1700000000.000100"}`
	after := `{"type":"message","user":"U1","text":"後","ts":"1700000001.000200","thread_ts":"1700000000.000100","edited":{"user":"U1","ts":"1700000005.123400"}}`
	for _, c := range []struct {
		name      string
		body      []byte
		want      bot.SlackEvent
		key, lane string
		at        int64
	}{
		{
			"edit", changed(after, before),
			bot.SlackEvent{Edit: &bot.SlackEdit{ChannelID: "C1", TS: "1700000001.000200", ThreadTS: "1700000000.000100", UserID: "U1", Text: "後", Raw: "後", EditedTS: "1700000005.123400"}},
			"edit:T1:C1:1700000001.000200:1700000005.123400", "slack:T1:C1:1700000000.000100", 1_700_000_005_123,
		},
		{
			"edit that takes a file away",
			changed(`{"user":"U1","text":"x","ts":"1700000001.000200","edited":{"user":"U1","ts":"1700000005.000000"},"files":[]}`, `{"user":"U1","text":"x","ts":"1700000001.000200","files":[{"id":"F1"}]}`),
			bot.SlackEvent{Edit: &bot.SlackEdit{ChannelID: "C1", TS: "1700000001.000200", UserID: "U1", Text: "x", Raw: "x", EditedTS: "1700000005.000000"}},
			"edit:T1:C1:1700000001.000200:1700000005.000000", "slack:T1:C1:1700000001.000200", 1_700_000_005_000,
		},
		{
			"deletion",
			callback(`{"type":"message","subtype":"message_deleted","hidden":true,"channel":"C1","ts":"1700000009.000100","event_ts":"1700000009.500100","deleted_ts":"1700000001.000200","previous_message":` + before + `}`),
			bot.SlackEvent{Delete: &bot.SlackDelete{ChannelID: "C1", TS: "1700000001.000200", ThreadTS: "1700000000.000100", UserID: "U1"}},
			"ev:Ev1", "slack:T1:C1:1700000000.000100", 1_700_000_009_500,
		},
		{
			"deletion without what it was",
			callback(`{"type":"message","subtype":"message_deleted","channel":"C1","ts":"1700000009.000100","deleted_ts":"1700000001.000200"}`),
			bot.SlackEvent{Delete: &bot.SlackDelete{ChannelID: "C1", TS: "1700000001.000200"}},
			"ev:Ev1", "slack:T1:C1:1700000001.000200", testNow.UnixMilli(),
		},
		{
			"deletion of our own post",
			callback(`{"type":"message","subtype":"message_deleted","channel":"C1","ts":"1700000009.000100","deleted_ts":"1700000001.000200","previous_message":{"user":"UBOT","bot_id":"BOWN","ts":"1700000001.000200","thread_ts":"1700000001.000200"}}`),
			bot.SlackEvent{Delete: &bot.SlackDelete{ChannelID: "C1", TS: "1700000001.000200", UserID: "UBOT", Ours: true}},
			"ev:Ev1", "slack:T1:C1:1700000001.000200", testNow.UnixMilli(),
		},
		{
			"deletion of a thread's first post",
			changed(`{"subtype":"tombstone","text":"This message was deleted.","user":"USLACKBOT","hidden":true,"ts":"1700000001.000200","thread_ts":"1700000001.000200"}`, `{"bot_id":"B7","app_id":"AOWN","user":"UBOT","text":"x","ts":"1700000001.000200","thread_ts":"1700000001.000200"}`),
			bot.SlackEvent{Delete: &bot.SlackDelete{ChannelID: "C1", TS: "1700000001.000200", UserID: "UBOT", Ours: true}},
			"ev:Ev1", "slack:T1:C1:1700000001.000200", 1_700_000_009_000,
		},
		{
			"joined", callback(`{"type":"member_joined_channel","user":"U2","channel":"C1","channel_type":"G","team":"T1","inviter":"U1","event_ts":"1700000003.000000"}`),
			bot.SlackEvent{Member: &bot.SlackMember{ChannelID: "C1", UserID: "U2", Inviter: "U1", Joined: true}},
			"ev:Ev1", "slack:T1:C1", 1_700_000_003_000,
		},
		{
			"left", callback(`{"type":"member_left_channel","user":"U2","channel":"C1"}`),
			bot.SlackEvent{Member: &bot.SlackMember{ChannelID: "C1", UserID: "U2"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"archived", callback(`{"type":"group_archive","channel":"C1","is_moved":0}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "C1", Change: "archived"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"renamed", callback(`{"type":"group_rename","channel":{"id":"C1","name":"x","created":1}}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "C1", Change: "renamed"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"the bot was removed", callback(`{"type":"group_left","channel":"C1"}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "C1", Change: "left"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"shared", callback(`{"type":"channel_shared","connected_team_id":"T9","channel":"C1"}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "C1", Change: "shared"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"turned public", callback(`{"type":"message","subtype":"channel_convert_to_public","channel":"C1","user":"U1","text":"made this channel *public*","ts":"1700000003.000000"}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "C1", Change: "public"}},
			"ev:Ev1", "slack:T1:C1", testNow.UnixMilli(),
		},
		{
			"new id", callback(`{"type":"channel_id_changed","old_channel_id":"G1","new_channel_id":"C1"}`),
			bot.SlackEvent{Room: &bot.SlackRoom{ChannelID: "G1", NewID: "C1", Change: "id_changed"}},
			"ev:Ev1", "slack:T1:G1", testNow.UnixMilli(),
		},
		{
			"deactivated", callback(`{"type":"user_change","user":{"id":"U1","deleted":true},"cache_ts":1}`),
			bot.SlackEvent{User: &bot.SlackUserChange{UserID: "U1", Deleted: true}},
			"ev:Ev1", "slack:T1:-", testNow.UnixMilli(),
		},
		{
			"new in the workspace", callback(`{"type":"team_join","user":{"id":"U1"}}`),
			bot.SlackEvent{User: &bot.SlackUserChange{UserID: "U1"}},
			"ev:Ev1", "slack:T1:-", testNow.UnixMilli(),
		},
		{
			"uninstalled", callback(`{"type":"app_uninstalled"}`),
			bot.SlackEvent{User: &bot.SlackUserChange{Revoked: true}},
			"ev:Ev1", "slack:T1:-", testNow.UnixMilli(),
		},
		{
			"token revoked", callback(`{"type":"tokens_revoked","tokens":{"oauth":[],"bot":["UBOT"]}}`),
			bot.SlackEvent{User: &bot.SlackUserChange{Revoked: true}},
			"ev:Ev1", "slack:T1:-", testNow.UnixMilli(),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), c.body); err != nil {
				t.Fatalf("Event: %v", err)
			}
			in, ev := s.one(t)
			c.want.TeamID = "T1"
			if got, want := asJSON(t, ev), asJSON(t, c.want); got != want {
				t.Errorf("event = %s\nwant %s", got, want)
			}
			if in.Key != c.key || in.Lane != c.lane || in.At != c.at {
				t.Errorf("stored as %q in %q at %d, want %q in %q at %d", in.Key, in.Lane, in.At, c.key, c.lane, c.at)
			}
		})
	}
}

func TestEventStoresAppRateLimited(t *testing.T) {
	s := newStage(t)
	body := []byte(`{"token":"x","type":"app_rate_limited","team_id":"T1","minute_rate_limited":1700000000,"api_app_id":"AOWN"}`)
	for range 2 {
		if err := s.Event(t.Context(), body); err != nil {
			t.Fatalf("Event: %v", err)
		}
	}
	got := s.stored()
	if len(got) != 2 || got[0].Key != got[1].Key || got[0].Key == "" {
		t.Fatalf("a repeated app_rate_limited has the keys %q and %q", got[0].Key, got[1].Key)
	}
	ev, err := Decode(got[0].Raw)
	if err != nil || ev.Limit == nil || ev.Limit.MinuteStart != 1_700_000_000 {
		t.Errorf("Decode = %+v, %v", ev, err)
	}
}

func TestEventIgnores(t *testing.T) {
	said := `{"user":"U1","text":"x","ts":"1700000001.000200"}`
	for name, body := range map[string][]byte{
		"another bot":              reply1(`,"bot_id":"B9"`),
		"another app":              reply1(`,"app_id":"A9"`),
		"a workflow":               reply1(`,"subtype":"bot_message","bot_id":"B9"`),
		"a bot's profile":          reply1(`,"bot_profile":{"id":"B9"}`),
		"Slackbot":                 callback(`{"type":"message","channel":"C1","user":"USLACKBOT","text":"x","ts":"1.000200"}`),
		"nobody":                   callback(`{"type":"message","channel":"C1","text":"x","ts":"1.000200"}`),
		"hidden":                   reply1(`,"hidden":true`),
		"topic":                    reply1(`,"subtype":"channel_topic"`),
		"join message":             reply1(`,"subtype":"group_join"`),
		"counted reply":            reply1(`,"subtype":"message_replied"`),
		"huddle":                   reply1(`,"subtype":"huddle_thread"`),
		"denied by the key holder": reply1(`,"subtype":"ekm_access_denied"`),
		"something newer":          reply1(`,"subtype":"hologram"`),
		"unfurled link":            changed(`{"user":"U1","text":"x","ts":"1700000001.000200","attachments":[{}]}`, said),
		"unfurled after an edit":   changed(`{"user":"U1","text":"x","ts":"1700000001.000200","edited":{"user":"U1","ts":"1700000002.000000"},"attachments":[{}]}`, said),
		"updated by us":            changed(`{"bot_id":"BOWN","text":"y","ts":"1700000001.000200","edited":{"user":"BOWN","ts":"1700000002.000000"}}`, said),
		"another bot's deletion":   callback(`{"type":"message","subtype":"message_deleted","channel":"C1","ts":"2.0","deleted_ts":"1.000200","previous_message":{"bot_id":"B9","ts":"1.000200"}}`),
		"reaction":                 callback(`{"type":"reaction_added","user":"U1","reaction":"eyes","item":{"type":"message","channel":"C1","ts":"1.2"}}`),
		"typing":                   callback(`{"type":"user_typing","channel":"C1","user":"U1"}`),
		"home":                     callback(`{"type":"app_home_opened","user":"U1","channel":"D1","tab":"home"}`),
		"tokens of people":         callback(`{"type":"tokens_revoked","tokens":{"oauth":["U1"],"bot":[]}}`),
		"still shared":             callback(`{"type":"channel_unshared","channel":"C1","is_ext_shared":true}`),
		"unknown type":             callback(`{"type":"hologram","channel":7}`),
		"unknown envelope":         []byte(`{"type":"hologram"}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), body); err != nil {
				t.Fatalf("Event: %v", err)
			}
			if got := s.stored(); len(got) != 0 || len(s.echoes) != 0 {
				t.Errorf("stored %+v, echoed %v", got, s.echoes)
			}
		})
	}
}

func TestEventEchoesOurOwnPosts(t *testing.T) {
	meta := `,"metadata":{"event_type":"madoguchi_post","event_payload":{"call":"call-1"}}`
	for _, c := range []struct {
		name string
		body []byte
		want []string
	}{
		{"by bot id", reply1(`,"bot_id":"BOWN"` + meta), []string{"call-1 C1 1700000001.000200 1700000000.000100 true"}},
		{"by app id, under a friend's name", reply1(`,"bot_id":"B77","app_id":"AOWN","username":"花子","subtype":"bot_message"` + meta), []string{"call-1 C1 1700000001.000200 1700000000.000100 true"}},
		{"metadata event", callback(`{"type":"message_metadata_posted","app_id":"AOWN","bot_id":"BOWN","user_id":"UBOT","team_id":"T1","channel_id":"C1","message_ts":"1700000001.000200"` + meta + `}`), []string{"call-1 C1 1700000001.000200  false"}},
		{"in the open", callback(`{"type":"message","bot_id":"BOWN","channel":"C1","ts":"1700000001.000200"` + meta + `}`), []string{"call-1 C1 1700000001.000200  true"}},
		{"without metadata", reply1(`,"bot_id":"BOWN"`), nil},
		{"with strange metadata", reply1(`,"bot_id":"BOWN","metadata":{"event_type":"madoguchi_post","event_payload":"x"}`), nil},
		{"with another's metadata", reply1(`,"bot_id":"BOWN","metadata":{"event_type":"other","event_payload":{"call":"call-1"}}`), nil},
		{"another app with our metadata", reply1(`,"bot_id":"B9","app_id":"A9"` + meta), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			if err := s.Event(t.Context(), c.body); err != nil {
				t.Fatalf("Event: %v", err)
			}
			if !slices.Equal(s.echoes, c.want) || len(s.stored()) != 0 {
				t.Errorf("echoed %q and stored %d, want %q and none", s.echoes, len(s.stored()), c.want)
			}
		})
	}
}

func TestEventKeepsWhatItCannotRead(t *testing.T) {
	for name, body := range map[string][]byte{
		"truncated":          reply1("")[:100],
		"trailing bytes":     append(reply1(""), 'x'),
		"byte order mark":    append([]byte("\xef\xbb\xbf"), reply1("")...),
		"empty":              {},
		"null event":         []byte(`{"type":"event_callback","team_id":"T1"}`),
		"a list":             []byte(`[1]`),
		"nested too deep":    callback(`{"type":"message","blocks":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`),
		"text is a number":   callback(`{"type":"message","channel":"C1","user":"U1","text":5,"ts":"1700000001.000200"}`),
		"ts is nonsense":     callback(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"abc"}`),
		"ts is missing":      callback(`{"type":"message","channel":"C1","user":"U1","text":"x"}`),
		"no Slack channel":   callback(`{"type":"message","user":"U1","text":"x","ts":"1700000001.000200"}`),
		"edit of nothing":    callback(`{"type":"message","subtype":"message_changed","channel":"C1","ts":"1.2"}`),
		"member of nothing":  callback(`{"type":"member_joined_channel"}`),
		"archived nothing":   callback(`{"type":"group_archive"}`),
		"nobody was changed": callback(`{"type":"user_change"}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			for range 2 {
				if err := s.Event(t.Context(), body); err != nil {
					t.Fatalf("Event: %v", err)
				}
			}
			got := s.stored()
			if len(got) != 2 || got[0].Broken == "" || got[0].Key != got[1].Key || string(got[0].Raw) != string(body) {
				t.Fatalf("stored %d, broken %q", len(got), got[0].Broken)
			}
			if strings.Contains(got[0].Broken, "はい") {
				t.Errorf("Broken quotes the body: %q", got[0].Broken)
			}
		})
	}
}

// Whatever is not stored must not be acknowledged.
func TestEventPassesOnFailures(t *testing.T) {
	for name, body := range map[string][]byte{
		"reply":  reply1(""),
		"broken": []byte("{"),
		"echo":   reply1(`,"bot_id":"BOWN","metadata":{"event_type":"madoguchi_post","event_payload":{"call":"c"}}`),
	} {
		s := newStage(t)
		s.fail = errors.New("disk full")
		if err := s.Event(t.Context(), body); !errors.Is(err, s.fail) {
			t.Errorf("%s: Event = %v, want the store's failure", name, err)
		}
	}
}

// Two replies within the same millisecond keep their order, by their keys.
func TestRepliesOfOneInstantKeepTheirOrder(t *testing.T) {
	s := newStage(t)
	for _, ts := range []string{"1700000001.000200", "1700000001.000300"} {
		if err := s.Event(t.Context(), callback(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"`+ts+`","thread_ts":"1700000000.000100"}`)); err != nil {
			t.Fatal(err)
		}
	}
	got := s.stored()
	if got[0].At != got[1].At || got[0].Lane != got[1].Lane || got[0].Key >= got[1].Key {
		t.Errorf("stored %q at %d and %q at %d", got[0].Key, got[0].At, got[1].Key, got[1].At)
	}
}
