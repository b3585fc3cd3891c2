package line

import (
	"encoding/json"
	"net/http"
)

// markAsRead marks the message of a token and all before it in its chat.
func (p *Platform) markAsRead(c *call) answer {
	var body struct {
		Token string `json:"markAsReadToken"`
	}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	m, ok := c.account.reads[body.Token]
	if !ok {
		return complain(http.StatusBadRequest, "Invalid markAsReadToken")
	}
	for _, e := range m.chat.entries {
		if e.Side == ByFriend {
			e.Read = true
		}
		if e == m.entry {
			break
		}
	}
	return succeed(struct{}{})
}

// loading shows the loading animation, in chats of two only.
func (p *Platform) loading(c *call) answer {
	body := struct {
		ChatID  string `json:"chatId"`
		Seconds int    `json:"loadingSeconds"`
	}{Seconds: 20}
	if json.Unmarshal(c.body, &body) != nil {
		return badJSON()
	}
	to, ok := c.account.chats[body.ChatID]
	if !ok || to.kind != kindUser {
		return complain(http.StatusBadRequest, "The property, 'chatId', in the request body is invalid")
	}
	if body.Seconds < 5 || body.Seconds > 60 || body.Seconds%5 != 0 {
		return complain(http.StatusBadRequest, "The property, 'loadingSeconds', in the request body is invalid")
	}
	return answer{status: http.StatusAccepted, body: struct{}{}}
}
