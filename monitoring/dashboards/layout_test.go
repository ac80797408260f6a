package dashboards

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// overlap tells whether two places share a cell.
func overlap(a, b Place) bool {
	return a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height
}

func requireTiled(t require.TestingT, d Dashboard) {
	var all []Place
	ids := map[uint32]bool{}
	for _, row := range d.layout() {
		for _, p := range append([]Place{row.header}, row.panels...) {
			require.LessOrEqual(t, p.X+p.Width, uint32(pageWidth))
			require.Positive(t, p.Width)
			require.Positive(t, p.Height)
			require.False(t, ids[p.ID], "id %d", p.ID)
			ids[p.ID] = true
			for _, other := range all {
				require.False(t, overlap(p, other), "%+v and %+v", p, other)
			}
			all = append(all, p)
		}
		for _, p := range row.panels {
			require.Greater(t, p.Y, row.header.Y)
		}
	}
}

func TestPanelsNeverOverlap(t *testing.T) {
	for _, d := range All() {
		requireTiled(t, d)
	}
	rapid.Check(t, func(t *rapid.T) {
		panel := rapid.Custom(func(t *rapid.T) Panel {
			return Panel{
				View:  rapid.SampledFrom([]View{Series{}, Figure{}, Dial{}, Table{}, Heatmap{}, Lines{}}).Draw(t, "view"),
				Width: rapid.Uint32Range(0, pageWidth).Draw(t, "width"), Height: rapid.Uint32Range(0, 30).Draw(t, "height"),
			}
		})
		row := rapid.Custom(func(t *rapid.T) Row { return Row{Panels: rapid.SliceOfN(panel, 0, 12).Draw(t, "panels")} })
		requireTiled(t, Dashboard{Rows: rapid.SliceOfN(row, 0, 6).Draw(t, "rows")})
	})
}

// Panels of a line end together, or holes gape on the page.
func TestLinesAreFull(t *testing.T) {
	for _, d := range All() {
		for _, row := range d.layout() {
			for i, p := range row.panels {
				last := i+1 == len(row.panels) || row.panels[i+1].Y != p.Y
				if last {
					require.Equal(t, uint32(pageWidth), p.X+p.Width, "%s, %q", d.UID, row.Panels[i].Title)
				} else {
					require.Equal(t, p.Height, row.panels[i+1].Height, "%s, %q", d.UID, row.Panels[i].Title)
				}
			}
		}
	}
}

func TestOnlyVariablesStayAsTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		`{"a b":"${x}"}`:      `%7B%22a%20b%22%3A%22${x}%22%7D`,
		`${__from}+${ns:raw}`: `${__from}%2B${ns:raw}`,
		`100 %`:               `100%20%25`,
		``:                    ``,
	} {
		require.Equal(t, want, escape(text))
	}
}
