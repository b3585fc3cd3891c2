package slack

import "time"

// meter counts the events of the last hour, by minute.
type meter struct {
	minutes [60]int
	minute  int64 // the newest minute counted
	told    int64 // the minute in which app_rate_limited was last sent
	sum     int
}

type metered int

const (
	within  metered = iota
	over            // dropped
	overNow         // dropped, and the first of its minute: the app is told
)

func (m *meter) take(now time.Time, limit int) metered {
	if limit <= 0 {
		return within
	}
	minute := now.Unix() / 60
	for steps := min(minute-m.minute, 60); steps > 0; steps-- {
		i := (minute - steps + 1) % 60
		m.sum -= m.minutes[i]
		m.minutes[i] = 0
	}
	m.minute = max(m.minute, minute)
	if m.sum < limit {
		m.minutes[m.minute%60]++
		m.sum++
		return within
	}
	if m.told == minute {
		return over
	}
	m.told = minute
	return overNow
}
