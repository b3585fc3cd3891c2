package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"madoguchi/simulator/fault"
	simline "madoguchi/simulator/line"
	simslack "madoguchi/simulator/slack"
	"madoguchi/storage/storagetest"
)

const (
	stormFriends  = 50
	stormMessages = 1000
	stormKills    = 10
	stormReplies  = 300
	apart         = 2 * time.Second // two replies to one friend by one operator
	apartKilled   = 8 * time.Second // longer than Slack tries again what found nobody
	lateLabel     = "遅れて届いたメッセージ"
	buttonText    = "ボタンが押されました"
	unsentText    = "送信が取り消されました"
	repeatLabel   = "再送"
)

// 1,000 messages of 50 friends, each webhook delivered one to three times and
// out of order, with 5 % of all calls to Slack and LINE failing: each message
// is shown once in each thread that may see it, in order among what had
// arrived; each reply reaches the friend once; nobody sends without the right.
func TestStorm(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) { newStorm(t, w).run(0) })
}

// The same while the process is killed again and again.
func TestStormKilled(t *testing.T) {
	t.Parallel()
	each(t, options{}, func(t *testing.T, w *world) { newStorm(t, w).run(stormKills) })
}

// The same with two processes on one database, between which Slack divides what
// it sends over their sockets.
func TestStormWithTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{socketMode: true}, storagetest.Direct(t).URL)
	s := newStorm(t, w)
	s.twins = true
	s.run(0)
}

type storm struct {
	t       *testing.T
	w       *world
	friends []simline.From
	said    []int             // by friend: how many messages
	unsent  map[string]bool   // tokens
	files   []string          // tokens of the messages that are files
	mu      sync.Mutex        // of what follows
	replies map[string]string // text by ts, of replies that may go
	refused map[string]string // text by ts, of replies that must not

	undecided []string
	lacking   []string
	twins     bool
	kills     int
}

func newStorm(t *testing.T, w *world) *storm {
	t.Helper()
	s := &storm{t: t, w: w, said: make([]int, stormFriends), unsent: map[string]bool{}, replies: map[string]string{}, refused: map[string]string{}}
	if err := w.line.SetTrouble(botUser, simline.Trouble{
		Copies: func(simline.Event) int { return 1 + rand.IntN(3) },
		Delay:  func(simline.Event) time.Duration { return time.Duration(rand.IntN(300)) * time.Millisecond },
		Batch:  5, Overtake: true,
	}); err != nil {
		t.Fatal(err)
	}
	for _, plan := range []*fault.Plan{w.slack.Faults, w.line.Faults} {
		plan.Add(fault.Rule{Kind: fault.RateLimit, Probability: 0.015, RetryAfter: time.Second})
		plan.Add(fault.Rule{Kind: fault.Status, Status: http.StatusInternalServerError, Probability: 0.015})
		plan.Add(fault.Rule{Kind: fault.LostAnswer, Probability: 0.02})
	}
	t.Cleanup(func() {
		if len(s.lacking) > 0 {
			t.Logf("not shown: %v (shown to the owners: %v)", s.lacking, s.shown("owners"))
		}
		if len(s.undecided) > 0 {
			t.Logf("not decided: %v", s.undecided)
		}
	})
	return s
}

// token is the text of a message: whose, and which. It says which shop where
// the friend has none yet.
func token(friend, n int) string { return fmt.Sprintf("m-%d-%d.", friend, n) }

func (s *storm) run(kills int) {
	s.kills = kills
	s.w.start()
	if s.twins {
		s.w.twin()
	}
	for i := range stormFriends {
		s.friends = append(s.friends, s.w.friend(i+1, fmt.Sprintf("友だち%d", i)))
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { s.kill(kills, stop) })
	others.Go(func() { s.answer(stop) })
	s.talk()
	s.until("every webhook delivered", 2*time.Minute, func() bool { return s.delivered() })
	s.until("everything shown", 4*time.Minute, func() bool {
		s.lacking = append(s.missing(), s.missingFiles()...)
		return len(s.lacking) == 0
	})
	close(stop)
	others.Wait()
	s.until("every reply decided", 40*time.Second, func() bool {
		s.undecided = s.undecidedReplies()
		return len(s.undecided) == 0
	})
	s.until("every unsend followed", 40*time.Second, func() bool { return len(s.stillShown()) == 0 })
	s.checkThreads()
	s.checkFiles()
	s.checkPhones()
	for _, v := range s.w.line.Violations() {
		s.t.Errorf("a rule of LINE was broken: %+v", v)
	}
	for _, v := range s.w.slack.Violations() {
		s.t.Errorf("a rule of Slack was broken: %+v", v)
	}
}

func (s *storm) until(what string, limit time.Duration, ok func() bool) {
	s.t.Helper()
	s.w.until(limit, what, ok)
}

