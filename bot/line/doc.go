// Package line is the relay's side of the LINE Messaging API: webhooks in,
// calls out, and the pure conversions between LINE's JSON and the relay's
// words.
//
// What LINE sends is read member by member, so that a member of an unexpected
// type costs that member and never the event, and an event never its
// neighbours. Nothing here logs or returns a message's text, a token or a
// user id.
package line
