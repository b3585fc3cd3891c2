package slack

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/bot"
	"madoguchi/simulator/fault"
	simulated "madoguchi/simulator/slack"
)

// workspace is a simulated Slack and a Client that is its app. It fails the
// test when the client broke a rule of the platform.
func workspace(t *testing.T, o simulated.Options) (*simulated.Workspace, *Client) {
	t.Helper()
	w := simulated.New(o)
	server := httptest.NewServer(w)
	t.Cleanup(func() {
		server.Close()
		w.Close()
		for _, v := range w.Violations() {
			t.Errorf("broke a rule of Slack: %s: %s", v.Method, v.Rule)
		}
	})
	w.AddUser(simulated.User{ID: "U0SATO", Name: "佐藤", Email: "sato@example.com"})
	w.AddUser(simulated.User{ID: "U0GUEST", Name: "Guest", Guest: true})
	c := New(Config{APIURL: server.URL + "/api/", Token: w.Options().BotToken})
	c.pauses = []time.Duration{0, 0}
	return w, c
}

// ok fails the test at once, so that a chain of calls stays readable.
func ok[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func channel(t *testing.T, c *Client) string {
	t.Helper()
	room := ok(c.CreateChannel(t.Context(), "line-aoyama-sato"))(t)
	if err := c.Invite(t.Context(), room.ID, "U0SATO"); err != nil {
		t.Fatal(err)
	}
	return room.ID
}

func TestEveryPostIsTakenBySlack(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id := channel(t, c)
	for name, v := range views() {
		v.Zone, v.Now, v.CallID = tokyo, at("11:00"), name
		v.ThreadTS, v.Broadcast = "", false
		root := ok(c.Post(t.Context(), Renderer{}.RenderPost(id, v)))(t)
		if root.ThreadTS != "" || root.ChannelID != id {
			t.Errorf("Post(%s) = %+v", name, root)
		}
		v.ThreadTS = root.TS
		reply := ok(c.Post(t.Context(), Renderer{}.RenderPost(id, v)))(t)
		if reply.ThreadTS != root.TS {
			t.Errorf("Post(%s) in a thread = %+v", name, reply)
		}
		if err := c.Update(t.Context(), id, root.TS, Renderer{}.RenderUpdate(id, root.TS, views()["reply"])); err != nil {
			t.Errorf("Update(%s) = %v", name, err)
		}
		m, _ := w.Message(id, root.TS)
		if !strings.Contains(m.Text, "よろしくお願いします") {
			t.Errorf("after Update(%s) the text is %q", name, m.Text)
		}
	}
}

func TestChatAndReactions(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id, ctx := channel(t, c), t.Context()
	post := ok(c.Post(ctx, Renderer{}.RenderPost(id, views()["reply"])))(t)
	for range 2 {
		if err := c.React(ctx, id, post.TS, "x"); err != nil {
			t.Error(err)
		}
	}
	if m, _ := w.Message(id, post.TS); len(m.Reactions) != 1 {
		t.Errorf("reactions = %v", m.Reactions)
	}
	for range 2 {
		if err := c.Unreact(ctx, id, post.TS, "x"); err != nil {
			t.Error(err)
		}
	}
	if link := ok(c.Permalink(ctx, id, post.TS))(t); !strings.HasPrefix(link, "https://") {
		t.Errorf("Permalink = %q", link)
	}
	for range 2 {
		if err := c.Delete(ctx, id, post.TS); err != nil {
			t.Error(err)
		}
	}
	err := c.Update(ctx, id, post.TS, Renderer{}.RenderUpdate(id, post.TS, views()["reply"]))
	wantKind(t, "Update of what is gone", err, bot.Permanent, "message_not_found")
	err = c.OpenView(ctx, "1.2.3", []byte(`{"type":"modal","title":{"type":"plain_text","text":"a"},"blocks":[]}`))
	wantKind(t, "OpenView", err, bot.Permanent, "invalid_trigger_id")
}

// A post whose answer was lost is found, in a thread and in the open.
func TestFindPostAfterALostAnswer(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id, ctx := channel(t, c), t.Context()
	card := views()["card"]
	for range 250 { // so that the search has more than one page to read
		if _, err := w.Reply("U0SATO", id, "", "あ"); err != nil {
			t.Fatal(err)
		}
	}
	root := ok(c.Post(ctx, Renderer{}.RenderPost(id, card)))(t)
	reply := views()["reply"]
	reply.ThreadTS = root.TS
	w.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.LostAnswer, Times: 1})
	_, err := c.Post(ctx, Renderer{}.RenderPost(id, reply))
	wantKind(t, "Post", err, bot.Uncertain, "connection")

	found, there, err := c.FindPost(ctx, id, root.TS, reply.CallID)
	if err != nil || !there || found.ThreadTS != root.TS || found.ChannelID != id {
		t.Errorf("FindPost in the thread = %+v, %v, %v", found, there, err)
	}
	found, there, err = c.FindPost(ctx, id, "", card.CallID)
	if err != nil || !there || found.TS != root.TS || found.ThreadTS != "" {
		t.Errorf("FindPost in the open = %+v, %v, %v", found, there, err)
	}
	if _, there, err = c.FindPost(ctx, id, root.TS, "another"); err != nil || there {
		t.Errorf("FindPost of another call = %v, %v", there, err)
	}
	if _, there, err = c.FindPost(ctx, id, "1700000000.000100", card.CallID); err != nil || !there {
		t.Errorf("FindPost in a thread that is gone = %v, %v, want the post in the open", there, err)
	}
}