// talk sends the messages of all friends: texts, stickers, places, files and
// postbacks. Some are taken back at once, so that LINE may tell of that first.
func (s *storm) talk() {
	for range stormMessages {
		i := rand.IntN(stormFriends)
		n := s.said[i]
		s.said[i]++
		text := token(i, n)
		if n == 0 && i%2 == 0 {
			text += " 青山店です"
		}
		from := s.friends[i]
		var sent simline.Sent
		var err error
		switch {
		case n == 0 && i%2 == 1:
			_, err = s.w.line.Postback(from, "shop=shibuya", nil)
			if err == nil {
				sent, err = s.w.line.SendText(from, text, simline.TextOptions{})
			}
		case n%7 == 5:
			sent, err = s.w.line.SendSticker(from, simline.Sticker{PackageID: "1", StickerID: "2", Text: text})
		case n%7 == 3:
			sent, err = s.w.line.SendLocation(from, simline.Location{Title: text, Address: "東京都港区", Latitude: 35.6, Longitude: 139.7})
		case n%7 == 6:
			sent, err = s.w.line.SendMedia(from, simline.Media{Kind: "file", FileName: text + "txt", Bytes: []byte(text)})
			s.files = append(s.files, text)
		default:
			sent, err = s.w.line.SendText(from, text, simline.TextOptions{})
		}
		if err == nil && n%9 == 8 {
			_, err = s.w.line.Unsend(from, sent.MessageID)
			s.unsent[text] = true
		}
		if err != nil {
			s.t.Error(err)
		}
		// LINE's timestamps count milliseconds: within one, there is no order.
		<-time.After(time.Duration(2+rand.IntN(6)) * time.Millisecond)
	}
}

// answer has operators reply to what they see, and a trainee who may not.
func (s *storm) answer(stop <-chan struct{}) {
	tick := time.NewTicker(60 * time.Millisecond)
	defer tick.Stop()
	last := map[string]time.Time{}
	for n := 0; s.written() < stormReplies; n++ {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		place, user := "sato", sato
		switch {
		case n%10 == 4:
			place, user = "kenshu", trainee
		case n%2 == 1:
			place, user = "suzuki", suzuki
		}
		var roots []simslack.Message
		for _, m := range s.w.posts(place) {
			if strings.HasPrefix(m.Username, "友だち") && (m.ThreadTS == "" || m.ThreadTS == m.TS) {
				roots = append(roots, m)
			}
		}
		if c, _ := s.w.slack.Channel(s.w.channel(place)); len(roots) == 0 || !slices.Contains(c.Members, user) {
			continue
		}
		m := roots[rand.IntN(len(roots))]
		// Slack delivers side by side, and again what found nobody: of two replies
		// within that time, nobody can say which arrives first.
		if since := time.Since(last[m.TS]); since < apart || s.kills > 0 && since < apartKilled {
			continue
		}
		last[m.TS] = time.Now()
		text := fmt.Sprintf("r-%s-%d.", place, n)
		ts, err := s.w.slack.Reply(user, m.Channel, m.TS, text)
		if err != nil {
			s.t.Error(err)
			continue
		}
		s.mu.Lock()
		if user == trainee {
			s.refused[ts] = text
		} else {
			s.replies[ts] = text
		}
		s.mu.Unlock()
	}
}

func (s *storm) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replies) + len(s.refused)
}

// kill ends the process without warning and starts it again.
func (s *storm) kill(times int, stop <-chan struct{}) {
	for range times {
		select {
		case <-stop:
			s.t.Error("everything was done before the last kill")
			return
		case <-time.After(200*time.Millisecond + rand.N(1800*time.Millisecond)):
		}
		s.w.kill(syscall.SIGKILL)
		s.w.launch()
	}
}

func (s *storm) delivered() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	return s.w.line.Drain(ctx) == nil
}

// place is who sees a friend, besides the trainee who sees what 佐藤 sees.
func places(friend int) []string {
	if friend%2 == 0 {
		return []string{"sato", "kenshu"}
	}
	return []string{"suzuki"}
}

var tokens = regexp.MustCompile(`m-\d+-\d+\.`)

// shown are the tokens in each place, with how often each stands there.
func (s *storm) shown(place string) map[string]int {
	found := map[string]int{}
	for _, m := range s.w.posts(place) {
		if m.BotID == "" {
			continue
		}
		for _, token := range blockTexts(m.Blocks) {
			for _, t := range tokens.FindAllString(token, -1) {
				found[t]++
			}
		}
	}
	return found
}

