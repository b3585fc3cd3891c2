package bot_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"madoguchi/bot"
	"madoguchi/bot/slack"
)

type object = map[string]any

// friend is somebody on LINE.
type friend struct{ id, name string }

func (w *world) newFriend(name string) friend {
	w.friends++
	f := friend{id: fmt.Sprintf("U%032x", w.friends), name: fmt.Sprintf("%s%d", name, w.friends)}
	w.line.mu.Lock()
	defer w.line.mu.Unlock()
	w.line.names[f.id] = f.name
	return f
}

// deliver gives the relay one event of LINE through the webhook.
func (w *world) deliver(event object) {
	w.t.Helper()
	body := encode(object{"destination": destination, "events": []object{event}})
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r := httptest.NewRequestWithContext(w.ctx, http.MethodPost, "/webhooks/line/"+slug, bytes.NewReader(body))
	r.SetPathValue("account", slug)
	r.Header.Set("X-Line-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer := httptest.NewRecorder()
	w.webhook.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("the webhook answered %d", answer.Code)
	}
}

// event is an event of a friend that happens now.
func (w *world) event(f friend, kind string) object {
	w.events++
	return object{
		"type": kind, "webhookEventId": fmt.Sprintf("E%08d", w.events), "timestamp": w.clock.ms(), "mode": "active",
		"source": object{"type": "user", "userId": f.id}, "deliveryContext": object{"isRedelivery": false},
	}
}

// says has a friend write something, and returns the reply token that came
// with it.
func (w *world) says(f friend, text string) (token string) {
	w.t.Helper()
	e := w.event(f, "message")
	e["message"] = object{"type": "text", "id": fmt.Sprintf("m%d", w.events), "text": text}
	token = w.addToken(f, e)
	w.deliver(e)
	w.settle()
	return token
}

func (w *world) addToken(f friend, e object) string {
	token := fmt.Sprintf("token%d", w.events)
	e["replyToken"] = token
	w.line.mu.Lock()
	defer w.line.mu.Unlock()
	w.line.friends[token] = f.id
	return token
}

// sendsPicture has a friend send a picture.
func (w *world) sendsPicture(f friend, content string) {
	w.t.Helper()
	e := w.event(f, "message")
	id := fmt.Sprintf("m%d", w.events)
	e["message"] = object{"type": "image", "id": id, "contentProvider": object{"type": "line"}}
	w.line.mu.Lock()
	w.line.contents[id] = []byte(content)
	w.line.mu.Unlock()
	w.deliver(e)
	w.settle()
}

// does delivers an event of a friend that carries nothing else.
func (w *world) does(f friend, kind string) {
	w.t.Helper()
	e := w.event(f, kind)
	if kind == "follow" {
		e["follow"] = object{"isUnblocked": false}
	}
	w.deliver(e)
	w.settle()
}

// slackEvent gives the relay one event of Slack.
func (w *world) slackEvent(event object) {
	w.t.Helper()
	w.events++
	body := encode(object{
		"type": "event_callback", "team_id": team, "event_id": fmt.Sprintf("Ev%08d", w.events), "event": event,
	})
	if err := w.receiver.Event(w.ctx, body); err != nil {
		w.t.Fatalf("the receiver: %v", err)
	}
}

// message is what a person wrote in a thread of a place.
func message(user, place, thread, ts, text string) object {
	return object{
		"type": "message", "user": user, "channel": channelOf(place), "channel_type": "group", "thread_ts": thread, "ts": ts, "text": text,
	}
}

// replies has a person write in a thread now, and returns the reply's ts.
func (w *world) replies(user, place string, thread slackPost, text string) (ts string) {
	w.t.Helper()
	ts = w.clock.ts()
	w.slackEvent(message(user, place, thread.TS, ts, text))
	w.settle()
	return ts
}

