package storage

import (
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Impatient is what a store on PostgreSQL dials with, with another limit.
func Impatient(limit time.Duration) pgconn.DialFunc { return impatient{limit: limit}.DialContext }

// Statements returns the texts that a store on SQLite has prepared so far.
func Statements(s *Store) []string {
	e := s.engine.(*sqliteEngine)
	var sessions []*session
	for range readSessions {
		sessions = append(sessions, <-e.readers)
	}
	var texts []string
	for _, s := range sessions {
		for text := range s.prepared {
			texts = append(texts, text)
		}
		e.readers <- s
	}
	// The commit loop is idle: its caller has had all answers.
	for text := range e.writer.prepared {
		texts = append(texts, text)
	}
	return texts
}

// SomebodyWaits reports whether what was handed to writeFirst has not begun.
func (s *Store) SomebodyWaits() bool {
	e, ok := s.engine.(*sqliteEngine)
	return ok && len(e.urgent) > 0
}
