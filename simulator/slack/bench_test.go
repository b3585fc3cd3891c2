package slack_test

import (
	"net/http/httptest"
	"testing"

	slackgo "github.com/slack-go/slack"

	"madoguchi/simulator/slack"
)

// BenchmarkPostInThread posts into one growing thread, which must not make a
// post dearer.
func BenchmarkPostInThread(b *testing.B) {
	w := slack.New(slack.Options{RetryDelays: quick})
	defer w.Close()
	server := httptest.NewServer(w)
	defer server.Close()
	api := slackgo.New(w.Options().BotToken, slackgo.OptionAPIURL(server.URL+"/api/"))
	ch, err := api.CreateConversation(slackgo.CreateConversationParams{ChannelName: "bench", IsPrivate: true})
	if err != nil {
		b.Fatal(err)
	}
	_, root, err := api.PostMessage(ch.ID, text("card"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := api.PostMessage(ch.ID, text("hello"), slackgo.MsgOptionTS(root)); err != nil {
			b.Fatal(err)
		}
	}
}
