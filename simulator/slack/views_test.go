package slack_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/slack"
)

func reply(body string) func(http.ResponseWriter, *http.Request, []byte) {
	return func(rw http.ResponseWriter, _ *http.Request, _ []byte) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(rw, body)
	}
}

func fail(rw http.ResponseWriter, _ *http.Request, _ []byte) {
	rw.WriteHeader(http.StatusInternalServerError)
}

func plain(s string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject("plain_text", s, false, false)
}

// tagModal has a required text and a menu in which 青山 is chosen.
func tagModal() slackgo.ModalViewRequest {
	option := func(v, s string) *slackgo.OptionBlockObject { return slackgo.NewOptionBlockObject(v, plain(s), nil) }
	menu := slackgo.NewOptionsMultiSelectBlockElement("multi_static_select", plain("タグ"), "tags", option("t1", "青山"), option("t2", "VIP"))
	menu.InitialOptions = []*slackgo.OptionBlockObject{option("t1", "青山")}
	words := slackgo.NewPlainTextInputBlockElement(plain("…"), "words")
	return slackgo.ModalViewRequest{
		Type: slackgo.VTModal, Title: plain("タグ"), Submit: plain("保存"), CallbackID: "tags", PrivateMetadata: "secret",
		Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{
			slackgo.NewInputBlock("b1", plain("タグ"), nil, menu),
			slackgo.NewInputBlock("b2", plain("メモ"), nil, words),
			slackgo.NewActionBlock("b3", slackgo.NewButtonBlockElement("more", "v", plain("もっと"))),
		}},
	}
}

// trigger has 佐藤 press a button and returns the trigger id.
func (a *app) trigger() string {
	a.t.Helper()
	ch, ok := a.space.Channel("views")
	if !ok {
		ch.ID = a.room("views")
	}
	ts := a.post(ch.ID, text("x"), slackgo.MsgOptionBlocks(slackgo.NewActionBlock("", slackgo.NewButtonBlockElement("open", "v", plain("タグ")))))
	if err := a.space.PressButton(a.ctx(), "U0SATO", ch.ID, ts, "open"); err != nil {
		a.t.Fatal(err)
	}
	return a.actions[len(a.actions)-1].TriggerID
}

func (a *app) open() string {
	a.t.Helper()
	v, err := a.api.OpenViewContext(a.ctx(), a.trigger(), tagModal())
	if err != nil {
		a.t.Fatal(err)
	}
	return v.ID
}

func TestTriggers(t *testing.T) {
	now := newClock()
	a := newApp(t, slack.Options{Clock: now.now})
	id := a.trigger()
	if _, err := a.api.OpenViewContext(a.ctx(), id, tagModal()); err != nil {
		t.Fatal(err)
	}
	_, err := a.api.OpenViewContext(a.ctx(), id, tagModal())
	wantError(t, "a trigger used twice", err, "exchanged_trigger_id")
	id = a.trigger()
	now.pass(3*time.Second + time.Millisecond)
	_, err = a.api.OpenViewContext(a.ctx(), id, tagModal())
	wantError(t, "an old trigger", err, "expired_trigger_id")
	_, err = a.api.OpenViewContext(a.ctx(), "1.2.3", tagModal())
	wantError(t, "an invented trigger", err, "invalid_trigger_id")
}

func TestViewLimits(t *testing.T) {
	a := newApp(t, slack.Options{})
	for _, row := range []struct {
		name   string
		change func(*slackgo.ModalViewRequest)
	}{
		{"a title of 25", func(v *slackgo.ModalViewRequest) { v.Title = plain(strings.Repeat("題", 25)) }},
		{"private_metadata of 3,001", func(v *slackgo.ModalViewRequest) { v.PrivateMetadata = strings.Repeat("x", 3001) }},
		{"101 blocks", func(v *slackgo.ModalViewRequest) {
			for range 101 {
				v.Blocks.BlockSet = append(v.Blocks.BlockSet, slackgo.NewDividerBlock())
			}
		}},
		{"inputs without a button to submit", func(v *slackgo.ModalViewRequest) { v.Submit = nil }},
	} {
		v := tagModal()
		row.change(&v)
		_, err := a.api.OpenViewContext(a.ctx(), a.trigger(), v)
		wantError(t, row.name, err, "invalid_arguments")
	}
}

func TestSubmit(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.open()
	if _, err := a.space.SubmitView(a.ctx(), "U0SATO", id, nil); err == nil {
		t.Error("a view goes out without its required input")
	}
	a.respond(reply(`{"response_action":"errors","errors":{"b2":"短すぎます"}}`))
	out, err := a.space.SubmitView(a.ctx(), "U0SATO", id, map[string]slack.Input{"words": {Text: "x"}})
	if err != nil || out.Errors["b2"] != "短すぎます" || len(a.space.Views("U0SATO")) != 1 {
		t.Errorf("errors: %+v, %v", out, err)
	}
	a.respond(nil)
	out, err = a.space.SubmitView(a.ctx(), "U0SATO", id, map[string]slack.Input{
		"words": {Text: "常連"}, "tags": {Options: []string{"t1", "t2"}},
	})
	if err != nil || out.Action != "" || len(a.space.Views("U0SATO")) != 0 {
		t.Errorf("submit: %+v, %v, open: %+v", out, err, a.space.Views("U0SATO"))
	}
	first, last := a.actions[len(a.actions)-2], a.actions[len(a.actions)-1]
	if got := first.View.State.Values["b1"]["tags"].SelectedOptions; len(got) != 1 || got[0].Value != "t1" {
		t.Errorf("an untouched menu sends %+v", got)
	}
	if last.Type != slackgo.InteractionTypeViewSubmission || last.View.CallbackID != "tags" || last.View.PrivateMetadata != "secret" ||
		last.View.ID != id || last.View.State.Values["b2"]["words"].Value != "常連" || len(last.View.State.Values["b1"]["tags"].SelectedOptions) != 2 {
		t.Errorf("view_submission = %+v", last.View)
	}
}

