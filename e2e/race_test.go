//go:build race

package e2e

import "time"

// raceEnabled has the binary built with the race detector when the tests are.
const raceEnabled = true

// prompt is how long what happens "within two seconds" may take. The race
// detector slows every process and the tests run beside each other, so it is
// wider here; it still tells what happens by itself from what only the next
// message or the next start would bring.
const prompt = 15 * time.Second
