// Package slack is the relay's side towards Slack: events, interactions and
// slash commands in, over signed HTTP or Socket Mode; posts, cards and modals
// out. Conversions in both directions are pure. No type of the vendor's SDK
// leaves this package.
package slack
