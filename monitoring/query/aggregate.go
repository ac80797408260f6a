package query

import (
	"slices"
	"strconv"
	"strings"
)

// Grouping says which labels an aggregation keeps.
type Grouping struct {
	word   string
	labels []string
}

// By keeps these labels and no others.
func By(labels ...string) Grouping { return Grouping{"by", labels} }

// Without keeps all labels but these.
func Without(labels ...string) Grouping { return Grouping{"without", labels} }

// Sum adds up series.
func Sum(v Value, g ...Grouping) Expr { return aggregate("sum", "", v, g) }

// Avg is the mean of series.
func Avg(v Value, g ...Grouping) Expr { return aggregate("avg", "", v, g) }

// Min is the least of series.
func Min(v Value, g ...Grouping) Expr { return aggregate("min", "", v, g) }

// Max is the greatest of series.
func Max(v Value, g ...Grouping) Expr { return aggregate("max", "", v, g) }

// Count is how many series there are.
func Count(v Value, g ...Grouping) Expr { return aggregate("count", "", v, g) }

// Group is 1 for each combination of labels.
func Group(v Value, g ...Grouping) Expr { return aggregate("group", "", v, g) }

// QuantileAcross is a quantile over series, such as the slowest of replicas.
func QuantileAcross(q float64, v Value, g ...Grouping) Expr {
	return aggregate("quantile", number(q)+", ", v, g)
}

// TopK keeps the k greatest series whole.
func TopK(k int, v Value, g ...Grouping) Expr { return rank("topk", k, v, g) }

// BottomK keeps the k least series whole.
func BottomK(k int, v Value, g ...Grouping) Expr { return rank("bottomk", k, v, g) }

func rank(name string, k int, v Value, g []Grouping) Expr {
	from := v.expr()
	e := aggregate(name, strconv.Itoa(k)+", ", v, g)
	e.labels, e.exact = from.labels, from.exact
	return e
}

func aggregate(name, parameter string, v Value, groupings []Grouping) Expr {
	e := vector(v, name)
	text := name
	var g Grouping // by nothing
	switch len(groupings) {
	case 0:
	case 1:
		g = groupings[0]
	default:
		panic("query: " + name + " takes one grouping")
	}
	e.mustHave(name+" "+g.word, g.labels)
	if len(g.labels) > 0 || g.word == "without" {
		text += " " + g.word + " (" + strings.Join(g.labels, ", ") + ") "
	}
	kept, exact := union(g.labels), true
	if g.word == "without" {
		kept, exact = minus(e.labels, g.labels), e.exact
	}
	return Expr{text: text + "(" + parameter + e.text + ")", labels: kept, exact: exact, metrics: slices.Clone(e.metrics)}
}
