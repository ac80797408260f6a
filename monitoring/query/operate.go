package query

import (
	"fmt"
	"slices"
	"strings"
)

// Join says how the series of two sides find each other. Without one they
// need the same labels.
type Join struct {
	text     string
	boolean  bool
	on       []string // nil without On
	ignoring []string
	many     string // "left" or "right" with GroupLeft or GroupRight
	include  []string
}

// On matches by these labels only.
func On(labels ...string) Join {
	return Join{text: "on (" + strings.Join(labels, ", ") + ")", on: append([]string{}, labels...)}
}

// Ignoring matches by all labels but these.
func Ignoring(labels ...string) Join {
	return Join{text: "ignoring (" + strings.Join(labels, ", ") + ")", ignoring: append([]string{}, labels...)}
}

// GroupLeft lets several series on the left match one on the right, and takes
// over the labels named from the right.
func (j Join) GroupLeft(include ...string) Join { return j.group("left", include) }

// GroupRight lets several series on the right match one on the left, and takes
// over the labels named from the left.
func (j Join) GroupRight(include ...string) Join { return j.group("right", include) }

func (j Join) group(side string, include []string) Join {
	j.many, j.include = side, include
	j.text += " group_" + side + " (" + strings.Join(include, ", ") + ")"
	return j
}

// Bool makes a comparison answer 0 or 1 where it would drop series.
func Bool() Join { return Join{}.Bool() }

// Bool makes a comparison answer 0 or 1 where it would drop series.
func (j Join) Bool() Join {
	j.boolean = true
	j.text = strings.TrimSpace("bool " + j.text)
	return j
}

// Add is e + v.
func (e Expr) Add(v Value, j ...Join) Expr { return operate(e, "+", v, j) }

// Sub is e - v.
func (e Expr) Sub(v Value, j ...Join) Expr { return operate(e, "-", v, j) }

// Mul is e * v.
func (e Expr) Mul(v Value, j ...Join) Expr { return operate(e, "*", v, j) }

// Div is e / v; where v is zero the result is no number. See Ratio.
func (e Expr) Div(v Value, j ...Join) Expr { return operate(e, "/", v, j) }

// Gt keeps the series of e that are greater than v.
func (e Expr) Gt(v Value, j ...Join) Expr { return operate(e, ">", v, j) }

// Ge keeps the series of e that are at least v.
func (e Expr) Ge(v Value, j ...Join) Expr { return operate(e, ">=", v, j) }

// Lt keeps the series of e that are less than v.
func (e Expr) Lt(v Value, j ...Join) Expr { return operate(e, "<", v, j) }

// Le keeps the series of e that are at most v.
func (e Expr) Le(v Value, j ...Join) Expr { return operate(e, "<=", v, j) }

// Eq keeps the series of e that equal v.
func (e Expr) Eq(v Value, j ...Join) Expr { return operate(e, "==", v, j) }

// Ne keeps the series of e that differ from v.
func (e Expr) Ne(v Value, j ...Join) Expr { return operate(e, "!=", v, j) }

// And keeps the series of e that v has too.
func (e Expr) And(v Value, j ...Join) Expr { return operate(e, "and", v, j) }

// Unless keeps the series of e that v does not have.
func (e Expr) Unless(v Value, j ...Join) Expr { return operate(e, "unless", v, j) }

// Or adds the series of v that e does not have.
func (e Expr) Or(v Value, j ...Join) Expr { return operate(e, "or", v, j) }

// Ratio is part to whole, 0 where the whole has series that the part lacks,
// and nothing at all where the whole is zero. Both sides carry the same
// labels.
func Ratio(part, whole Value) Expr {
	p, w := vector(part, "Ratio"), vector(whole, "Ratio")
	if !slices.Equal(p.labels, w.labels) {
		panic(fmt.Sprintf("query: the parts of a ratio have labels %v, the whole has %v", p.labels, w.labels))
	}
	return p.Or(w.Mul(Num(0))).Div(w.Gt(Num(0)))
}

func operate(left Expr, op string, v Value, joins []Join) Expr {
	right := v.expr()
	var j Join
	switch len(joins) {
	case 0:
	case 1:
		j = joins[0]
	default:
		panic("query: " + op + " takes one join")
	}
	check(left, op, right, j)
	middle := " " + op + " "
	if j.text != "" {
		middle += j.text + " "
	}
	return Expr{
		text: left.operand() + middle + right.operand(), binary: true, scalar: left.scalar && right.scalar,
		labels: joined(left, op, right, j), exact: exact(left, op, right, j), metrics: union(left.metrics, right.metrics),
	}
}

func check(left Expr, op string, right Expr, j Join) {
	fail := func(format string, args ...any) {
		panic(fmt.Sprintf("query: %s %s %s: ", left.operand(), op, right.operand()) + fmt.Sprintf(format, args...))
	}
	set := op == "and" || op == "or" || op == "unless"
	compares := strings.ContainsAny(op, "<>=")
	matching := j.on != nil || j.ignoring != nil
	switch {
	case set && (left.scalar || right.scalar):
		fail("takes series on both sides")
	case set && j.many != "":
		fail("takes no grouping")
	case j.boolean && !compares:
		fail("is no comparison, so it takes no Bool")
	case compares && left.scalar && right.scalar && !j.boolean:
		fail("compares two numbers: that takes Bool")
	case matching && (left.scalar || right.scalar):
		fail("has a number on one side and takes no labels to match")
	case !matching && j.many != "":
		fail("groups without On or Ignoring")
	}
	if left.scalar || right.scalar {
		return
	}
	left.mustHave("on the left of "+op, j.on)
	right.mustHave("on the right of "+op, j.on)
	for _, l := range j.ignoring {
		if !slices.Contains(left.labels, l) && !slices.Contains(right.labels, l) {
			fail("ignores %q, which neither side has", l)
		}
	}
	one := right
	if j.many == "right" {
		one = left
	}
	one.mustHave("the labels to take over by "+op, j.include)
	if op == "or" || j.on != nil || !left.exact || !right.exact {
		return
	}
	if l, r := minus(left.labels, j.ignoring), minus(right.labels, j.ignoring); !slices.Equal(l, r) {
		fail("can never match: the left has labels %v, the right %v", l, r)
	}
}

func joined(left Expr, op string, right Expr, j Join) []string {
	switch {
	case left.scalar:
		return right.labels
	case right.scalar || op == "and" || op == "unless":
		return left.labels
	case op == "or":
		return union(left.labels, right.labels)
	case j.many == "left":
		return union(left.labels, j.include)
	case j.many == "right":
		return union(right.labels, j.include)
	case j.on != nil:
		return union(j.on)
	}
	return minus(left.labels, j.ignoring)
}

func exact(left Expr, op string, right Expr, j Join) bool {
	switch {
	case left.scalar:
		return right.exact
	case right.scalar || op == "and" || op == "unless":
		return left.exact
	case op == "or":
		return left.exact && right.exact && slices.Equal(left.labels, right.labels)
	case j.many == "left":
		return left.exact
	case j.many == "right":
		return right.exact
	}
	return j.on != nil || left.exact
}
