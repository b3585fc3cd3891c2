package slack

import (
	"encoding/json"
	"fmt"
	"testing"

	"madoguchi/bot"
)

// The modal of a friend with many tags carries which ones it shows as chosen,
// within Slack's limits, and tells of those that it does not show.
func TestTagModalOfAFriendWithManyTags(t *testing.T) {
	const id = "018f0000-0000-7000-8000-000000000000"
	for on, want := range map[int]struct {
		shown int
		hint  string
	}{
		61:  {61, ""},
		100: {100, ""},
		150: {100, "ほかに50個のタグが付いていますが、一度に表示できるのは100個までです。残りのタグは、表示中のタグを外して保存すると、次に開いたときに表示されます。"},
	} {
		c := bot.TagChoices{Locale: "ja", FriendName: "花子"}
		for i := range 160 {
			tag := fmt.Sprintf("018f0000-0000-7000-8000-%012d", i)
			c.All = append(c.All, bot.Choice{ID: tag, Name: fmt.Sprintf("タグ%d", i)})
			if i < on {
				c.Set = append(c.Set, tag)
			}
		}
		var v struct {
			Private string `json:"private_metadata"`
			Blocks  []struct {
				Hint struct {
					Text string `json:"text"`
				} `json:"hint"`
				Element struct {
					Initial []menuEntry `json:"initial_options"`
				} `json:"element"`
			} `json:"blocks"`
		}
		if err := json.Unmarshal(tagsModal(bot.Action{Name: bot.ActTags, AccountID: id, FriendID: id}, c), &v); err != nil {
			t.Fatal(err)
		}
		field := v.Blocks[0]
		if len(field.Element.Initial) != want.shown || field.Hint.Text != want.hint {
			t.Errorf("of %d tags %d are shown, with the hint %q", on, len(field.Element.Initial), field.Hint.Text)
		}
		if len(v.Private) > 3000 {
			t.Errorf("with %d tags the modal carries %d letters", on, len(v.Private))
		}
		a, ok := decodeAction(v.Private)
		if !ok {
			t.Fatalf("the modal carries %s", v.Private)
		}
		for i, choice := range c.All {
			if got := a.WasSet(choice.ID); got != (i < want.shown) {
				t.Errorf("of %d tags the modal carries tag %d as set: %t", on, i, got)
			}
		}
	}
}
