package line

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// UserID returns a LINE user id, always the same for n.
func UserID(n int) string { return fmt.Sprintf("U%032x", n) }

// GroupID returns a LINE group id, always the same for n.
func GroupID(n int) string { return fmt.Sprintf("C%032x", n) }

// RoomID returns the id of a multi-person chat, always the same for n.
func RoomID(n int) string { return fmt.Sprintf("R%032x", n) }

// token returns a random hexadecimal string of n bytes.
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func requestID() string {
	s := token(16)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// eventID returns a ULID of the given time: 10 characters of time, 4 that grow
// (two events of one millisecond keep their order), 12 of chance. The caller
// holds mu.
func (p *Platform) eventID(at time.Time) string {
	id := make([]byte, 26)
	ms := at.UnixMilli()
	for i := 9; i >= 0; i-- {
		id[i] = crockford[ms&31]
		ms >>= 5
	}
	p.lastEvent++
	for i, n := 13, p.lastEvent; i >= 10; i-- {
		id[i] = crockford[n&31]
		n >>= 5
	}
	_, _ = rand.Read(id[14:]) // never fails
	for i := 14; i < len(id); i++ {
		id[i] = crockford[id[i]&31]
	}
	return string(id)
}

// messageID returns the next message id. The caller holds mu.
func (p *Platform) messageID() string {
	p.lastID++
	return strconv.FormatInt(p.lastID, 10)
}
