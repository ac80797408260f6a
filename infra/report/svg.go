package report

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/script-ohio/platform/infra/delta"
)

// Sizes of the drawing, in pixels.
const (
	cardWidth  = 372
	columnGap  = 64
	cardGap    = 22
	margin     = 28
	headHeight = 84
	lineHeight = 15
	cardHead   = 46
	mostRows   = 9  // of a card; the rest is counted
	mostChars  = 51 // of a row at this width and font
)

// card is a component with its place.
type card struct {
	component
	cost            string
	lines           []string
	column, x, y, h int
}

// WriteSVG draws the stack: a card for each component, with what it needs to
// its left. It is created from left to right and destroyed from right to left.
func (r *Report) WriteSVG(w io.Writer) error {
	cards, width, height := r.layOut()
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Stack %s">`+"\n",
		width, height, width, height, html.EscapeString(r.Config.Stack))
	out.WriteString(style)
	fmt.Fprintf(&out, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text class="title" x="%d" y="40">%s · %s</text>`+"\n", margin, html.EscapeString(r.Config.Name()), html.EscapeString(r.Config.General.Region))
	fmt.Fprintf(&out, `<text class="sub" x="%d" y="63">%s</text>`+"\n", margin, html.EscapeString(r.summary()))
	for _, c := range cards {
		for _, other := range cards {
			// What lies further to the left is said in words.
			if other.column == c.column-1 && slices.Contains(c.needs, other.name) {
				out.WriteString(arrow(other, c))
			}
		}
	}
	for _, c := range cards {
		c.write(&out)
	}
	out.WriteString("</svg>\n")
	_, err := io.WriteString(w, out.String())
	return err
}

const style = `<style>
.page{fill:#f6f7f9}
text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:11px;fill:#2b3440}
.title{font-size:20px;font-weight:700}.sub{font-size:12px;fill:#5b6672}
.card{fill:#fff;stroke:#c9d0d8}.band{fill:#bb0000}
.name{font-size:14px;font-weight:700}.count{fill:#5b6672}.cost{font-weight:700;text-anchor:end}.more{fill:#8a94a0}
.need{fill:none;stroke:#93a1b0;stroke-width:1.3}.tip{fill:#93a1b0}
</style>
`

// summary is the report in a line.
func (r *Report) summary() string {
	return fmt.Sprintf("%d resources · $%.0f a month · %d policy errors · %d unexplained differences from %s · created left to right, destroyed right to left",
		len(r.Graph.Resources), r.Cost.Total, r.policyErrors(), len(delta.Unexplained(r.Differences)), r.Against)
}

// layOut places the cards in columns by how much must exist before them.
func (r *Report) layOut() (cards []card, width, height int) {
	all := components(r.Graph, r.short)
	depth := depths(all)
	bottom := map[int]int{}
	for _, c := range all {
		column := depth[c.name]
		k := card{component: c, column: column, x: margin + column*(cardWidth+columnGap), y: headHeight + bottom[column]}
		if monthly := r.costOf(c.name); monthly > 0 {
			k.cost = fmt.Sprintf("$%.0f", monthly)
		}
		k.lines = lines(c)
		k.h = cardHead + len(k.lines)*lineHeight + 12
		bottom[column] += k.h + cardGap
		width, height = max(width, k.x+cardWidth+margin), max(height, k.y+k.h+margin)
		cards = append(cards, k)
	}
	return cards, width, height
}

// costOf is what a component costs in a month.
func (r *Report) costOf(name string) (monthly float64) {
	for _, line := range r.Cost.Lines {
		if r.short(line.Component) == name {
			monthly += line.Monthly
		}
	}
	return monthly
}

// lines are the rows of a card. Like rows are folded: nine subnets say less
// than how many there are.
func lines(c component) []string {
	var lines []string
	for rest := c.rows; len(rest) > 0; {
		first := rest[0]
		n := slices.IndexFunc(rest, func(r row) bool { return r.kind != first.kind })
		if n < 0 {
			n = len(rest)
		}
		alike := !slices.ContainsFunc(rest[:n], func(r row) bool { return r.values != first.values })
		switch {
		case n > 3 || n > 1 && alike:
			lines = append(lines, fmt.Sprintf("%d × %s", n, first.kind))
		default:
			for _, row := range rest[:n] {
				lines = append(lines, clip(strings.TrimSpace(row.kind+" "+row.values)))
			}
		}
		rest = rest[n:]
	}
	if len(lines) > mostRows {
		lines = append(lines[:mostRows-1], fmt.Sprintf("and %d more", len(lines)-mostRows+1))
	}
	return lines
}

func clip(text string) string {
	if letters := []rune(text); len(letters) > mostChars {
		return string(letters[:mostChars-1]) + "…"
	}
	return text
}

// arrow runs from what must exist first to what needs it.
func arrow(first, then card) string {
	x1, y1, x2, y2 := first.x+cardWidth, first.y+24, then.x, then.y+24
	bend := max(columnGap/2, (x2-x1)/2)
	return fmt.Sprintf(`<path class="need" d="M%d %d C%d %d %d %d %d %d"/><path class="tip" d="M%d %d l-7 -4 v8 z"/>`+"\n",
		x1, y1, x1+bend, y1, x2-bend, y2, x2-6, y2, x2, y2)
}

func (c card) write(out *strings.Builder) {
	fmt.Fprintf(out, `<g transform="translate(%d %d)"><rect class="card" width="%d" height="%d" rx="6"/><rect class="band" width="5" height="%d" rx="2"/>`,
		c.x, c.y, cardWidth, c.h, c.h)
	under := fmt.Sprintf("%d resources", c.count)
	if len(c.needs) > 0 {
		under += ", after " + strings.Join(c.needs, ", ")
	}
	fmt.Fprintf(out, `<text class="name" x="18" y="22">%s</text><text class="count" x="18" y="37">%s</text>`, html.EscapeString(c.name), html.EscapeString(clip(under)))
	if c.cost != "" {
		fmt.Fprintf(out, `<text class="cost" x="%d" y="22">%s</text>`, cardWidth-14, c.cost)
	}
	for i, line := range c.lines {
		fmt.Fprintf(out, `<text x="18" y="%d">%s</text>`, cardHead+8+i*lineHeight, html.EscapeString(line))
	}
	out.WriteString("</g>\n")
}
