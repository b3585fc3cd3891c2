package bot

import (
	"context"
	"time"

	"madoguchi/operators"
)

// directEvery is how often a person is answered in a direct message.
const directEvery = time.Hour

// decideDirect answers somebody who wrote to the bot itself, where it reaches
// neither a friend nor a colleague: they may believe that it did.
func (r *Relay) decideDirect(tx Tx, teamID string, ev SlackDirect) error {
	wait, err := tx.Pace(rateKind, "rate:direct:"+teamID+":"+ev.UserID, directEvery.Microseconds(), 1)
	if err != nil || wait > 0 {
		return err
	}
	o, err := r.officeOf(tx, teamID, ev)
	if err != nil {
		return err
	}
	id := newID()
	body := r.Renderer.RenderPost(ev.ChannelID, PostView{
		Locale: o.Settings.Locale, Zone: o.zone, Now: tx.Now(), CallID: id, ThreadTS: ev.ThreadTS,
		Items: []ItemView{{Kind: ItemNotice, At: tx.Now(), Text: o.words.Say("reply.direct"), Danger: true}},
	})
	_, err = tx.AddCall(&Call{
		ID: id, AccountID: o.ID, Lane: "task:" + string(CallDirect) + ":" + id, Kind: CallDirect, Body: body,
		State: CallQueued, CreatedAt: tx.Now(),
	})
	return err
}

// officeOf is the account whose language to speak to a person: the first they
// belong to, and one without settings where there is none.
func (r *Relay) officeOf(tx Tx, teamID string, ev SlackDirect) (*office, error) {
	accounts, err := tx.Accounts()
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		o, err := r.office(tx, a.ID)
		if err != nil {
			return nil, err
		}
		if o.person(teamID, ev.UserTeam, ev.UserID) != (operators.Person{}) {
			return o, nil
		}
	}
	return newOffice(Account{}, nil, nil), nil
}

// answerDirect posts the answer. One whose answer was lost may stand there, and
// is not repeated for so little.
func (r *Relay) answerDirect(ctx context.Context, c Call) error {
	_, err := r.Slack.Post(ctx, c.Body)
	if f := failureOf(err); f != nil && f.Kind != Uncertain {
		return f
	}
	return nil
}
