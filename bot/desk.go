package bot

import "context"

// Desk answers, synchronously and without changing anything, what a person
// asks in Slack: what a modal should offer and what /madoguchi should list.
// Everything it returns is already cut to what that person may see.
type Desk interface {
	// TagChoices is what the tag modal offers for a friend, or the refusal.
	TagChoices(ctx context.Context, userID string, a Action) (TagChoices, *Refusal, error)
	// Waiting lists who waits for an answer, longest first.
	Waiting(ctx context.Context, userID, channelID string) (Listing, *Refusal, error)
	// Find lists friends by (a part of) their name.
	Find(ctx context.Context, userID, channelID, name string) (Listing, *Refusal, error)
	// Operators lists the operators; for owners.
	Operators(ctx context.Context, userID, channelID string) (Listing, *Refusal, error)
	// Locale is the language to speak to this person in this Slack channel.
	Locale(ctx context.Context, userID, channelID string) string
}

// Refusal is why a person may not do something, in words for that person.
type Refusal struct {
	Words string
}

// TagChoices are all tags of an account and those a friend has.
type TagChoices struct {
	Locale     string
	FriendName string
	All        []Choice
	Set        []string // ids
}

// Choice is one entry to choose, by id.
type Choice struct {
	ID   string
	Name string
}

// Listing is an answer of /madoguchi.
type Listing struct {
	Locale string
	Title  string
	Groups []ListingGroup
	More   int  // how many entries were left out
	Cut    bool // there were too many to look at, so there may be still more
}

// ListingGroup is a heading (a tag, or "") and its entries.
type ListingGroup struct {
	Name    string
	Entries []ListingEntry
}

// ListingEntry is one line. Link leads to the thread in the reader's own Slack
// channel; where there is none, Open is the button that makes one.
type ListingEntry struct {
	Title  string
	Mark   string // short, and most likely no other entry's; shown where several have the same title
	Detail string
	Link   string
	Open   *Action
}
