package demo

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

const (
	maxAct    = 256 << 10
	maxUpload = 10 << 20
)

// errNoSuchAct is what an act answers that the page does not know.
var errNoSuchAct = errors.New("there is no such act")

// readAct reads the body of an act, which is JSON.
func readAct(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAct))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, "an act that cannot be read", http.StatusBadRequest)
		return false
	}
	return true
}

func readUpload(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil || len(raw) == 0 {
		http.Error(w, "a file that is empty or too large", http.StatusBadRequest)
		return nil, false
	}
	return raw, true
}

// finish answers an act: with what came of it, or why it was refused.
func (d *Demo) finish(w http.ResponseWriter, r *http.Request, result any, err error) {
	status := http.StatusOK
	switch {
	case errors.Is(err, errNoSuchAct):
		status = http.StatusNotFound
	case err != nil:
		status = http.StatusUnprocessableEntity
	}
	if err != nil {
		d.log.DebugContext(r.Context(), "an act on the demo's page", "path", r.URL.Path, "error", err)
		result = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(result); err != nil {
		d.log.DebugContext(r.Context(), "answering the demo's page", "error", err)
	}
}