// edits has a person change what they wrote.
func (w *world) edits(user, place string, thread slackPost, ts, text string) {
	w.t.Helper()
	after := message(user, place, thread.TS, ts, text)
	after["edited"] = object{"user": user, "ts": w.clock.ts()}
	w.slackEvent(object{
		"type": "message", "subtype": "message_changed", "channel": channelOf(place), "ts": w.clock.ts(), "message": after,
		"previous_message": message(user, place, thread.TS, ts, "what it was before "+text),
	})
	w.settle()
}

// deletes has a person take away what they wrote.
func (w *world) deletes(user, place string, thread slackPost, ts string) {
	w.t.Helper()
	w.slack.remove(channelOf(place), ts)
	w.slackEvent(object{
		"type": "message", "subtype": "message_deleted", "channel": channelOf(place), "ts": w.clock.ts(), "deleted_ts": ts,
		"previous_message": message(user, place, thread.TS, ts, "deleted"),
	})
	w.settle()
}

// presses has a person press a button of a post.
func (w *world) presses(user, place string, post slackPost, a bot.Action) {
	w.t.Helper()
	id, value := slack.EncodeAction(a)
	thread := post.Thread
	if thread == "" {
		thread = post.TS
	}
	w.interacts(object{
		"type": "block_actions", "user": object{"id": user, "team_id": team}, "team": object{"id": team},
		"channel":   object{"id": channelOf(place)},
		"container": object{"channel_id": channelOf(place), "message_ts": post.TS, "thread_ts": thread},
		"actions":   []object{{"action_id": id, "value": value, "action_ts": w.clock.ts()}},
	})
}

// pressesOn presses the newest button of a name in a place.
func (w *world) pressesOn(user, place string, name bot.ActionName) {
	w.t.Helper()
	posts := w.posts(place)
	for i := len(posts) - 1; i >= 0; i-- {
		for _, item := range posts[i].View.Items {
			for _, a := range item.Buttons {
				if a.Name == name {
					w.presses(user, place, posts[i], a)
					return
				}
			}
		}
	}
	w.t.Fatalf("no button %q in %s", name, place)
}

// pressesCard presses a button of a friend's card.
func (w *world) pressesCard(user, place string, f friend, name bot.ActionName) {
	w.t.Helper()
	card := w.card(place, f)
	a := card.View.Card.Action
	a.Name = name
	w.presses(user, place, card, a)
}

// tags has an owner set a friend's tags with the modal.
func (w *world) tags(place string, f friend, tagIDs ...string) {
	w.t.Helper()
	a := w.card(place, f).View.Card.Action
	a.Name = bot.ActTags
	var before []string
	w.look(func(tx bot.Tx) error {
		tags, err := tx.FriendTags(a.FriendID)
		for _, t := range tags {
			if t.On {
				before = append(before, t.TagID)
			}
		}
		return err
	})
	a.SetBefore(before)
	_, private := slack.EncodeAction(a)
	var chosen []object
	for _, id := range tagIDs {
		chosen = append(chosen, object{"value": id})
	}
	w.events++
	w.interacts(object{
		"type": "view_submission", "user": object{"id": owner, "team_id": team}, "team": object{"id": team},
		"view": object{
			"id": fmt.Sprintf("V%d", w.events), "hash": "h", "private_metadata": private,
			"state": object{"values": object{"tags": object{"tags": object{"selected_options": chosen}}}},
		},
	})
}

func (w *world) interacts(payload object) {
	w.t.Helper()
	if _, err := w.receiver.Interaction(w.ctx, encode(payload)); err != nil {
		w.t.Fatalf("the receiver: %v", err)
	}
	w.settle()
}

// talk has a friend write, and returns the thread that opens at Sato's.
func (w *world) talk(name string) (friend, slackPost) {
	w.t.Helper()
	f := w.newFriend(name)
	w.says(f, "予約できますか")
	return f, w.card("sato", f)
}

// later is talk, so long ago that the reply token is of no use.
func (w *world) later(name string) (friend, slackPost) {
	w.t.Helper()
	f, thread := w.talk(name)
	w.pass(time.Minute)
	return f, thread
}
