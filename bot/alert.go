package bot

import (
	"encoding/json"
	"strconv"
	"time"
)

// WithAlerts adds to events of which some could not be read what has the owners
// told of it: stored with them, once an hour for each account and reason. Who
// sent them was told that all is well, so nobody else would notice.
func WithAlerts(events []Incoming) []Incoming {
	all := events
	told := map[string]bool{}
	for _, e := range events {
		if e.Broken == "" || e.AccountID == "" {
			continue
		}
		hour := e.At - e.At%time.Hour.Milliseconds()
		key := "parked:" + strconv.FormatInt(hour, 10) + ":" + e.Broken
		if told[e.AccountID+key] {
			continue
		}
		told[e.AccountID+key] = true
		raw, err := json.Marshal(errand{What: whatParked, Reason: e.Broken})
		if err != nil { // only strings
			panic(err)
		}
		all = append(all[:len(all):len(all)], Incoming{
			Source: FromSelf, AccountID: e.AccountID, Key: key, Lane: "parked:" + e.AccountID, At: e.At, Raw: raw,
		})
	}
	return all
}

// tellParked tells the owners that something arrived that cannot be read.
func (r *Relay) tellParked(tx Tx, accountID, reason string) error {
	o, err := r.office(tx, accountID)
	if err != nil {
		return err
	}
	key := "relay.unreadable"
	if reason == Strayed {
		key = "relay.strayed"
	}
	return r.tellOwners(tx, o, o.words.Say(key))
}
