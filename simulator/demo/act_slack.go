package demo

import (
	"context"
	"net/http"

	"madoguchi/simulator/slack"
)

// slackAct is something that a person does in Slack.
type slackAct struct {
	Person  string                 `json:"person"`
	Channel string                 `json:"channel"`
	TS      string                 `json:"ts"`     // the message that it is about
	Thread  string                 `json:"thread"` // the first post of the thread it goes to
	Text    string                 `json:"text"`
	Name    string                 `json:"name"`   // of an emoji, an action, a command or a shortcut
	View    string                 `json:"view"`   // the open modal
	Inputs  map[string]slack.Input `json:"inputs"` // of the modal, by action id
}

func (d *Demo) actInSlack(w http.ResponseWriter, r *http.Request) {
	var a slackAct
	if !readAct(w, r, &a) {
		return
	}
	result, err := d.slack(r.Context(), r.PathValue("act"), a)
	d.finish(w, r, result, err)
}

func (d *Demo) slack(ctx context.Context, act string, a slackAct) (result any, err error) {
	s := d.stage.Slack
	switch act {
	case "write":
		return s.Reply(a.Person, a.Channel, a.Thread, a.Text)
	case "command":
		return s.SlashCommand(ctx, a.Person, a.Channel, a.Name, a.Text)
	case "edit":
		return nil, s.Edit(a.Person, a.Channel, a.TS, a.Text)
	case "delete":
		return nil, s.Delete(a.Person, a.Channel, a.TS)
	case "react":
		return nil, s.React(a.Person, a.Channel, a.TS, a.Name)
	case "unreact":
		return nil, s.Unreact(a.Person, a.Channel, a.TS, a.Name)
	case "press":
		return nil, s.PressButton(ctx, a.Person, a.Channel, a.TS, a.Name)
	case "press-private":
		return nil, s.PressEphemeral(ctx, a.Person, a.Channel, a.TS, a.Name)
	case "shortcut":
		return nil, s.MessageShortcut(ctx, a.Person, a.Channel, a.TS, a.Name)
	case "submit":
		return s.SubmitView(ctx, a.Person, a.View, a.Inputs)
	case "close":
		return nil, s.CloseView(ctx, a.Person, a.View)
	default:
		return nil, errNoSuchAct
	}
}

// suggest asks the app for the options of a menu that fit what is typed.
func (d *Demo) suggest(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	choices, err := d.stage.Slack.Suggest(r.Context(), q.Get("person"), q.Get("view"), q.Get("name"), q.Get("text"))
	d.finish(w, r, choices, err)
}

// shareFile shares the file in the body.
func (d *Demo) shareFile(w http.ResponseWriter, r *http.Request) {
	raw, ok := readUpload(w, r)
	if !ok {
		return
	}
	q := r.URL.Query()
	ts, err := d.stage.Slack.ShareFile(q.Get("person"), q.Get("channel"), q.Get("thread"), q.Get("name"), raw)
	d.finish(w, r, ts, err)
}
