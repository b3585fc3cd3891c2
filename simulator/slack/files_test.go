package slack_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/fault"
	"madoguchi/simulator/slack"
)

var picture = []byte("\x89PNG\r\n\x1a\n not much of a picture")

func (a *app) upload(channel, thread string) (*slackgo.FileSummary, error) {
	return a.api.UploadFileContext(a.ctx(), slackgo.UploadFileParameters{
		Reader: bytes.NewReader(picture), FileSize: len(picture), Filename: "a.png", Title: "写真",
		Channel: channel, ThreadTimestamp: thread,
	})
}

func TestUploadToThread(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("files")
	root := a.post(id, text("card"))
	a.forget()
	f, err := a.upload(id, root)
	if err != nil {
		t.Fatal(err)
	}
	got := a.messages()
	if len(got) != 1 || got[0].SubType != "file_share" || got[0].ThreadTimeStamp != root || len(got[0].Message.Files) != 1 ||
		got[0].Message.Files[0].ID != f.ID || got[0].Message.Files[0].Mimetype != "image/png" || got[0].BotID == "" {
		t.Fatalf("file_share = %+v", got)
	}
	info, _, _, err := a.api.GetFileInfoContext(a.ctx(), f.ID, 0, 0)
	if err != nil || info.Title != "写真" || len(info.Shares.Private[id]) != 1 || info.Shares.Private[id][0].ThreadTs != root {
		t.Errorf("files.info = %+v, %v", info, err)
	}
	var out bytes.Buffer
	if err := a.api.GetFileContext(a.ctx(), info.URLPrivateDownload, &out); err != nil || !bytes.Equal(out.Bytes(), picture) {
		t.Errorf("download = %d bytes, %v", out.Len(), err)
	}
	if data, ok := a.space.FileContent(f.ID); !ok || !bytes.Equal(data, picture) {
		t.Errorf("FileContent = %d bytes, %v", len(data), ok)
	}
	if err := a.api.DeleteFileContext(a.ctx(), f.ID); err != nil {
		t.Error(err)
	}
	if m, _ := a.space.Message(id, got[0].TimeStamp); len(m.Files) != 1 || !m.Files[0].Deleted {
		t.Errorf("the message of a deleted file = %+v", m)
	}
	_, _, _, err = a.api.GetFileInfoContext(a.ctx(), f.ID, 0, 0)
	wantError(t, "files.info", err, "file_deleted")
}

func TestImageBlockOfAFile(t *testing.T) {
	now := newClock()
	a := newApp(t, slack.Options{Clock: now.now, Beliefs: slack.Beliefs{FileProcessing: time.Second}})
	id := a.room("image")
	f, err := a.upload("", "")
	if err != nil {
		t.Fatal(err)
	}
	block := slackgo.MsgOptionBlocks(slackgo.NewImageBlockSlackFile(&slackgo.SlackFileObject{ID: f.ID}, "a picture", "", nil))
	_, _, err = a.api.PostMessageContext(a.ctx(), id, text("x"), block)
	wantError(t, "while it is processed", err, "invalid_blocks")
	now.pass(time.Second)
	a.post(id, text("x"), block)
}

func TestDownloadWithoutAccess(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("access")
	if _, err := a.space.ShareFile("U0SATO", id, "", "a.pdf", []byte("%PDF-1.4")); err != nil {
		t.Fatal(err)
	}
	address := a.messages()[0].Message.Files[0].URLPrivate
	req, err := http.NewRequestWithContext(a.ctx(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, _ := io.ReadAll(resp.Body)
	if !strings.Contains(string(body), "Sign in") || resp.Request.URL.Query().Get("redir") == "" {
		t.Errorf("without a token: %s %s", resp.Request.URL, body)
	}
	a.space.SetScopes("files:write")
	if err := a.api.GetFileContext(a.ctx(), address, io.Discard); err == nil {
		t.Error("a token without files:read downloads the file")
	}
}

func TestUploadFaults(t *testing.T) {
	a := newApp(t, slack.Options{})
	id := a.room("lost")
	a.space.Faults.Add(fault.Rule{Match: "files.upload", Kind: fault.LostAnswer, Times: 1})
	if _, err := a.upload(id, ""); err == nil {
		t.Error("a lost answer to the bytes is no error")
	}
	a.space.Faults.Add(fault.Rule{Match: "files.completeUploadExternal", Kind: fault.LostAnswer, Times: 1})
	if _, err := a.upload(id, ""); err == nil {
		t.Error("a lost answer to the completion is no error")
	}
	if got := a.messages(); len(got) != 1 {
		t.Errorf("%d files were shared, want 1", len(got))
	}
	_, err := a.api.CompleteUploadExternalContext(a.ctx(), slackgo.CompleteUploadExternalParameters{Files: []slackgo.FileSummary{{ID: "F0"}}, Channel: id})
	wantError(t, "an unknown file", err, "file_not_found")
}
