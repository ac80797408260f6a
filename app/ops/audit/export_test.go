package audit

import (
	"context"
	"time"
)

// Chain makes the rows that a log would have of entries, without a database.
func Chain(entries []Entry) ([]Row, error) {
	var rows []Row
	var last Row
	for i, e := range entries {
		row, err := e.row(context.Background(), "test", time.Date(2025, 9, 6, 16, 0, i, 0, time.UTC))
		if err != nil {
			return nil, err
		}
		row.Seq, row.Prev = last.Seq+1, last.Hash
		row.Hash = row.sum()
		rows, last = append(rows, row), row
	}
	return rows, nil
}

// Sum gives tests the hash that a forger would compute.
func (r Row) Sum() Hash { return r.sum() }

// Canonical gives tests the form that is hashed.
func Canonical(document []byte) string { return string(canonical(document)) }

// PageSize is how many rows are read at once.
const PageSize = pageSize
