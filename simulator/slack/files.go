package slack

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// File is a file in the workspace.
type File struct {
	ID      string
	Name    string
	Title   string
	Type    string // MIME
	Size    int64
	User    string
	Deleted bool
}

type file struct {
	File
	announced int64 // the length given when its place was reserved
	data      []byte
	uploaded  bool
	completed bool
	address   string // of a remote file; elsewhere than in the workspace
	created   time.Time
	shares    []*message
	sharedAt  time.Time
}

type wireFile struct {
	ID                 string   `json:"id"`
	Created            int64    `json:"created,omitempty"`
	Timestamp          int64    `json:"timestamp,omitempty"`
	Name               string   `json:"name,omitempty"`
	Title              string   `json:"title,omitempty"`
	Mimetype           string   `json:"mimetype,omitempty"`
	Filetype           string   `json:"filetype,omitempty"`
	PrettyType         string   `json:"pretty_type,omitempty"`
	User               string   `json:"user,omitempty"`
	UserTeam           string   `json:"user_team,omitempty"`
	Editable           bool     `json:"editable"`
	Size               int64    `json:"size"`
	Mode               string   `json:"mode"`
	IsExternal         bool     `json:"is_external"`
	ExternalType       string   `json:"external_type"`
	IsPublic           bool     `json:"is_public"`
	URLPrivate         string   `json:"url_private,omitempty"`
	URLPrivateDownload string   `json:"url_private_download,omitempty"`
	Permalink          string   `json:"permalink,omitempty"`
	Channels           []string `json:"channels,omitempty"`
	Groups             []string `json:"groups,omitempty"`
	IMs                []string `json:"ims,omitempty"`
	Shares             any      `json:"shares,omitempty"`
	FileAccess         string   `json:"file_access,omitempty"`
}

func (w *Workspace) wireFile(f *file, shares bool) wireFile {
	if f.Deleted {
		return wireFile{ID: f.ID, Mode: "tombstone"}
	}
	kind := strings.TrimPrefix(path.Ext(f.Name), ".")
	out := wireFile{
		ID: f.ID, Created: f.created.Unix(), Timestamp: f.created.Unix(), Name: f.Name, Title: f.Title,
		Mimetype: f.Type, Filetype: kind, PrettyType: strings.ToUpper(kind), User: f.User,
		UserTeam: w.teamOf(w.users[f.User]), Size: f.Size, Mode: "hosted", FileAccess: "visible",
		Permalink: w.siteURL() + "files/" + f.User + "/" + f.ID + "/" + url.PathEscape(f.Name),
	}
	if f.address != "" {
		out.Mode, out.IsExternal, out.ExternalType, out.URLPrivate = "external", true, "app", f.address
	} else {
		out.URLPrivate = w.base + "/files-pri/" + f.ID + "/" + url.PathEscape(f.Name)
		out.URLPrivateDownload = out.URLPrivate + "?download=1"
	}
	if shares && w.now().Sub(f.sharedAt) >= w.beliefs.LateFileShares {
		w.writeShares(&out, f)
	}
	return out
}

func (w *Workspace) writeShares(out *wireFile, f *file) {
	type share map[string][]map[string]any
	public, private := share{}, share{}
	for _, m := range f.shares {
		ch := w.channels[m.Channel]
		list := public
		switch ch.kind() {
		case "channels":
			out.Channels = append(out.Channels, ch.id)
		case "groups":
			list = private
			out.Groups = append(out.Groups, ch.id)
		default:
			list = private
			out.IMs = append(out.IMs, ch.id)
		}
		entry := map[string]any{
			"ts": m.TS, "channel_name": ch.name, "team_id": w.opts.TeamID, "source": "UNKNOWN",
			"reply_users": []string{}, "reply_users_count": 0, "reply_count": m.ReplyCount,
		}
		if m.root != nil {
			entry["thread_ts"] = m.root.TS
		}
		list[ch.id] = append(list[ch.id], entry)
	}
	out.Shares = map[string]any{"public": public, "private": private}
}

