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
