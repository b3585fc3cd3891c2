//go:build !race

package e2e

import "time"

const raceEnabled = false

// prompt is how long what happens "within two seconds" may take.
const prompt = 2 * time.Second
