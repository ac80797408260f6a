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
	behind = []string{}
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
		sql := fmt.Sprintf(`select coalesce((select max(%[1]s) from %[2]s) > last_value or not is_called and (select max(%[1]s) from %[2]s) = last_value, false) from %[3]s`,
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
// not in the snapshot; none when the snapshot is from before they were recorded.
func (s Snapshot) newlyBehind(restored Snapshot) []string {
	if s.Behind == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(restored.Behind), func(name string) bool { return slices.Contains(s.Behind, name) })
}
