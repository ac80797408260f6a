package query

import (
	"regexp"
	"strconv"
)

func apply(name string, v Value, more ...float64) Expr {
	e := vector(v, name)
	arguments := e.text
	for _, n := range more {
		arguments += ", " + number(n)
	}
	return call(name, e, arguments)
}

// Abs is the magnitude of a value.
func Abs(v Value) Expr { return apply("abs", v) }

// Ceil rounds up to a whole number.
func Ceil(v Value) Expr { return apply("ceil", v) }

// Floor rounds down to a whole number.
func Floor(v Value) Expr { return apply("floor", v) }

// Round rounds to the nearest multiple of to.
func Round(v Value, to float64) Expr { return apply("round", v, to) }

// Clamp keeps values between two bounds.
func Clamp(v Value, least, most float64) Expr { return apply("clamp", v, least, most) }

// ClampMin raises values to a least one.
func ClampMin(v Value, least float64) Expr { return apply("clamp_min", v, least) }

// ClampMax lowers values to a greatest one.
func ClampMax(v Value, most float64) Expr { return apply("clamp_max", v, most) }

// Sort orders by value, for tables.
func Sort(v Value) Expr { return apply("sort", v) }

// SortDesc orders by value, greatest first, for tables.
func SortDesc(v Value) Expr { return apply("sort_desc", v) }

// Timestamp is the Unix time of each sample.
func Timestamp(s Series) Expr { return apply("timestamp", s) }

// Time is the Unix time of the evaluation.
func Time() Expr { return Expr{text: "time()", scalar: true, exact: true} }

// Month is the month of the evaluation, 1 to 12 in UTC, as one series without
// labels.
func Month() Expr { return Expr{text: "month()", exact: true} }

// DayOfWeek is the day of the evaluation, 0 for Sunday in UTC, as one series
// without labels.
func DayOfWeek() Expr { return Expr{text: "day_of_week()", exact: true} }

// Hour is the hour of the evaluation, 0 to 23 in UTC, as one series without
// labels.
func Hour() Expr { return Expr{text: "hour()", exact: true} }

// Vector is a number as one series without labels.
func Vector(v float64) Expr { return Expr{text: "vector(" + number(v) + ")", exact: true} }

// Scalar is the value of a single series as a number, NaN unless there is
// exactly one.
func Scalar(v Value) Expr {
	e := apply("scalar", v)
	return Expr{text: e.text, scalar: true, exact: true, metrics: e.metrics}
}

// Absent is 1 when no series matches. It carries the labels that an Eq
// demands.
func Absent(s Series) Expr { return absent("absent", s, s.text) }

// AbsentOver is 1 when no series matched in the whole window.
func AbsentOver(s Series, w Window) Expr { return absent("absent_over_time", s, s.over(w)) }

func absent(name string, s Series, arguments string) Expr {
	e := call(name, s.Expr, arguments)
	e.labels, e.exact = union(s.equals), true
	return e
}

// LabelReplace sets the label to where the label from matches the pattern, to
// the replacement with its groups ($1) filled in.
func LabelReplace(v Value, to, replacement, from, pattern string) Expr {
	regexp.MustCompile(pattern)
	e := vector(v, "LabelReplace")
	e.mustHave("LabelReplace from", []string{from})
	text := e.text
	for _, argument := range []string{to, replacement, from, pattern} {
		text += ", " + strconv.QuoteToASCII(argument)
	}
	e.labels = union(e.labels, []string{to})
	return call("label_replace", e, text)
}
