package bot

import (
	"encoding/json"
	"strconv"
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
		alert := hourlyAlert(e.AccountID, e.At, errand{What: whatParked, Reason: e.Broken})
		if told[alert.AccountID+alert.Key] {
			continue
		}
		told[alert.AccountID+alert.Key] = true
		all = append(all[:len(all):len(all)], alert)
	}
	return all
}

// MismatchAlert has the owners told, once an hour, that an event came again
// with other content. at is our time, so that whoever can sign such events does
// not choose how often.
func MismatchAlert(accountID string, at int64) Incoming {
	return hourlyAlert(accountID, at, errand{What: whatMismatch})
}

// hourlyAlert is an event by which the owners are told something: the same one
// throughout an hour, and so stored and told once.
func hourlyAlert(accountID string, at int64, work errand) Incoming {
	raw, err := json.Marshal(work)
	if err != nil { // only strings
		panic(err)
	}
	hour := strconv.FormatInt(hourOf(at), 10)
	return Incoming{
		Source: FromSelf, AccountID: accountID, Key: work.What + ":" + hour + ":" + work.Reason,
		Lane: work.What + ":" + accountID, At: at, Raw: raw,
	}
}

// tellParked tells the owners that something arrived that cannot be read.
func (r *Relay) tellParked(tx Tx, accountID, reason string) error {
	if reason == Strayed {
		return r.tellOwnersOf(tx, accountID, "relay.strayed")
	}
	return r.tellOwnersOf(tx, accountID, "relay.unreadable")
}

func (r *Relay) tellOwnersOf(tx Tx, accountID, words string) error {
	o, err := r.office(tx, accountID)
	if err != nil {
		return err
	}
	return r.tellOwners(tx, o, o.words.Say(words))
}
