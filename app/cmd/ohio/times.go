package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// date is how every table shows a time: in UTC, to the minute.
func date(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// moment is a time as people say it: a date, which is its midnight in UTC, a
// time in RFC 3339, or how long ago. The zero value is a flag that was left
// out.
type moment struct {
	at  time.Time
	ago *time.Duration // before now, instead of at
}

// UnmarshalText reads a moment.
func (m *moment) UnmarshalText(text []byte) error {
	said := string(text)
	if ago, ok := ago(said); ok {
		*m = moment{ago: &ago}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, said); err == nil {
			*m = moment{at: at.UTC()}
			return nil
		}
	}
	return fmt.Errorf("%q is no time: write a date (2026-11-26, from midnight UTC), a time (2026-11-26T21:30:00Z) or how long ago (24h, 7d)", said)
}

// maxAgo is in days: a century, far below what a duration holds.
const maxAgo = 36_500

// ago reads a duration that may begin with days.
func ago(said string) (d time.Duration, ok bool) {
	if days, rest, found := strings.Cut(said, "d"); found {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > maxAgo {
			return 0, false
		}
		d = time.Duration(n) * 24 * time.Hour
		if said = rest; said == "" {
			return d, true
		}
	}
	part, err := time.ParseDuration(said)
	if err != nil || part < 0 || part > maxAgo*24*time.Hour {
		return 0, false
	}
	return d + part, true
}

// from gives the time; zero when nothing was said.
func (m moment) from(now time.Time) time.Time {
	if m.ago != nil {
		return now.Add(-*m.ago)
	}
	return m.at
}
