package slack

import (
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/text/unicode/norm"

	"madoguchi/bot"
	"madoguchi/bot/words"
)

// The fields of our modals: the id of the block and of the element in it.
const (
	tagsField = "tags"
	noteField = "note"
)

// maxOptions is how many entries Slack takes in one menu; with more, the menu
// asks for those that fit what is typed.
const maxOptions = 100

// tagsModal offers all tags, those of the friend chosen already. Of more tags
// than a menu shows as chosen, the rest stays as it is, and the modal says so.
func tagsModal(a bot.Action, c bot.TagChoices) []byte {
	w := words.In(c.Locale)
	if len(c.All) == 0 {
		return refusalModal(w, w.Say("slack.tags.none"))
	}
	menu := slackapi.NewOptionsMultiSelectBlockElement(slackapi.MultiOptTypeStatic, plain(w.Say("slack.tags.search")), tagsField)
	if len(c.All) <= maxOptions {
		menu.Options = options(c.All)
	} else {
		menu.Type = slackapi.MultiOptTypeExternal
		none := 0
		menu.MinQueryLength = &none
	}
	set := slices.DeleteFunc(slices.Clone(c.All), func(choice bot.Choice) bool {
		return !slices.Contains(c.Set, choice.ID)
	})
	var hint *slackapi.TextBlockObject
	if left := len(set) - maxOptions; left > 0 {
		hint = plain(w.Say("slack.tags.more", left))
		set = set[:maxOptions]
	}
	menu.InitialOptions = options(set)
	field := slackapi.NewInputBlock(tagsField, plain(w.Say("slack.tags.label", DisplayName(c.FriendName))), hint, menu)
	field.Optional = true // a friend may have no tag at all
	ids := make([]string, len(set))
	for i, choice := range set {
		ids[i] = choice.ID
	}
	a.SetBefore(ids) // so that the submission changes only what the person touched
	return modal(w, a, w.Say(label(a.Name)), field)
}

// noteModal asks for an internal note.
func noteModal(a bot.Action, w words.Catalogue) []byte {
	input := slackapi.NewPlainTextInputBlockElement(nil, noteField)
	input.Multiline = true
	field := slackapi.NewInputBlock(noteField, plain(w.Say("slack.note.label")), plain(w.Say("slack.note.hint")), input)
	return modal(w, a, w.Say("slack.note.title"), field)
}

// modal is a modal with one field. What it is for comes back with what the
// person sends in.
func modal(w words.Catalogue, a bot.Action, title string, field slackapi.Block) []byte {
	return encode(slackapi.ModalViewRequest{
		Type:            slackapi.VTModal,
		Title:           modalLabel(title),
		Submit:          modalLabel(w.Say("slack.modal.submit")),
		Close:           modalLabel(w.Say("slack.modal.cancel")),
		CallbackID:      string(a.Name),
		PrivateMetadata: encodeAction(a),
		Blocks:          slackapi.Blocks{BlockSet: []slackapi.Block{field}},
	})
}

// refusalModal says why there is nothing to fill in. Unlike an ephemeral
// message it always arrives.
func refusalModal(w words.Catalogue, why string) []byte {
	return encode(slackapi.ModalViewRequest{
		Type:   slackapi.VTModal,
		Title:  modalLabel(w.Say("slack.modal.refused")),
		Close:  modalLabel(w.Say("slack.modal.close")),
		Blocks: slackapi.Blocks{BlockSet: []slackapi.Block{slackapi.NewSectionBlock(plain(cutUnits(why, maxRun)), nil, nil)}},
	})
}

// modalLabel keeps to the 24 characters that Slack takes.
func modalLabel(s string) *slackapi.TextBlockObject {
	return plain(cutRunes(s, 24))
}

func options(choices []bot.Choice) []*slackapi.OptionBlockObject {
	var out []*slackapi.OptionBlockObject
	for _, c := range choices {
		out = append(out, slackapi.NewOptionBlockObject(c.ID, plain(cutRunes(DisplayName(c.Name), maxLabel)), nil))
	}
	return out
}

// menuOptions is the answer to a menu that asks for its options.
type menuOptions struct {
	Options []*slackapi.OptionBlockObject `json:"options"`
}

// suggestions are the choices whose names contain what was typed, however wide
// or large the letters are.
func suggestions(all []bot.Choice, typed string) menuOptions {
	typed = folded(typed)
	var fitting []bot.Choice
	for _, c := range all {
		if len(fitting) == maxOptions {
			break
		}
		if strings.Contains(folded(c.Name), typed) {
			fitting = append(fitting, c)
		}
	}
	out := menuOptions{Options: options(fitting)}
	if out.Options == nil {
		out.Options = []*slackapi.OptionBlockObject{}
	}
	return out
}

// folded makes names comparable that differ only in how they were typed.
func folded(s string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s)))
}
