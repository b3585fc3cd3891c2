package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// Attachment is a file that a person shares.
type Attachment struct {
	Name string
	Type string // MIME; found from the name and the bytes when empty
	Data []byte
	// Address makes it a remote file: its url_private leads there.
	Address string
}

// Reply lets a user type a message: in a thread, or outside any with threadTS
// "". It returns the message's ts.
func (w *Workspace) Reply(user, channelID, threadTS, text string) (string, error) {
	return w.say(user, channelID, threadTS, func(m *message) { m.Text, m.Blocks = w.typed(text) })
}

// Broadcast is a Reply that is also sent to the Slack channel.
func (w *Workspace) Broadcast(user, channelID, threadTS, text string) (string, error) {
	return w.say(user, channelID, threadTS, func(m *message) {
		m.Text, m.Blocks = w.typed(text)
		m.Broadcast, m.Subtype = true, "thread_broadcast"
	})
}

// PostRaw posts text as it is to arrive in the event, without blocks.
func (w *Workspace) PostRaw(user, channelID, threadTS, text string) (string, error) {
	return w.say(user, channelID, threadTS, func(m *message) { m.Text = text })
}

// ShareFile lets a user share a file.
func (w *Workspace) ShareFile(user, channelID, threadTS, name string, data []byte) (string, error) {
	return w.ShareFiles(user, channelID, threadTS, "", Attachment{Name: name, Data: data})
}

// ShareFiles lets a user share files in one message, with words.
func (w *Workspace) ShareFiles(user, channelID, threadTS, text string, files ...Attachment) (string, error) {
	return w.say(user, channelID, threadTS, func(m *message) {
		m.Subtype = "file_share"
		if text != "" {
			m.Text, m.Blocks = w.typed(text)
		}
		for _, a := range files {
			m.files = append(m.files, w.attach(user, a))
		}
	})
}

func (w *Workspace) attach(user string, a Attachment) *file {
	if a.Type == "" {
		a.Type = typeOf(a.Name, a.Data)
	}
	f := &file{
		File:     File{ID: newID("F"), Name: a.Name, Title: a.Name, Type: a.Type, Size: int64(len(a.Data)), User: user},
		data:     slices.Clone(a.Data),
		uploaded: true, completed: true, address: a.Address, created: w.now(),
	}
	w.files[f.ID] = f
	return f
}

func (w *Workspace) say(user, channelID, threadTS string, fill func(*message)) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, u, err := w.present(user, channelID)
	if err != nil {
		return "", err
	}
	m := &message{Message: Message{User: u.ID}, clientMsgID: uuid.NewString()}
	if u.Bot {
		m.BotID, m.AppID = w.botOf(u)
		m.clientMsgID = ""
	}
	if threadTS != "" {
		if m.root = ch.find(threadTS); m.root == nil {
			return "", errors.New("there is no such thread")
		}
		if m.root.root != nil {
			m.root = m.root.root
		}
	}
	fill(m)
	if len(m.files) > 0 {
		m.clientMsgID = "" // Slack gives none to messages with files
	}
	w.store(ch, m)
	w.announce(ch, m, false)
	return m.TS, nil
}

// present returns a Slack channel in which a user can act.
func (w *Workspace) present(user, channelID string) (*channel, *User, error) {
	u, ch := w.users[user], w.channels[channelID]
	switch {
	case u == nil:
		return nil, nil, fmt.Errorf("there is no user %q", user)
	case u.Deleted:
		return nil, nil, fmt.Errorf("user %s is deactivated", user)
	case ch == nil:
		return nil, nil, fmt.Errorf("there is no Slack channel %q", channelID)
	case !ch.has(user):
		return nil, nil, fmt.Errorf("user %s is not in Slack channel %s", user, channelID)
	case ch.archived:
		return nil, nil, fmt.Errorf("Slack channel %s is archived", channelID) //nolint:staticcheck // a name starts it
	}
	return ch, u, nil
}

func (w *Workspace) presentAt(user, channelID, ts string) (*channel, *message, error) {
	ch, _, err := w.present(user, channelID)
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(ts)
	if m == nil {
		return nil, nil, errors.New("there is no such message")
	}
	return ch, m, nil
}

