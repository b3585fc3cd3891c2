package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"madoguchi/config"
)

// Profiles are served on their own address until serve ends, and an address
// that is taken is said by its variable.
func TestProfiles(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{env: &config.Environment{PprofAddr: taken.Addr().String()}, log: slog.New(slog.DiscardHandler)}
	if err := s.serveProfiles(t.Context()); err == nil || !strings.Contains(err.Error(), "PPROF_ADDR: ") {
		t.Errorf("an address that is taken: %v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.serveProfiles(ctx) }()
	for {
		answer, err := http.Get("http://" + s.env.PprofAddr + "/debug/pprof/goroutine?debug=1")
		if err != nil {
			select {
			case err := <-ended:
				t.Fatalf("it does not serve: %v", err)
			default:
				continue
			}
		}
		body, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil || !strings.Contains(string(body), "goroutine profile:") {
			t.Errorf("the profile of goroutines: %.60q, %v", body, err)
		}
		break
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("after its end: %v", err)
	}
}