// missing are the messages that a place lacks. Whoever gains sight of a friend
// gets the last messages only: those before them count where the owners had them.
func (s *storm) missing() []string {
	before := s.shown("owners")
	var lacking []string
	for _, place := range []string{"sato", "kenshu", "suzuki"} {
		found := s.shown(place)
		for i, n := range s.said {
			if !slices.Contains(places(i), place) {
				continue
			}
			begun := false
			for k := range n {
				t := token(i, k)
				begun = begun || found[t] > 0
				if found[t] == 0 && !s.unsent[t] && (begun || before[t] == 0) {
					lacking = append(lacking, place+" "+t)
				}
			}
		}
	}
	return lacking
}

// undecidedReplies are those without a mark that ends them. One that was found
// when it was too old to go by itself asks, and that ends it here.
func (s *storm) undecidedReplies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []string
	for ts, text := range s.replies {
		place := placeOf(text)
		marks := s.w.marks(place, ts)
		if !strings.Contains(marks, "white_check_mark") && !strings.Contains(marks, "question") && !s.asks(place, ts) {
			open = append(open, text+" "+ts+" ["+marks+"] "+s.lastWords(place, ts))
		}
	}
	for ts, text := range s.refused {
		if marks := s.w.marks("kenshu", ts); marks != "x" {
			open = append(open, text+" "+ts+" ["+marks+"]")
		}
	}
	return open
}

// lastWords is what the bot said in a reply's thread after it, for the log.
func (s *storm) lastWords(place, ts string) string {
	reply, _ := s.w.slack.Message(s.w.channel(place), ts)
	first, _ := s.w.slack.Message(reply.Channel, reply.ThreadTS)
	words := []string{fmt.Sprintf("under %s %q by %s, metadata %s: ", first.TS, first.Text, first.Username, first.Metadata)}
	for _, m := range s.w.posts(place) {
		if m.ThreadTS == reply.ThreadTS && m.TS > ts && m.BotID != "" && m.Username == "" {
			words = append(words, m.Text)
		}
	}
	return strings.Join(words, " | ")
}

func placeOf(reply string) string { return strings.Split(reply, "-")[1] }

// asks tells whether a reply is old enough to be offered instead of sent.
func (s *storm) asks(place, ts string) bool {
	return strings.Contains(s.w.marks(place, ts), "hourglass_flowing_sand") && s.offered(place, ts)
}

// offered tells whether the bot asked about a reply in that reply's own thread.
func (s *storm) offered(place, ts string) bool {
	reply, _ := s.w.slack.Message(s.w.channel(place), ts)
	return slices.ContainsFunc(s.w.posts(place), func(m simslack.Message) bool {
		return m.BotID != "" && m.ThreadTS == reply.ThreadTS && m.TS > ts && strings.Contains(m.Text, "書かれてから時間がたっています")
	})
}

// checkThreads holds every thread to what it must show: each message once (a
// repetition after an uncertain attempt is marked), in order but for those
// that are marked as late, and nothing of friends the place may not see.
func (s *storm) checkThreads() {
	repeated := 0
	for _, place := range []string{"sato", "kenshu", "suzuki", "owners"} {
		newest := map[string]int{}
		times := map[string]int{}
		unsent := map[string]bool{} // threads in which the line of one that was taken back stands so far
		for _, m := range s.w.posts(place) {
			if m.BotID == "" {
				continue
			}
			texts := blockTexts(m.Blocks)
			again := slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, repeatLabel) })
			late := false
			for _, text := range texts {
				if strings.Contains(text, lateLabel) {
					late = true
				}
				if strings.Contains(text, unsentText) {
					unsent[fmt.Sprint(root(m))] = true
				}
				if strings.Contains(text, buttonText) || strings.Contains(text, unsentText) { // the label before it was theirs
					late = false
				}
				for _, tok := range tokens.FindAllString(text, -1) {
					var friend, n int
					if _, err := fmt.Sscanf(tok, "m-%d-%d.", &friend, &n); err != nil {
						s.t.Fatal(err)
					}
					if place != "owners" && !slices.Contains(places(friend), place) {
						s.t.Errorf("%s is shown %s", place, tok)
					}
					if times[tok]++; times[tok] > 1 {
						if !again {
							s.t.Errorf("%s is shown %s twice, not marked as repeated", place, tok)
						}
						repeated++
					}
					thread := fmt.Sprint(root(m))
					if last, ok := newest[thread]; ok && n < last && !late && place != "owners" {
						s.t.Errorf("%s: %s stands after message %d of that friend and is not marked as late", place, tok, last)
					}
					mayBeGone := unsent[thread] && s.newerUnsent(friend, n)
					if last, ok := newest[thread]; late && place != "owners" && (!ok || n > last) && !mayBeGone {
						s.t.Errorf("%s: %s is marked as late and nothing newer stands before it", place, tok)
					}
					newest[thread] = max(newest[thread], n)
					late = false
				}
			}
		}
	}
	// A lost answer is recognised: only a kill in the middle may cost a repetition.
	if most := s.kills; repeated > most {
		s.t.Errorf("%d messages are shown again, want at most %d", repeated, most)
	}
	s.t.Logf("messages shown again after an attempt that could not be settled: %d", repeated)
}