func TestSubmitUpdatesAndClears(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.open()
	a.respond(reply(`{"response_action":"update","view":{"type":"modal","title":{"type":"plain_text","text":"done"},"blocks":[]}}`))
	words := map[string]slack.Input{"words": {Text: "x"}}
	if out, err := a.space.SubmitView(a.ctx(), "U0SATO", id, words); err != nil || out.Action != "update" {
		t.Fatalf("update: %+v, %v", out, err)
	}
	if got := a.space.Views("U0SATO"); len(got) != 1 || got[0].Title != "done" || got[0].ID != id {
		t.Errorf("Views = %+v", got)
	}
	a.respond(reply(`{"response_action":"clear"}`))
	if _, err := a.space.SubmitView(a.ctx(), "U0SATO", id, nil); err != nil || len(a.space.Views("U0SATO")) != 0 {
		t.Errorf("clear: %v, open: %+v", err, a.space.Views("U0SATO"))
	}
	id = a.open()
	a.respond(reply(`{"response_action":"errors","errors":{"b3":"not an input"}}`))
	if _, err := a.space.SubmitView(a.ctx(), "U0SATO", id, words); err == nil {
		t.Error("errors for a block that is no input are shown")
	}
}

func TestStackUpdateAndClose(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.open()
	hash := a.space.Views("U0SATO")[0].Hash
	if _, err := a.api.UpdateViewContext(a.ctx(), tagModal(), "", hash, id); err != nil {
		t.Fatal(err)
	}
	_, err := a.api.UpdateViewContext(a.ctx(), tagModal(), "", hash, id)
	wantError(t, "an old hash", err, "hash_conflict")
	for i := range 3 {
		top := a.space.Views("U0SATO")[i].ID
		if err := a.space.ActInView(a.ctx(), "U0SATO", top, "more", slack.Input{}, nil); err != nil {
			t.Fatal(err)
		}
		v := tagModal()
		v.NotifyOnClose = true
		_, err := a.api.PushViewContext(a.ctx(), a.actions[len(a.actions)-1].TriggerID, v)
		if i < 2 && err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			wantError(t, "a fourth view", err, "push_limit_reached")
		}
	}
	top := a.space.Views("U0SATO")[2].ID
	if err := a.space.CloseView(a.ctx(), "U0SATO", top); err != nil {
		t.Fatal(err)
	}
	if last := a.actions[len(a.actions)-1]; last.Type != slackgo.InteractionTypeViewClosed || last.View.ID != top {
		t.Errorf("view_closed = %+v", last)
	}
	if got := a.space.Views("U0SATO"); len(got) != 2 {
		t.Errorf("%d views are open, want 2", len(got))
	}
}

func TestSuggestions(t *testing.T) {
	a := newApp(t, slack.Options{})
	v := tagModal()
	menu := slackgo.NewOptionsMultiSelectBlockElement("multi_external_select", plain("タグ"), "tags")
	v.Blocks.BlockSet[0] = slackgo.NewInputBlock("b1", plain("タグ"), nil, menu)
	opened, err := a.api.OpenViewContext(a.ctx(), a.trigger(), v)
	if err != nil {
		t.Fatal(err)
	}
	a.respond(reply(`{"options":[{"text":{"type":"plain_text","text":"VIP"},"value":"t2"}]}`))
	got, err := a.space.Suggest(a.ctx(), "U0SATO", opened.ID, "tags", "VI")
	if err != nil || len(got) != 1 || got[0].Label != "VIP" {
		t.Fatalf("Suggest = %+v, %v", got, err)
	}
	if last := a.actions[len(a.actions)-1]; last.Type != slackgo.InteractionTypeBlockSuggestion || last.Value != "VI" || last.ActionID != "tags" {
		t.Errorf("block_suggestion = %+v", last)
	}
	a.respond(nil)
	if _, err := a.space.SubmitView(a.ctx(), "U0SATO", opened.ID, map[string]slack.Input{
		"words": {Text: "x"}, "tags": {Options: []string{"t9"}},
	}); !errors.Is(err, slack.ErrNoSuchElement) {
		t.Errorf("an option that was never offered: %v", err)
	}
	if _, err := a.space.SubmitView(a.ctx(), "U0SATO", opened.ID, map[string]slack.Input{
		"words": {Text: "x"}, "tags": {Options: []string{"t2"}},
	}); err != nil {
		t.Error(err)
	}
}

func TestHome(t *testing.T) {
	a := newApp(t, slack.Options{})
	home := slackgo.HomeTabViewRequest{Type: slackgo.VTHomeTab, Blocks: slackgo.Blocks{BlockSet: []slackgo.Block{slackgo.NewDividerBlock()}}}
	if _, err := a.api.PublishViewContext(a.ctx(), slackgo.PublishViewContextRequest{UserID: "U0SATO", View: home}); err != nil {
		t.Fatal(err)
	}
	if v, ok := a.space.Home("U0SATO"); !ok || v.Type != "home" {
		t.Errorf("Home = %+v, %v", v, ok)
	}
	if err := a.space.OpenHome("U0SATO"); err != nil {
		t.Fatal(err)
	}
	if got := a.drained(); len(got) != 1 || got[0].outer.InnerEvent.Type != "app_home_opened" {
		t.Errorf("events = %+v", got)
	}
}
