package bot

import "slices"

func (r *Relay) decideMember(tx Tx, teamID string, ev SlackMember) error {
	c, err := tx.SlackChannelBySlackID(teamID, ev.ChannelID)
	if err != nil {
		return ignoreNotFound(err)
	}
	o, err := r.office(tx, c.AccountID)
	if err != nil {
		return err
	}
	belong, may := o.members(c.Place)
	id, _ := r.Identity()
	stop := ""
	if ev.Joined && ev.UserID != id.BotUserID && !slices.Contains(belong, ev.UserID) && !slices.Contains(may, ev.UserID) {
		stop = "stranger"
	}
	return r.reconcileRoom(tx, teamID, ev.ChannelID, stop)
}

func (r *Relay) decideRoom(tx Tx, teamID string, ev SlackRoom) error {
	// What was let in must not be read until somebody looked.
	stop := map[string]string{"shared": "shared", "public": "public"}[ev.Change]
	if ev.Change == "id_changed" && ev.NewID != "" || ev.Change == "deleted" {
		c, err := lockRoom(tx, teamID, ev.ChannelID)
		if err != nil {
			return ignoreNotFound(err)
		}
		// A deleted one is made anew. Its threads open there with their next
		// post, like those whose first post was deleted.
		if c.ChannelID = ev.NewID; ev.Change == "deleted" {
			c.State, c.Reason = ChannelWanted, ""
		}
		if err := tx.SaveSlackChannel(&c); err != nil {
			return err
		}
		return r.addTask(tx, c.AccountID, CallReconcile, c.ID)
	}
	return r.reconcileRoom(tx, teamID, ev.ChannelID, stop)
}

// lockRoom locks the row of a Slack channel.
func lockRoom(tx Tx, teamID, channelID string) (SlackChannel, error) {
	c, err := tx.SlackChannelBySlackID(teamID, channelID)
	if err != nil {
		return c, err
	}
	return tx.LockSlackChannel(c.ID)
}

func (r *Relay) reconcileRoom(tx Tx, teamID, channelID, stop string) error {
	c, err := lockRoom(tx, teamID, channelID)
	if err != nil {
		return ignoreNotFound(err)
	}
	if stop != "" && c.State == ChannelReady {
		c.State, c.Reason = ChannelStopped, "checking_"+stop
		if err := tx.SaveSlackChannel(&c); err != nil {
			return err
		}
	}
	return r.addTask(tx, c.AccountID, CallReconcile, c.ID)
}

// decideUser notes that a person's Slack account was ended, or is in use again:
// from there on nothing of theirs goes out. It stops posting when the app lost
// its rights.
func (r *Relay) decideUser(tx Tx, ev SlackUserChange) error {
	accounts, err := tx.Accounts()
	if err != nil {
		return err
	}
	if ev.Revoked {
		_, err := tx.SetPause(Pause{Connection: slackPause, Code: "token_revoked", Since: tx.Now(), RetryAt: tx.Now() + slackRetry.Milliseconds()})
		return err
	}
	for _, a := range accounts {
		o, err := r.office(tx, a.ID)
		if err != nil {
			return err
		}
		if ev.Deleted {
			err = r.userEnded(tx, o, ev.UserID)
		} else if slices.Contains(o.inactive, ev.UserID) { // of most users Slack tells that they changed their picture
			_, err = tx.SetInactive(a.ID, ev.UserID, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// userEnded notes that the Slack account of a person was ended, and tells the
// owners once.
func (r *Relay) userEnded(tx Tx, o *office, userID string) error {
	p, ok := o.people.BySlackUser(userID)
	if !ok {
		return nil
	}
	changed, err := tx.SetInactive(o.ID, userID, true)
	if err != nil || !changed {
		return err
	}
	if err := r.tellOwners(tx, o, o.words.Say("relay.user_deactivated", p.Name)); err != nil {
		return err
	}
	return r.askReconcile(tx, o.ID)
}