// shownFile reports whether an image block may show a file.
func (w *Workspace) shownFile(id string) bool {
	f := w.files[id]
	return f != nil && f.completed && !f.Deleted && strings.HasPrefix(f.Type, "image/") &&
		w.now().Sub(f.created) >= w.beliefs.FileProcessing
}

func typeOf(name string, data []byte) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		kind, _, _ := strings.Cut(t, ";")
		return kind
	}
	return http.DetectContentType(data)
}

func (w *Workspace) filesInfo(c *call) (reply, error) {
	f, err := w.accessible(c.args["file"])
	if err != nil {
		return nil, err
	}
	return reply{
		"file": w.wireFile(f, true), "comments": []any{}, "response_metadata": map[string]any{"next_cursor": ""},
	}, nil
}

// accessible returns a file that the bot made or that is shared where it is.
func (w *Workspace) accessible(id string) (*file, error) {
	f := w.files[id]
	switch {
	case f == nil || !f.completed:
		return nil, refuse("file_not_found")
	case f.Deleted:
		return nil, refuse("file_deleted")
	case !w.botMayRead(f):
		return nil, refuse("file_not_found")
	}
	return f, nil
}

func (w *Workspace) botMayRead(f *file) bool {
	return f.User == w.opts.BotUserID || slices.ContainsFunc(f.shares, func(m *message) bool {
		return w.channels[m.Channel].has(w.opts.BotUserID)
	})
}

func (w *Workspace) filesDelete(c *call) (reply, error) {
	f, err := w.accessible(c.args["file"])
	if err != nil {
		return nil, err
	}
	if f.User != w.opts.BotUserID {
		return nil, refuse("cant_delete_file")
	}
	shares := slices.Clone(f.shares)
	f.Deleted, f.data = true, nil
	w.emit(notice{name: "file_deleted", own: true, event: map[string]any{
		"type": "file_deleted", "file_id": f.ID, "event_ts": tsOf(w.now()),
	}})
	for _, m := range shares {
		w.change(w.channels[m.Channel], m, true, func() {})
	}
	f.shares = nil
	w.changed()
	return reply{}, nil
}

func (w *Workspace) filesCompleteUploadExternal(c *call) (reply, error) {
	var listed []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if err := json.Unmarshal(c.raw("files"), &listed); err != nil || len(listed) == 0 {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: files")
	}
	where, err := w.shareTargets(c)
	if err != nil {
		return nil, err
	}
	var files []*file
	out := []map[string]any{}
	for _, l := range listed {
		f := w.files[l.ID]
		if f == nil || !f.uploaded || f.completed {
			return nil, refuse("file_not_found")
		}
		f.Title = l.Title
		if f.Title == "" {
			f.Title = f.Name
		}
		files = append(files, f)
		out = append(out, map[string]any{"id": f.ID, "title": f.Title})
	}
	for _, f := range files {
		f.completed = true
	}
	for _, ch := range where {
		m := &message{Message: Message{
			User: w.opts.BotUserID, BotID: w.opts.BotID, AppID: w.opts.AppID,
			Subtype: "file_share", Text: c.args["initial_comment"],
		}, files: files}
		if ts := c.args["thread_ts"]; ts != "" {
			m.root = w.threadRoot(ch, ts)
		}
		w.store(ch, m)
		w.announce(ch, m, true)
	}
	w.changed()
	return reply{"files": out}, nil
}

func (w *Workspace) shareTargets(c *call) ([]*channel, error) {
	var out []*channel
	for _, id := range append(c.list("channels"), c.list("channel_id")...) {
		ch, err := w.writable(id)
		if err != nil {
			return nil, err
		}
		out = append(out, ch)
	}
	return out, nil
}

// FileContent returns the bytes of a file.
func (w *Workspace) FileContent(id string) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.files[id]
	if f == nil || f.Deleted || !f.uploaded {
		return nil, false
	}
	return slices.Clone(f.data), true
}
