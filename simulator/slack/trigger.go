package slack

import "time"

// triggerLife is how long a trigger id opens a view.
const triggerLife = 3 * time.Second

// trigger is a person's action that entitles the app to open one view.
type trigger struct {
	user    string
	view    *view // the view it happened in
	expires time.Time
	used    bool
}

// newTrigger gives out a trigger id. The caller holds mu.
func (w *Workspace) newTrigger(user string, in *view) string {
	id := newID("") + "." + newID("") + "." + newID("")
	w.triggers[id] = &trigger{user: user, view: in, expires: w.now().Add(triggerLife)}
	return id
}

// exchange uses a trigger up.
func (w *Workspace) exchange(method, id string) (*trigger, error) {
	t := w.triggers[id]
	switch {
	case t == nil:
		return nil, refuse("invalid_trigger_id")
	case t.used:
		w.violate(method, "a trigger id used twice")
		return nil, refuse("exchanged_trigger_id")
	case w.now().After(t.expires):
		w.violate(method, "a trigger id older than 3 s")
		return nil, refuse("expired_trigger_id")
	}
	t.used = true
	return t, nil
}
