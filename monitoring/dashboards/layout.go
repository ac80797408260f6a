package dashboards

// Place is where a panel stands. The page is 24 units wide.
type Place struct {
	ID            uint32 // in links to the panel; the same until its row or the panels before it change
	X, Y          uint32
	Width, Height uint32
}

const pageWidth = 24

// placedRow is a row with its header and its panels on the page.
type placedRow struct {
	Row
	header Place
	panels []Place
}

// layout lets the panels of each row flow: a line is as tall as its tallest
// panel.
func (d Dashboard) layout() []placedRow {
	var rows []placedRow
	var y uint32
	for i, row := range d.Rows {
		// A hundred to a row: another panel at its end moves no id.
		id := uint32(i+1) * 100
		placed := placedRow{Row: row, header: Place{ID: id, Y: y, Width: pageWidth, Height: 1}}
		y++
		var x, tallest uint32
		for j, p := range row.Panels {
			width, height := p.size()
			if x+width > pageWidth {
				x, y, tallest = 0, y+tallest, 0
			}
			placed.panels = append(placed.panels, Place{ID: id + uint32(j) + 1, X: x, Y: y, Width: width, Height: height})
			x, tallest = x+width, max(tallest, height)
		}
		y += tallest
		rows = append(rows, placed)
	}
	return rows
}
