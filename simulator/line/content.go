package line

import "net/http"

// content answers 202 until the bytes are there, 410 once the friend has taken
// the message back.
// See https://developers.line.biz/en/reference/messaging-api/#get-content
func (p *Platform) content(c *call) answer {
	m, refused, ok := p.media(c)
	if !ok {
		return refused
	}
	if m.polls < m.media.NotReady {
		m.polls++
		return answer{status: http.StatusAccepted, contentType: "application/octet-stream"}
	}
	return answer{status: http.StatusOK, bytes: m.media.Bytes, contentType: m.media.ContentType}
}

func (p *Platform) transcoding(c *call) answer {
	m, refused, ok := p.media(c)
	switch {
	case !ok:
		return refused
	case m.media.Kind != "video" && m.media.Kind != "audio":
		return complain(http.StatusBadRequest, "The message is neither a video nor an audio")
	case m.polls < m.media.NotReady:
		m.polls++
		return succeed(map[string]string{"status": "processing"})
	default:
		return succeed(map[string]string{"status": "succeeded"})
	}
}

func (p *Platform) media(c *call) (*message, answer, bool) {
	m, ok := c.account.messages[c.value("message")]
	switch {
	case !ok || m.media == nil:
		return nil, notFound(), false
	case m.unsent:
		return nil, complain(http.StatusGone, "The message has been unsent"), false
	case m.media.External != "":
		p.violate(c.path, "content asked for that LINE does not keep")
		if p.opts.Beliefs.ExternalContentGone {
			return nil, complain(http.StatusGone, "Not found"), false
		}
		return nil, notFound(), false
	}
	return m, answer{}, true
}
