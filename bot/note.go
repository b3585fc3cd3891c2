package bot

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"madoguchi/operators"
)

// notePrefix at the start of a reply makes it an internal note; see noteText.
const notePrefix = "//"

// noteText returns what an internal note says. ok is false for what is meant for
// the friend, and then it is all of the text. A Japanese keyboard types the
// slashes, and a space before them, in full width; taking those for the friend's
// to read would show them what is said about them.
func noteText(text string) (note string, ok bool) {
	rest := strings.TrimLeftFunc(text, unicode.IsSpace)
	for range notePrefix {
		letter, size := utf8.DecodeRuneInString(rest)
		if letter != '/' && letter != '／' {
			return text, false
		}
		rest = rest[size:]
	}
	return strings.TrimSpace(rest), true
}

// isNote reports whether a reply was written as an internal note.
func (rp *Reply) isNote() bool {
	_, note := noteText(rp.Text)
	return note
}

// keepNoteWithFiles keeps what was written as an internal note, and says what
// becomes of files that came with it: they stay where they are.
func (w *written) keepNoteWithFiles() error {
	if err := w.relay.keepNote(w.tx, w.office, &w.friend, &w.reply); err != nil || len(w.event.Files) == 0 {
		return err
	}
	return w.relay.answer(w.tx, w.office, &w.reply, ItemView{Text: w.office.words.Say("reply.note_files"), Danger: true})
}

// keepNote stores an internal note and shows it to the others who may view.
func (r *Relay) keepNote(tx Tx, o *office, f *Friend, rp *Reply) error {
	text, _ := noteText(rp.Text)
	m := Message{
		ID: newID(), AccountID: o.ID, FriendID: f.ID, Kind: ItemNote, At: tx.Now(), ReceivedAt: tx.Now(),
		Text: text, AuthorID: rp.UserID, AuthorName: rp.AuthorName, Content: []byte("{}"),
	}
	if err := tx.AddMessage(&m); err != nil {
		return err
	}
	rp.MessageID = m.ID
	if err := r.mirror(tx, o, f, m, rp.ThreadID); err != nil {
		return err
	}
	if err := r.audit(tx, o, rp.UserID, "note", f.ID, true, nil); err != nil {
		return err
	}
	return r.receipt(tx, o, rp, ReplyNote, "")
}

// becomeNote makes a note of a reply that had not gone yet. Whoever may reply
// may still not be one who may write notes.
func (r *Relay) becomeNote(tx Tx, o *office, f *Friend, rp *Reply) error {
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return err
	}
	person := o.person(rp.TeamID, "", rp.UserID)
	d := o.people.Decide(person, operators.Friend{ID: f.ID, Tags: onTags(tags)}, operators.Action{Right: operators.View})
	if !d.Allowed {
		return r.refuse(tx, o, f, rp, string(d.Reason), d.Sets)
	}
	return r.keepNote(tx, o, f, rp)
}

func (r *Relay) editNote(tx Tx, rp *Reply, text string) error {
	if err := tx.SaveReply(rp); err != nil {
		return err
	}
	m, err := tx.Message(rp.MessageID)
	if err != nil {
		return err
	}
	note, _ := noteText(text) // it stays a note, also without its prefix
	m.Text = strings.TrimSpace(note)
	if err := tx.SaveMessage(&m); err != nil {
		return err
	}
	return r.redrawMessage(tx, m)
}

// mayChangeNote tells whether the author of a note may still view the friend:
// a note is shown to colleagues, whoever changes it later.
func (r *Relay) mayChangeNote(tx Tx, o *office, f *Friend, rp *Reply) (bool, error) {
	tags, err := tx.FriendTags(f.ID)
	if err != nil {
		return false, err
	}
	d := o.people.Decide(o.person(rp.TeamID, "", rp.UserID), operators.Friend{ID: f.ID, Tags: onTags(tags)},
		operators.Action{Right: operators.View})
	if d.Allowed {
		return true, nil
	}
	return false, r.audit(tx, o, rp.UserID, "note", f.ID, false, d.Sets, "reason", string(d.Reason))
}
