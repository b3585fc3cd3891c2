// Package e2e tries the promises through the real binary: a process, a real
// database (SQLite and PostgreSQL), and a simulated LINE and Slack that keep
// the platforms' rules and a ledger of what they accepted.
package e2e
