package cost

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write renders the table as aligned text, for a terminal or a code block.
func (t Table) Write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "Estimated cost of stack %s for a month, in %s, on demand in %s\n\n", t.Stack, t.Currency, t.Region)
	writeRows(&out, t.rows())
	if t.Assumed > 0 {
		fmt.Fprintf(&out, "\n~ Quantities so marked are assumed (infra/cost/usage.go): $%s of the total.\n", dollars(t.Assumed))
	}
	out.WriteString("\n")
	for _, note := range t.Notes {
		out.WriteString(wrapped("- ", note))
	}
	fmt.Fprintf(&out, "\nPrices looked up on %s; their pages:\n", t.PricesRead)
	for _, page := range t.distinct(func(l Line) string { return l.Source }) {
		fmt.Fprintf(&out, "  %s\n", page)
	}
	for _, basis := range []Basis{SeenEast, Remembered} {
		items := t.distinct(func(l Line) string {
			if l.Basis == basis {
				return l.Item
			}
			return ""
		})
		if len(items) > 0 {
			out.WriteString(wrapped("", fmt.Sprintf("Not %s but %s: %s.", Seen, basis, strings.Join(items, "; "))))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// row is the cells of a line of text: item, count, quantity, unit, price, month.
type row [6]string

// rows are the lines below a head for each component with its subtotal.
func (t Table) rows() []row {
	rows := []row{{"", "count", "quantity", "", "price", "month"}}
	for i, l := range t.Lines {
		if i == 0 || t.Lines[i-1].Component != l.Component {
			rows = append(rows, row{}, row{l.Component, "", "", "", "", dollars(t.subtotal(l.Component))})
		}
		mark := "  "
		if l.Assumed {
			mark = "~ "
		}
		rows = append(rows, row{
			mark + l.Item, strconv.Itoa(l.Count), number(l.Quantity), string(l.Unit),
			unitPrice(l.UnitPrice), dollars(l.Monthly),
		})
	}
	return append(rows, row{}, row{"total", "", "", "", "", dollars(t.Total)})
}

func (t Table) subtotal(component string) float64 {
	sum := 0.0
	for _, l := range t.Lines {
		if l.Component == component {
			sum += l.Monthly
		}
	}
	return sum
}

// distinct are the texts that the lines have, sorted, without empty ones.
func (t Table) distinct(of func(Line) string) []string {
	var texts []string
	for _, l := range t.Lines {
		if text := of(l); text != "" {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func writeRows(out *strings.Builder, rows []row) {
	var widths [len(row{})]int
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, r := range rows {
		var line strings.Builder
		for i, cell := range r {
			width := widths[i]
			if i == 0 || i == 3 {
				width = -width // words stand left, numbers right
			}
			fmt.Fprintf(&line, "%*s  ", width, cell)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// wrapped is a paragraph of lines of at most 100 characters, after a mark.
func wrapped(mark, text string) string {
	const widest = 100
	var out strings.Builder
	line := mark
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > widest:
			out.WriteString(line + "\n")
			line = strings.Repeat(" ", len(mark)) + word
		default:
			line += " " + word
		}
	}
	return out.String() + line + "\n"
}

// unitPrice is a price with all its decimal places, at least two.
func unitPrice(usd float64) string {
	text := strconv.FormatFloat(usd, 'f', -1, 64)
	if _, places, _ := strings.Cut(text, "."); len(places) < 2 {
		return strconv.FormatFloat(usd, 'f', 2, 64)
	}
	return text
}

// dollars is an amount rounded to cents, with commas.
func dollars(usd float64) string { return grouped(strconv.FormatFloat(usd, 'f', 2, 64)) }

// number is a quantity with two decimal places where it has any.
func number(n float64) string {
	if n == float64(int64(n)) {
		return grouped(strconv.FormatInt(int64(n), 10))
	}
	return dollars(n)
}

// grouped puts commas into the whole part of a positive number.
func grouped(text string) string {
	whole, cents, has := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		whole += "." + cents
	}
	return whole
}
