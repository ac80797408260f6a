package stack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Daily is a span of every day, UTC, that may pass midnight.
type Daily struct {
	Start, End int // minutes of the day, 0 to 1439
}

// Weekly is a span that starts on one day of the week, UTC.
type Weekly struct {
	Day time.Weekday
	Daily
}

const dayMinutes = 24 * 60

var (
	dailyPattern  = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$`)
	weeklyPattern = regexp.MustCompile(`^([a-z]{3}):(\d\d:\d\d)-(?:([a-z]{3}):)?(\d\d:\d\d)$`)
)

// UnmarshalText reads hh:mm-hh:mm.
func (d *Daily) UnmarshalText(text []byte) error {
	m := dailyPattern.FindStringSubmatch(string(text))
	if m == nil {
		return fmt.Errorf("%q is not a window such as 03:00-04:00", text)
	}
	var n [4]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // the pattern admits digits only
	}
	*d = Daily{Start: n[0]*60 + n[1], End: n[2]*60 + n[3]}
	if d.Start == d.End {
		return fmt.Errorf("window %q ends where it starts", text)
	}
	return nil
}

// UnmarshalText reads ddd:hh:mm-hh:mm and AWS's ddd:hh:mm-ddd:hh:mm.
func (w *Weekly) UnmarshalText(text []byte) error {
	wrong := fmt.Errorf("%q is not a window such as sun:04:00-05:00", text)
	m := weeklyPattern.FindStringSubmatch(string(text))
	if m == nil {
		return wrong
	}
	day, known := weekday(m[1])
	if !known || w.Daily.UnmarshalText([]byte(m[2]+"-"+m[4])) != nil {
		return wrong
	}
	w.Day = day
	if m[3] != "" && m[3] != short(w.endDay()) {
		return fmt.Errorf("window %q is longer than a day", text)
	}
	return nil
}

// String is the window as RDS and ElastiCache write it.
func (d Daily) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", d.Start/60, d.Start%60, d.End/60, d.End%60)
}

// String is the window as RDS and ElastiCache write it: the day stands twice.
func (w Weekly) String() string {
	return fmt.Sprintf("%s:%02d:%02d-%s:%02d:%02d", short(w.Day), w.Start/60, w.Start%60, short(w.endDay()), w.End/60, w.End%60)
}

// Length is how long the window lasts.
func (d Daily) Length() time.Duration {
	return time.Duration((d.End-d.Start+dayMinutes)%dayMinutes) * time.Minute
}

// Overlaps reports whether the two share a minute of some day.
func (d Daily) Overlaps(other Daily) bool {
	inside := func(minute int, w Daily) bool {
		return time.Duration((minute-w.Start+dayMinutes)%dayMinutes)*time.Minute < w.Length()
	}
	return inside(d.Start, other) || inside(other.Start, d)
}

func (w Weekly) endDay() time.Weekday {
	if w.End < w.Start {
		return (w.Day + 1) % 7
	}
	return w.Day
}

func short(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if short(d) == name {
			return d, true
		}
	}
	return 0, false
}
