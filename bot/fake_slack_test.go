package bot_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"madoguchi/bot"
)

const (
	team        = "T1"
	botUser     = "UBOT"
	botID       = "B1"
	destination = "Ubot" // LINE's user id of the official account
)

// renderer keeps what a post shows readable.
type renderer struct{}

type rendered struct {
	Channel string       `json:"channel"`
	View    bot.PostView `json:"view"`
}

func (renderer) RenderPost(channelID string, v bot.PostView) []byte {
	return encode(rendered{channelID, v})
}

func (renderer) RenderUpdate(channelID, _ string, v bot.PostView) []byte {
	return encode(rendered{channelID, v})
}

// slackPost is a post of ours as it stands.
type slackPost struct {
	At      int64
	Channel string
	TS      string
	Thread  string // "" when it stands in the open
	First   bot.PostView
	View    bot.PostView // after updates
	Gone    bool
}

// texts are the words of the items of a post: what friends wrote, what the bot
// and colleagues said.
func (p slackPost) texts() []string {
	var all []string
	for _, item := range p.View.Items {
		text := item.Text
		if item.Content != nil {
			text = item.Content.Text
		}
		all = append(all, text)
	}
	return all
}

// fakeSlack is a Slack that keeps posts, reactions, files and who is where.
type fakeSlack struct {
	clock *clock

	mu      sync.Mutex
	refuse  func(method, channelID string) *bot.Failure // nobody is refused when nil
	posts   []slackPost
	marks   map[string]map[string]bool // channel and ts → reactions
	deleted map[string]bool            // channel and ts of what people deleted
	rooms   map[string]bot.Room
	members map[string][]string
	shared  map[string]string // file → channel
	files   int
}

var _ bot.Slack = (*fakeSlack)(nil)

func newFakeSlack(c *clock) *fakeSlack {
	return &fakeSlack{
		clock: c, marks: map[string]map[string]bool{}, deleted: map[string]bool{}, rooms: map[string]bot.Room{},
		members: map[string][]string{}, shared: map[string]string{},
	}
}

// refuses has Slack refuse what fn says; nil ends that.
func (s *fakeSlack) refuses(fn func(method, channelID string) *bot.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = fn
}

// enter locks and says whether a method is refused. The caller unlocks.
func (s *fakeSlack) enter(method, channelID string) error {
	s.mu.Lock()
	if s.refuse == nil {
		return nil
	}
	if f := s.refuse(method, channelID); f != nil {
		return f
	}
	return nil
}

// postsIn returns what stands in a Slack channel, in order.
func (s *fakeSlack) postsIn(channelID string) []slackPost {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []slackPost
	for _, p := range s.posts {
		if !p.Gone && p.Channel == channelID {
			found = append(found, p)
		}
	}
	return found
}

// marksOn returns the reactions on a message, sorted.
func (s *fakeSlack) marksOn(channelID, ts string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.marks[channelID+" "+ts]))
}

// remove is a person's deletion of their own message.
func (s *fakeSlack) remove(channelID, ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted[channelID+" "+ts] = true
}

// leaves takes a user out of a Slack channel.
func (s *fakeSlack) leaves(channelID, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[channelID] = slices.DeleteFunc(s.members[channelID], func(id string) bool { return id == user })
}

func (s *fakeSlack) filesIn(channelID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.shared {
		if at == channelID {
			n++
		}
	}
	return n
}

var errNoMessage = &bot.Failure{Kind: bot.Permanent, Code: "message_not_found"}

func (s *fakeSlack) Post(_ context.Context, body []byte) (bot.Posted, error) {
	var r rendered
	if err := json.Unmarshal(body, &r); err != nil {
		return bot.Posted{}, &bot.Failure{Kind: bot.Permanent, Code: "invalid_arguments"}
	}
	err := s.enter("post", r.Channel)
	defer s.mu.Unlock()
	if err != nil {
		return bot.Posted{}, err
	}
	p := slackPost{At: s.clock.ms(), Channel: r.Channel, TS: s.clock.ts(), Thread: r.View.ThreadTS, First: r.View, View: r.View}
	s.posts = append(s.posts, p)
	return bot.Posted{ChannelID: p.Channel, TS: p.TS, ThreadTS: p.Thread}, nil
}

func (s *fakeSlack) find(channelID, ts string) *slackPost {
	for i := range s.posts {
		if s.posts[i].Channel == channelID && s.posts[i].TS == ts && !s.posts[i].Gone {
			return &s.posts[i]
		}
	}
	return nil
}

