package slack

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// page cuts out of all what the call's cursor and limit ask for, and returns
// the response_metadata that leads to the rest.
func page[T any](c *call, all []T, otherwise int) ([]T, map[string]any, error) {
	from, err := cursorPosition(c.args["cursor"])
	if err != nil || from > len(all) {
		return nil, nil, refuse("invalid_cursor")
	}
	to := min(from+min(c.int("limit", otherwise), 1000), len(all))
	next := ""
	if to < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(to)))
	}
	return all[from:to], map[string]any{"next_cursor": next}, nil
}

func cursorPosition(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	raw, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return 0, refuse("invalid_cursor")
	}
	n, err := strconv.Atoi(strings.TrimPrefix(string(raw), "next:"))
	if err != nil || n < 0 {
		return 0, refuse("invalid_cursor")
	}
	return n, nil
}
