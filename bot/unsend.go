package bot

// unsend takes a message out of everything that holds it: the database, the
// raw event, the file store, and every post. It also works before the message
// arrives. An edited message is there once for each of its wordings.
func (r *Relay) unsend(tx Tx, o *office, f *Friend, lineID string) error {
	if lineID == "" {
		return nil
	}
	if err := tx.Bury(o.ID, lineID); err != nil {
		return err
	}
	if err := tx.RedactEvents(o.ID, lineID); err != nil {
		return err
	}
	messages, err := tx.MessagesByLINEID(o.ID, lineID)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.FriendID != f.ID || m.Unsent {
			continue
		}
		if err := r.forget(tx, m); err != nil {
			return err
		}
	}
	return nil
}

func (r *Relay) forget(tx Tx, m Message) error {
	m.Unsent = true
	m.Content = []byte(`{"kind":"other"}`)
	m.Text = ""
	if err := tx.SaveMessage(&m); err != nil {
		return err
	}
	if m.MediaKey != "" {
		if err := r.addTask(tx, m.AccountID, CallMediaErase, m.ID); err != nil {
			return err
		}
	}
	return r.redrawMessage(tx, m)
}
