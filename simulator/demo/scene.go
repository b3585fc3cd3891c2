package demo

import (
	"path"
	"slices"
	"strings"
	"time"

	"madoguchi/simulator"
	"madoguchi/simulator/line"
	"madoguchi/simulator/slack"
)

// scene is all that the page shows while one friend and one person are chosen.
type scene struct {
	Friend  string   `json:"friend"` // who is chosen
	Person  string   `json:"person"` // likewise
	Ready   bool     `json:"ready"`  // the bot has made its Slack channels
	Used    int64    `json:"used"`   // paid messages of this month
	Friends []friend `json:"friends"`
	Chat    []entry  `json:"chat"`
	People  []person `json:"people"`
	desk
}

type friend struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"` // user or group
	Name    string    `json:"name"`
	Face    string    `json:"face"`
	Members []speaker `json:"members,omitempty"`
	Blocked bool      `json:"blocked,omitempty"`
	Last    time.Time `json:"last"`
	Preview string    `json:"preview"`
	SeenBy  []string  `json:"seenBy"` // people who have a thread with them
}

type speaker struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Face string `json:"face"`
}

// entry is one line on the phone.
type entry struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Side    line.Side `json:"side"`
	Speaker *speaker  `json:"speaker,omitempty"`
	Event   string    `json:"event,omitempty"`
	Label   string    `json:"label,omitempty"` // of the menu button that was pressed
	Bubbles []bubble  `json:"bubbles,omitempty"`
	Unsent  bool      `json:"unsent,omitempty"`
	Read    bool      `json:"read,omitempty"`
	Paid    int64     `json:"paid,omitempty"`
}

type bubble struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Text string `json:"text"`
}

type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"` // key of the words that say what they may do
	// Posts counts what the bot posted where they see it, so that the page can
	// tell who got something new.
	Posts int `json:"posts"`
}

// roles are the people to choose from and what the page says of them.
var roles = []struct{ user, role string }{
	{simulator.Sato, "sato"}, {simulator.Suzuki, "suzuki"}, {simulator.Trainee, "trainee"}, {simulator.Owner, "owner"},
}

func (d *Demo) scene(friendID, personID string) scene {
	s := scene{Friend: friendID, Person: personID, Used: d.stage.LINE.Used(simulator.BotUserID), Chat: d.chat(friendID)}
	channels := slices.DeleteFunc(d.stage.Slack.Channels(), func(c slack.Channel) bool { return c.Direct != "" || c.Archived })
	s.Ready = len(channels) >= len(roles)
	names := map[string]string{}
	for _, u := range d.stage.Slack.Users() {
		names[u.ID] = u.Name
	}
	for _, r := range roles {
		s.People = append(s.People, person{ID: r.user, Name: names[r.user], Role: r.role, Posts: d.posts(channels, r.user)})
	}
	for _, c := range d.stage.LINE.Chats(simulator.BotUserID) {
		s.Friends = append(s.Friends, d.friend(c, channels))
	}
	s.desk = d.desk(personID, channels, names, s.Friends)
	return s
}

func (d *Demo) friend(c line.ChatInfo, channels []slack.Channel) friend {
	f := friend{
		ID: c.ID, Kind: c.Kind, Name: c.Name, Face: face(c.PictureURL), Blocked: c.Blocked, Last: c.Last,
		SeenBy: []string{},
	}
	for _, m := range c.Members {
		f.Members = append(f.Members, speaker{m.UserID, m.Name, face(m.PictureURL)})
	}
	entries := d.stage.LINE.Chat(simulator.BotUserID, c.ID)
	for _, e := range slices.Backward(entries) {
		if len(e.Bubbles) > 0 && !e.Unsent {
			last := e.Bubbles[len(e.Bubbles)-1]
			if f.Preview = last.Text; last.Type != "text" {
				f.Preview = "[" + last.Type + "]"
			}
			break
		}
	}
	for _, r := range roles {
		if d.hasThread(channels, r.user, c.Name) {
			f.SeenBy = append(f.SeenBy, r.user)
		}
	}
	return f
}

// posts counts the bot's posts in the Slack channels of a person.
func (d *Demo) posts(channels []slack.Channel, user string) int {
	n := 0
	for _, c := range channels {
		if !slices.Contains(c.Members, user) {
			continue
		}
		for _, m := range d.stage.Slack.Messages(c.ID) {
			if m.BotID != "" && !m.Deleted {
				n++
			}
		}
	}
	return n
}

// hasThread reports whether a person's own Slack channel holds a thread of a
// friend.
func (d *Demo) hasThread(channels []slack.Channel, user, friend string) bool {
	for _, c := range channels {
		if slices.Contains(c.Members, user) && slices.ContainsFunc(d.stage.Slack.Messages(c.ID), func(m slack.Message) bool {
			return isCard(m, friend)
		}) {
			return true
		}
	}
	return false
}

// isCard reports whether a message is the bot's first post of a friend's
// thread. Its text, which follows the friend's name, tells; the name it was
// posted under may be older than that.
func isCard(m slack.Message, friend string) bool {
	if m.BotID == "" || m.Deleted || m.ThreadTS != "" && m.ThreadTS != m.TS {
		return false
	}
	text := m.Text
	if strings.HasPrefix(text, "<@") {
		_, text, _ = strings.Cut(text, "> ")
	}
	return strings.HasPrefix(text, friend)
}

func (d *Demo) chat(friendID string) []entry {
	people := map[string]speaker{}
	for _, c := range d.stage.LINE.Chats(simulator.BotUserID) {
		for _, m := range c.Members {
			people[m.UserID] = speaker{m.UserID, m.Name, face(m.PictureURL)}
		}
	}
	shown := []entry{}
	for _, e := range d.stage.LINE.Chat(simulator.BotUserID, friendID) {
		out := entry{
			ID: e.EventID + e.RequestID, At: e.At, Side: e.Side, Event: e.Event, Label: string(d.kept.get(e.EventID)),
			Unsent: e.Unsent, Read: e.Read, Paid: e.Cost,
		}
		if s, ok := people[e.UserID]; ok {
			out.Speaker = &s
		}
		for _, b := range e.Bubbles {
			if e.Unsent {
				b.Text = ""
			}
			out.Bubbles = append(out.Bubbles, bubble{b.ID, b.Type, b.Text})
		}
		shown = append(shown, out)
	}
	return shown
}

// face is the page's own address of a picture on the stage.
func face(address string) string {
	name, ok := strings.CutPrefix(address, simulator.Faces)
	if !ok || name != path.Base(name) {
		return ""
	}
	return "/demo/faces/" + name
}
