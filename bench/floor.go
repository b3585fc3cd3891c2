package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"madoguchi/bot/line"
)

// The floors do the least that any program in serve's place would have to do,
// and each a step more than the one before.
const (
	floorVerify = "verify" // checks the signature
	floorInsert = "insert" // stores the body durably, request by request
	floorGroup  = "group"  // stores the bodies that queued up during the last commit together
)

const floorGroupMost = 512

// floor serves one of the floors until ctx ends.
func floor(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	kind := flags.String("kind", floorVerify, "verify, insert or group")
	addr := flags.String("listen", "127.0.0.1:0", "address")
	url := flags.String("database", "", "database URL")
	if err := flags.Parse(args); err != nil {
		return err
	}
	store := func([]byte) error { return nil }
	if *kind != floorVerify {
		keep, err := openFloor(ctx, *url)
		if err != nil {
			return err
		}
		defer keep.db.Close()
		store = keep.one
		if *kind == floorGroup {
			keep.queue = make(chan kept, floorGroupMost)
			go keep.loop(ctx)
			store = keep.together
		}
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !line.Verify([]string{channelSecret}, r.Header.Get("X-Line-Signature"), body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if err := store(body); err != nil {
			fmt.Fprintln(os.Stderr, "floor:", err)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	return serveUntil(ctx, *addr, handler)
}

// keep is a table of bodies.
type keep struct {
	db    *sql.DB
	lite  bool
	queue chan kept
}

type kept struct {
	body []byte
	done chan error
}

func openFloor(ctx context.Context, url string) (*keep, error) {
	db, dialect, err := openDatabase(url)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(16)
	bytea := "BYTEA"
	if dialect == "sqlite" {
		db.SetMaxOpenConns(1)
		bytea = "BLOB"
	}
	db.SetMaxIdleConns(16)
	_, err = db.ExecContext(ctx, "CREATE TABLE floor (event_key TEXT PRIMARY KEY, raw "+bytea+" NOT NULL)")
	return &keep{db: db, lite: dialect == "sqlite"}, err
}

// keyOf finds the event's id without decoding the body.
func keyOf(body []byte) string {
	_, rest, _ := strings.Cut(string(body), `"webhookEventId":"`)
	key, _, _ := strings.Cut(rest, `"`)
	return key
}

func (k *keep) one(body []byte) error {
	_, err := k.db.ExecContext(context.Background(), k.insert(1), keyOf(body), body)
	return err
}

func (k *keep) insert(rows int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO floor (event_key, raw) VALUES ")
	for i := range rows {
		if i > 0 {
			s.WriteByte(',')
		}
		if k.lite {
			s.WriteString("(?,?)")
			continue
		}
		s.WriteString("($" + strconv.Itoa(2*i+1) + ",$" + strconv.Itoa(2*i+2) + ")")
	}
	return s.String() + " ON CONFLICT DO NOTHING"
}

func (k *keep) together(body []byte) error {
	one := kept{body, make(chan error, 1)}
	k.queue <- one
	return <-one.done
}

func (k *keep) loop(ctx context.Context) {
	for {
		var batch []kept
		select {
		case one := <-k.queue:
			batch = append(batch, one)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(batch) < floorGroupMost; {
			select {
			case one := <-k.queue:
				batch = append(batch, one)
			default:
				more = false
			}
		}
		args := make([]any, 0, 2*len(batch))
		for _, one := range batch {
			args = append(args, keyOf(one.body), one.body)
		}
		_, err := k.db.ExecContext(ctx, k.insert(len(batch)), args...)
		for _, one := range batch {
			one.done <- err
		}
	}
}
