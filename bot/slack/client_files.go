package slack

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"madoguchi/bot"
)

// ReserveUpload asks for a place for a file's bytes. Nobody sees the file
// before FinishUpload.
func (c *Client) ReserveUpload(ctx context.Context, name string, size int64) (bot.Upload, error) {
	const method = "files.getUploadURLExternal"
	var a struct {
		FileID string `json:"file_id"`
		URL    string `json:"upload_url"`
	}
	f := values("filename", name, "length", strconv.FormatInt(size, 10))
	if _, err := c.call(ctx, request{method: method, effect: reserves, form: f}, &a); err != nil {
		return bot.Upload{}, err
	}
	if a.FileID == "" || !isSecure(a.URL, c.api) {
		return bot.Upload{}, &bot.Failure{Kind: bot.Transient, Code: "garbage", Detail: method + ": no usable address"}
	}
	return bot.Upload{FileID: a.FileID, URL: a.URL}, nil
}

// SendUpload streams the bytes of a file to the place that was reserved. The
// address is all that is needed there, so the token stays here. A failure is
// never Uncertain: what was not finished is as good as not sent, and the next
// try begins with a new reservation. It does not close body.
func (c *Client) SendUpload(ctx context.Context, u bot.Upload, _ string, body io.Reader, size int64) error {
	begun := c.now()
	failure := c.upload(ctx, u, body, size)
	c.report(ctx, "files.upload", failure, c.now().Sub(begun))
	if failure != nil {
		return failure
	}
	return nil
}

func (c *Client) upload(ctx context.Context, u bot.Upload, body io.Reader, size int64) *bot.Failure {
	const method = "files.upload"
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	if !isSecure(u.URL, c.api) {
		return &bot.Failure{Kind: bot.Permanent, Code: "bad_url", Detail: method}
	}
	content := io.NopCloser(body)
	if size == 0 {
		content = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL, content)
	if err != nil {
		return &bot.Failure{Kind: bot.Permanent, Code: "bad_url", Detail: method}
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, failure := c.send(req, method)
	if failure != nil {
		failure.Kind = bot.Transient
		return failure
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxResponse))
	status := resp.StatusCode
	if status == http.StatusOK {
		return nil
	}
	failure = &bot.Failure{Kind: bot.Transient, Code: "http_" + strconv.Itoa(status), Detail: method}
	switch status {
	case http.StatusTooManyRequests:
		failure.Kind, failure.RetryAfter = bot.RateLimited, retryAfter(resp.Header.Get("Retry-After"), c.now())
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		failure.Kind = bot.Permanent
	}
	return failure
}

// FinishUpload shares a file whose bytes have been sent. FileShared tells
// whether an uncertain one took effect.
func (c *Client) FinishUpload(ctx context.Context, fileID, name, channelID, threadTS string) error {
	files := encode([]struct {
		ID    string `json:"id"`
		Title string `json:"title,omitempty"`
	}{{fileID, name}})
	f := values("files", string(files), "channel_id", channelID, "thread_ts", threadTS)
	_, err := c.call(ctx, request{method: "files.completeUploadExternal", form: f}, nil)
	return err
}

// FileShared reports whether a file stands in a Slack channel. Slack may take
// a moment to know.
func (c *Client) FileShared(ctx context.Context, fileID, channelID string) (bool, error) {
	// Slack writes an empty object as an empty list at times.
	type shares = lenient[map[string]lenient[[]struct{}]]
	var a struct {
		File struct {
			Shares lenient[struct {
				Public  shares `json:"public"`
				Private shares `json:"private"`
			}] `json:"shares"`
		} `json:"file"`
	}
	_, err := c.call(ctx, request{method: "files.info", effect: reads, form: values("file", fileID)}, &a)
	if err != nil {
		return false, forgive(err, "file_not_found", "file_deleted")
	}
	_, public := a.File.Shares.V.Public.V[channelID]
	_, private := a.File.Shares.V.Private.V[channelID]
	return public || private, nil
}

// DeleteFile removes a file of ours everywhere.
func (c *Client) DeleteFile(ctx context.Context, fileID string) error {
	_, err := c.call(ctx, request{method: "files.delete", form: values("file", fileID)}, nil)
	return forgive(err, "file_deleted", "file_not_found")
}