func (s *fakeSlack) Update(_ context.Context, channelID, ts string, body []byte) error {
	err := s.enter("update", channelID)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	p := s.find(channelID, ts)
	if p == nil {
		return errNoMessage
	}
	var r rendered
	if err := json.Unmarshal(body, &r); err != nil {
		return &bot.Failure{Kind: bot.Permanent, Code: "invalid_arguments"}
	}
	p.View = r.View
	return nil
}

func (s *fakeSlack) Delete(_ context.Context, channelID, ts string) error {
	err := s.enter("delete", channelID)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if p := s.find(channelID, ts); p != nil {
		p.Gone = true
	}
	return nil
}

func (s *fakeSlack) React(_ context.Context, channelID, ts, emoji string) error {
	err := s.enter("react", channelID)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	at := channelID + " " + ts
	if s.deleted[at] {
		return errNoMessage
	}
	if s.marks[at] == nil {
		s.marks[at] = map[string]bool{}
	}
	s.marks[at][emoji] = true
	return nil
}

func (s *fakeSlack) Unreact(_ context.Context, channelID, ts, emoji string) error {
	err := s.enter("unreact", channelID)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	delete(s.marks[channelID+" "+ts], emoji)
	return nil
}

func (s *fakeSlack) FindPost(_ context.Context, channelID, _, callID string) (bot.Posted, bool, error) {
	err := s.enter("find", channelID)
	defer s.mu.Unlock()
	if err != nil {
		return bot.Posted{}, false, err
	}
	for _, p := range s.posts {
		if p.First.CallID == callID {
			return bot.Posted{ChannelID: p.Channel, TS: p.TS, ThreadTS: p.Thread}, true, nil
		}
	}
	return bot.Posted{}, false, nil
}

func (s *fakeSlack) Replies(context.Context, string, string, string) ([]bot.SlackReply, error) {
	return nil, nil
}

func (s *fakeSlack) ReserveUpload(context.Context, string, int64) (bot.Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files++
	return bot.Upload{FileID: "F" + strings.Repeat("I", s.files)}, nil
}

func (s *fakeSlack) SendUpload(_ context.Context, _ bot.Upload, _ string, body io.Reader, _ int64) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return &bot.Failure{Kind: bot.Transient, Code: "upload"}
	}
	return nil
}

func (s *fakeSlack) FinishUpload(_ context.Context, fileID, _, channelID, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared[fileID] = channelID
	return nil
}

func (s *fakeSlack) FileShared(_ context.Context, fileID, channelID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shared[fileID] == channelID, nil
}

func (s *fakeSlack) DeleteFile(_ context.Context, fileID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shared, fileID)
	return nil
}

func (s *fakeSlack) CreateChannel(_ context.Context, name string) (bot.Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := bot.Room{ID: channelOf(strings.TrimPrefix(name, "line-"+slug+"-")), Name: name, Creator: botUser, Private: true, Member: true}
	s.rooms[room.ID] = room
	s.members[room.ID] = []string{botUser}
	return room, nil
}

// channelOf is the id of the Slack channel of a place.
func channelOf(place string) string { return "C" + strings.ToUpper(place) }

func (s *fakeSlack) Channel(_ context.Context, channelID string) (bot.Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room, ok := s.rooms[channelID]
	if !ok {
		return room, &bot.Failure{Kind: bot.Permanent, Code: "channel_not_found"}
	}
	return room, nil
}

func (s *fakeSlack) OwnChannels(context.Context) ([]bot.Room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.rooms)), nil
}

func (s *fakeSlack) Members(_ context.Context, channelID string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.members[channelID]), nil
}

func (s *fakeSlack) Invite(_ context.Context, channelID string, userIDs ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[channelID] = append(s.members[channelID], userIDs...)
	return nil
}

func (s *fakeSlack) Kick(_ context.Context, channelID, userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.members[channelID] = slices.DeleteFunc(s.members[channelID], func(id string) bool { return id == userID })
	return nil
}

func (s *fakeSlack) SetTopic(_ context.Context, channelID, topic string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.rooms[channelID]
	room.Topic = topic
	s.rooms[channelID] = room
	return nil
}

func (s *fakeSlack) User(_ context.Context, userID string) (bot.SlackUserInfo, error) {
	return bot.SlackUserInfo{ID: userID, Name: userID}, nil
}

func (s *fakeSlack) UserByEmail(context.Context, string) (bot.SlackUserInfo, error) {
	return bot.SlackUserInfo{}, &bot.Failure{Kind: bot.Permanent, Code: "users_not_found"}
}

func (s *fakeSlack) Permalink(context.Context, string, string) (string, error) { return "", nil }

func (s *fakeSlack) Identity(context.Context) (bot.SlackIdentity, error) {
	return bot.SlackIdentity{TeamID: team, TeamURL: "https://shop.slack.test/", BotUserID: botUser, BotID: botID}, nil
}
