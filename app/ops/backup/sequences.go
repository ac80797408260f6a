package backup

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
)

// sequencesBehind names the sequences that would next give a number that their
// column has already.
func sequencesBehind(ctx context.Context, conn *pgx.Conn) (behind []string, err error) {
	rows, err := conn.Query(ctx, behindSQL)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the sequences cannot be listed")
	}
	type owned struct{ Schema, Table, Column, SequenceSchema, Sequence string }
	sequences, err := pgx.CollectRows(rows, pgx.RowToStructByPos[owned])
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the sequences cannot be listed")
	}
	for _, o := range sequences {
		sequence, column := pgx.Identifier{o.SequenceSchema, o.Sequence}.Sanitize(), pgx.Identifier{o.Column}.Sanitize()
		var late bool
		sql := fmt.Sprintf(`select coalesce((select max(%s) from %s) >= last_value + is_called::int, false) from %s`,
			column, pgx.Identifier{o.Schema, o.Table}.Sanitize(), sequence)
		if err := conn.QueryRow(ctx, sql).Scan(&late); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "sequence %s cannot be compared with its column", o.Sequence)
		}
		if late {
			behind = append(behind, o.SequenceSchema+"."+o.Sequence+" is behind "+o.Table+"."+o.Column)
		}
	}
	return behind, nil
}

// newlyBehind are the sequences that are behind in a restored database and were
// not in the snapshot.
func (s Snapshot) newlyBehind(restored Snapshot) []string {
	return slices.DeleteFunc(slices.Clone(restored.Behind), func(name string) bool { return slices.Contains(s.Behind, name) })
}