func TestSearchIsRefused(t *testing.T) {
	_, c := workspace(t, simulated.Options{Beliefs: simulated.Beliefs{RepliesRefused: true}})
	id := channel(t, c)
	_, _, err := c.FindPost(t.Context(), id, "1700000000.000100", "call")
	wantKind(t, "FindPost", err, bot.Permanent, CannotSearch)
	_, err = c.Replies(t.Context(), id, "1700000000.000100", "")
	wantKind(t, "Replies", err, bot.Permanent, CannotSearch)
}

func TestRepliesAreWhatPeopleWroteAfter(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id, ctx := channel(t, c), t.Context()
	root := ok(c.Post(ctx, Renderer{}.RenderPost(id, views()["card"])))(t)
	first := ok(w.Reply("U0SATO", id, root.TS, "前"))(t)
	reply := views()["reply"]
	reply.ThreadTS = root.TS
	ok(c.Post(ctx, Renderer{}.RenderPost(id, reply)))(t)
	second := ok(w.Reply("U0SATO", id, root.TS, "後 & <こ>"))(t)
	third := ok(w.ShareFile("U0SATO", id, root.TS, "a.png", []byte("png")))(t)

	got := ok(c.Replies(ctx, id, root.TS, first))(t)
	if len(got) != 2 || got[0].TS != second || got[1].TS != third {
		t.Fatalf("Replies = %+v", got)
	}
	r := got[0]
	if r.Text != "後 & <こ>" || r.UserID != "U0SATO" || r.UserTeam != w.Options().TeamID || r.ThreadTS != root.TS || r.ChannelID != id || !r.Swept {
		t.Errorf("Replies = %+v", r)
	}
	if files := got[1].Files; len(files) != 1 || files[0].Name != "a.png" {
		t.Errorf("files = %+v", files)
	}
	if all := ok(c.Replies(ctx, id, root.TS, ""))(t); len(all) != 3 {
		t.Errorf("all Replies = %+v", all)
	}
}

