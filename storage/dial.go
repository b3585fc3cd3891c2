package storage

import (
	"context"
	"net"
	"sync"
	"time"
)

// silence is how long an answer of the database is waited for. No statement may
// take so long, so only a connection runs into it at whose other end nobody is
// left; TCP itself would wait for a quarter of an hour.
const silence = 15 * time.Second

// impatient dials connections that break when nothing comes for some time while
// something is waited for.
type impatient struct {
	dialer net.Dialer
	limit  time.Duration
}

// DialContext is a pgconn.DialFunc.
func (d impatient) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &limited{Conn: conn, limit: d.limit}, nil
}

// limited is a connection of which every reading and writing is limited.
type limited struct {
	net.Conn
	limit time.Duration

	// The driver interrupts a reading by a deadline in the past, from another
	// goroutine: it must not be overwritten by one that was reckoned before.
	mu    sync.Mutex
	until time.Time // the driver's own deadline; zero for none
}

func (c *limited) SetDeadline(until time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = until
	return c.Conn.SetDeadline(until)
}

func (c *limited) Read(p []byte) (int, error) {
	if err := c.allow(c.SetReadDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *limited) Write(p []byte) (int, error) {
	if err := c.allow(c.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// allow sets the deadline of what is about to be done.
func (c *limited) allow(set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Now().Add(c.limit)
	if !c.until.IsZero() && c.until.Before(at) {
		at = c.until
	}
	return set(at)
}