// newerUnsent tells whether a newer message was taken back: what was late to it
// is late to a line that tells no more which message it was.
func (s *storm) newerUnsent(friend, n int) bool {
	for k := n + 1; k < s.said[friend]; k++ {
		if s.unsent[token(friend, k)] {
			return true
		}
	}
	return false
}

// stillShown are the places that show what was taken back.
func (s *storm) stillShown() []string {
	var shown []string
	for _, place := range []string{"sato", "kenshu", "suzuki", "owners"} {
		for tok := range s.shown(place) {
			if s.unsent[tok] {
				shown = append(shown, place+" "+tok)
			}
		}
		for name, n := range s.shared(place) {
			if n > 0 && s.unsent[strings.TrimSuffix(name, "txt")] {
				shown = append(shown, place+" "+name)
			}
		}
	}
	return shown
}

// shared are the names of the files in a place, with how often each is there.
func (s *storm) shared(place string) map[string]int {
	found := map[string]int{}
	for _, f := range s.w.files(place) {
		found[f.Name]++
	}
	return found
}

// missingFiles are the files that a place lacks, other than those from before it
// gained sight, which the owners had.
func (s *storm) missingFiles() []string {
	var lacking []string
	before := s.shared("owners")
	for _, place := range []string{"sato", "kenshu", "suzuki"} {
		shared := s.shared(place)
		for _, tok := range s.files {
			name := tok + "txt"
			if shared[name] == 0 && before[name] == 0 && !s.unsent[tok] && slices.Contains(places(s.friendOf(tok)), place) {
				lacking = append(lacking, place+" "+name)
			}
		}
	}
	return lacking
}

// checkFiles holds every place to the files of the friends it may see, each once.
func (s *storm) checkFiles() {
	for _, place := range []string{"sato", "kenshu", "suzuki"} {
		for name, times := range s.shared(place) {
			if times > 1 || !slices.Contains(places(s.friendOf(name)), place) {
				s.t.Errorf("%s has the file %s %d times", place, name, times)
			}
		}
	}
}

func (s *storm) friendOf(tok string) (friend int) {
	if _, err := fmt.Sscanf(tok, "m-%d-", &friend); err != nil {
		s.t.Fatalf("%q: %v", tok, err)
	}
	return friend
}

// checkPhones holds what the friends got to what the operators wrote.
func (s *storm) checkPhones() {
	got := map[string]int{}
	for _, f := range s.friends {
		last := map[string]int{}
		for _, text := range s.w.phone(f) {
			got[text]++
			parts := strings.Split(strings.TrimSuffix(text, "."), "-")
			if len(parts) != 3 {
				s.t.Errorf("the phone shows %q, which nobody wrote", text)
				continue
			}
			var n int
			if _, err := fmt.Sscan(parts[2], &n); err != nil {
				s.t.Fatal(err)
			}
			if n < last[parts[1]] {
				s.t.Errorf("%q reached the phone after reply %d", text, last[parts[1]])
			}
			last[parts[1]] = n
		}
	}
	sent, unclear := 0, 0
	for ts, text := range s.replies {
		marks := s.w.marks(placeOf(text), ts)
		switch {
		case got[text] > 1:
			s.t.Errorf("%q reached the friend %d times", text, got[text])
		case strings.Contains(marks, "white_check_mark") && got[text] != 1:
			s.t.Errorf("%q is marked as sent and reached the friend %d times", text, got[text])
		case strings.Contains(marks, "question"):
			unclear++
		default:
			sent += got[text]
		}
	}
	for _, text := range s.refused {
		if got[text] != 0 {
			s.t.Errorf("%q was sent without the right", text)
		}
	}
	s.t.Logf("replies: %d sent, %d unclear, %d refused", sent, unclear, len(s.refused))
	// Only a lost answer to a reply token leaves one unclear: 2 % of the calls,
	// and those that a kill hit.
	if most := len(s.replies)/8 + s.kills; unclear > most {
		s.t.Errorf("%d replies are unclear, want at most %d", unclear, most)
	}
	if sent == 0 || len(s.refused) == 0 {
		s.t.Error("the storm had no replies in it")
	}
}

// blockTexts are all texts of a message's blocks, in the order of reading.
func blockTexts(blocks json.RawMessage) []string {
	var texts []string
	d := json.NewDecoder(bytes.NewReader(blocks))
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if text, ok := v["text"].(string); ok {
				texts = append(texts, text)
			} else if inner, ok := v["text"]; ok {
				walk(inner)
			}
			for _, name := range []string{"elements", "fields"} {
				if inner, ok := v[name]; ok {
					walk(inner)
				}
			}
		}
	}
	var v any
	if d.Decode(&v) == nil {
		walk(v)
	}
	return texts
}