// Edit lets a user change what they wrote.
func (w *Workspace) Edit(user, channelID, ts, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, ts)
	if err != nil {
		return err
	}
	if m.User != user {
		return errors.New("only who wrote a message can edit it")
	}
	w.change(ch, m, false, func() {
		m.Text, m.Blocks = w.typed(text)
		m.EditedBy, m.EditedTS = user, formatTS(w.nextTS(ch))
	})
	return nil
}

// Unfurl changes a message as Slack does when it adds the preview of a link:
// the event is that of an edit, and the text is the same.
func (w *Workspace) Unfurl(channelID, ts string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := w.channels[channelID]
	if ch == nil || ch.find(ts) == nil {
		return errors.New("there is no such message")
	}
	w.change(ch, ch.find(ts), false, func() {})
	return nil
}

// Delete lets a user delete a message: their own, or, as an admin may, any.
func (w *Workspace) Delete(user, channelID, ts string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, ts)
	if err != nil {
		return err
	}
	w.remove(ch, m, false)
	return nil
}

// React lets a user put an emoji on a message.
func (w *Workspace) React(user, channelID, ts, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, ts)
	if err != nil {
		return err
	}
	return w.react(ch, m, user, name)
}

// Unreact lets a user take an emoji off a message.
func (w *Workspace) Unreact(user, channelID, ts, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch, m, err := w.presentAt(user, channelID, ts)
	if err != nil {
		return err
	}
	return w.unreact(ch, m, user, name)
}

// Direct lets a user write to the bot and returns the direct message's id.
func (w *Workspace) Direct(user, text string) (channelID, ts string, err error) {
	w.mu.Lock()
	if w.users[user] == nil {
		w.mu.Unlock()
		return "", "", fmt.Errorf("there is no user %q", user)
	}
	id := w.directWith(user).id
	w.mu.Unlock()
	ts, err = w.Reply(user, id, "", text)
	return id, ts, err
}

// OpenHome lets a user open the app's home tab.
func (w *Workspace) OpenHome(user string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users[user] == nil {
		return fmt.Errorf("there is no user %q", user)
	}
	event := map[string]any{
		"type": "app_home_opened", "user": user, "channel": w.directWith(user).id,
		"tab": "home", "event_ts": tsOf(w.now()),
	}
	if v := w.homes[user]; v != nil {
		event["view"] = w.wireView(v, nil)
	}
	w.emit(notice{name: "app_home_opened", user: user, event: event})
	return nil
}

// DeactivateUser ends a user's account.
func (w *Workspace) DeactivateUser(user string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.users[user]
	if u == nil {
		return fmt.Errorf("there is no user %q", user)
	}
	u.Deleted = true
	for _, ch := range w.channelOrder {
		ch.members = slices.DeleteFunc(ch.members, func(m string) bool { return m == user && ch.direct == "" })
	}
	now := w.now()
	w.emit(notice{name: "user_change", user: user, event: map[string]any{
		"type": "user_change", "user": w.wireUser(u), "cache_ts": now.Unix(), "event_ts": tsOf(now),
	}})
	w.changed()
	return nil
}

// RevokeTokens takes the app's rights away: every call fails from now on with
// token_revoked.
func (w *Workspace) RevokeTokens() {
	w.loseRights("token_revoked", "tokens_revoked", map[string]any{
		"tokens": map[string]any{"oauth": []string{}, "bot": []string{w.opts.BotUserID}},
	})
}

// Uninstall removes the app: every call fails from now on with
// account_inactive.
func (w *Workspace) Uninstall() { w.loseRights("account_inactive", "app_uninstalled", nil) }

func (w *Workspace) loseRights(code, name string, event map[string]any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = code
	out := map[string]any{"type": name, "event_ts": tsOf(w.now())}
	for k, v := range event {
		out[k] = v
	}
	w.emit(notice{name: name, event: out})
	w.changed()
}

// Reinstall gives the app its rights back.
func (w *Workspace) Reinstall() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost = ""
	w.changed()
}

// Emit sends an event of any kind to the app, for what people cannot do here.
// The event has a type; channelID may be "".
func (w *Workspace) Emit(name, channelID string, event json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit(notice{name: name, ch: w.channels[channelID], event: event})
}