func TestAFileInThreeSteps(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id, ctx := channel(t, c), t.Context()
	root := ok(c.Post(ctx, Renderer{}.RenderPost(id, views()["card"])))(t)
	const name, content = "写真 & <1>.png", "not really a picture"
	u := ok(c.ReserveUpload(ctx, name, int64(len(content))))(t)
	if err := c.SendUpload(ctx, u, name, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	if shared := ok(c.FileShared(ctx, u.FileID, id))(t); shared {
		t.Error("FileShared before the end")
	}
	w.Faults.Add(fault.Rule{Match: "files.completeUploadExternal", Kind: fault.LostAnswer, Times: 1})
	err := c.FinishUpload(ctx, u.FileID, name, id, root.TS)
	wantKind(t, "FinishUpload", err, bot.Uncertain, "connection")
	if shared := ok(c.FileShared(ctx, u.FileID, id))(t); !shared {
		t.Error("FileShared = false after the end")
	}
	if got, _ := w.FileContent(u.FileID); string(got) != content {
		t.Errorf("the file holds %q", got)
	}
	if thread := w.Thread(id, root.TS); len(thread) != 2 {
		t.Errorf("the thread has %d messages, want 2", len(thread))
	}
	for range 2 {
		if err := c.DeleteFile(ctx, u.FileID); err != nil {
			t.Error(err)
		}
	}
}

func TestChannelsAndMembers(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	ctx := t.Context()
	room := ok(c.CreateChannel(ctx, "line-aoyama-sato"))(t)
	if !room.Private || !room.Member || room.Creator != w.Options().BotUserID || room.Shared || room.Archived {
		t.Errorf("CreateChannel = %+v", room)
	}
	_, err := c.CreateChannel(ctx, "line-aoyama-sato")
	wantKind(t, "CreateChannel", err, bot.Permanent, "name_taken")
	for range 2 {
		if err := c.Invite(ctx, room.ID, "U0SATO", "U0GUEST"); err != nil {
			t.Error(err)
		}
	}
	members := ok(c.Members(ctx, room.ID))(t)
	slices.Sort(members)
	if want := []string{w.Options().BotUserID, "U0GUEST", "U0SATO"}; !slices.Equal(members, slices.Sorted(slices.Values(want))) {
		t.Errorf("Members = %v, want %v", members, want)
	}
	for range 2 {
		if err := c.Kick(ctx, room.ID, "U0GUEST"); err != nil {
			t.Error(err)
		}
	}
	if err := c.SetTopic(ctx, room.ID, "青山 & 渋谷"); err != nil {
		t.Error(err)
	}
	if got := ok(c.Channel(ctx, room.ID))(t); got.Topic != "青山 & 渋谷" || !got.Private || !got.Member {
		t.Errorf("Channel = %+v", got)
	}
	if _, err := w.CreateChannel("U0SATO", "public", false, w.Options().BotUserID); err != nil {
		t.Fatal(err)
	}
	if err := w.Share(room.ID, "T0OTHER"); err != nil {
		t.Fatal(err)
	}
	own := ok(c.OwnChannels(ctx))(t)
	if len(own) != 1 || own[0].ID != room.ID || !own[0].Member || !own[0].Shared {
		t.Errorf("OwnChannels = %+v", own)
	}
	_, err = c.Channel(ctx, "C0NONE")
	wantKind(t, "Channel", err, bot.Permanent, "channel_not_found")
}

func TestUsersAndIdentity(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	ctx := t.Context()
	want := bot.SlackUserInfo{ID: "U0SATO", Name: "佐藤", Email: "sato@example.com"}
	if got := ok(c.User(ctx, "U0SATO"))(t); got != want {
		t.Errorf("User = %+v, want %+v", got, want)
	}
	if got := ok(c.UserByEmail(ctx, "sato@example.com"))(t); got != want {
		t.Errorf("UserByEmail = %+v, want %+v", got, want)
	}
	if got := ok(c.User(ctx, "U0GUEST"))(t); !got.Guest {
		t.Errorf("User = %+v, want a guest", got)
	}
	_, err := c.UserByEmail(ctx, "nobody@example.com")
	wantKind(t, "UserByEmail", err, bot.Permanent, "users_not_found")

	o := w.Options()
	id := ok(c.Identity(ctx))(t)
	if id.TeamID != o.TeamID || id.BotUserID != o.BotUserID || id.BotID != o.BotID || id.AppID != o.AppID || !slices.Equal(id.Scopes, o.Scopes) || id.TeamURL == "" {
		t.Errorf("Identity = %+v", id)
	}
	w.SetScopes("chat:write")
	if id := ok(c.Identity(ctx))(t); id.AppID != "" || !slices.Equal(id.Scopes, []string{"chat:write"}) {
		t.Errorf("Identity without users:read = %+v", id)
	}
	_, err = c.User(ctx, "U0SATO")
	wantKind(t, "User without users:read", err, bot.Misconfigured, "missing_scope")
	w.RevokeTokens()
	_, err = c.Identity(ctx)
	if f := failureOf(err); f == nil || f.Kind != bot.Misconfigured {
		t.Errorf("Identity with a revoked token = %v", err)
	}
}

func TestSlackSaysHowLongToWait(t *testing.T) {
	w, c := workspace(t, simulated.Options{})
	id := channel(t, c)
	w.Faults.Add(fault.Rule{Match: "chat.postMessage", Kind: fault.RateLimit, RetryAfter: 30 * time.Second, Times: 1})
	_, err := c.Post(t.Context(), Renderer{}.RenderPost(id, views()["reply"]))
	wantKind(t, "Post", err, bot.RateLimited, "ratelimited")
	if f := failureOf(err); f != nil && f.RetryAfter != 30*time.Second {
		t.Errorf("RetryAfter = %v", f.RetryAfter)
	}
}
