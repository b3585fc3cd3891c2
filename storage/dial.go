package storage

import (
	"context"
	"net"
	"time"
)

// silence is how long an answer of the database is waited for. No statement may
// take so long, so only a connection runs into it at whose other end nobody is
// left; TCP itself would wait for a quarter of an hour.
const silence = 15 * time.Second

// impatient dials connections that break when nothing comes for some time while
// something is waited for. It is a pq.Dialer.
type impatient struct {
	dialer net.Dialer
	limit  time.Duration
}

func (d impatient) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d impatient) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

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
	until time.Time // what the driver allows for making the connection; zero afterwards
}

func (c *limited) SetDeadline(until time.Time) error {
	c.until = until
	return c.Conn.SetDeadline(until)
}

func (c *limited) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *limited) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(c.deadline()); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *limited) deadline() time.Time {
	at := time.Now().Add(c.limit)
	if !c.until.IsZero() && c.until.Before(at) {
		return c.until
	}
	return at
}
