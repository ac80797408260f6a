package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/script-ohio/platform/app/fault"
)

// Snapshot is what a database held at one moment.
type Snapshot struct {
	Name          string           `json:"name"`
	At            time.Time        `json:"snapshot_at"`
	ServerVersion string           `json:"server_version"`
	ServerMajor   int              `json:"server_major"`
	SchemaVersion int64            `json:"schema_version"` // of the migrations; 0 when it has none
	Bytes         int64            `json:"bytes"`          // of the tables, on the server's disk
	Encoding      string           `json:"encoding"`
	Collate       string           `json:"collate"`
	CType         string           `json:"ctype"`
	Provider      string           `json:"locale_provider"`  // c: libc, i: ICU, b: builtin; "" in older manifests
	Locale        string           `json:"locale,omitempty"` // of that provider, if it is not libc
	Rules         string           `json:"icu_rules,omitempty"`
	Rows          map[string]int64 `json:"rows"` // by table
	// Schema has a fingerprint of the definition of every table, view,
	// sequence, function and type.
	Schema map[string]string `json:"schema"`
	// Behind are the sequences whose next value a row has already, as when
	// somebody chose a number by hand: they are no different when restored.
	Behind []string `json:"sequences_behind"` // nil in older manifests, which did not tell
}

// held is a snapshot that others can use while the session lives.
type held struct {
	conn *pgx.Conn
	id   string
	size int64 // of all that the database has on the server's disk, in bytes
	Snapshot
}

const (
	beginSnapshotSQL = `begin isolation level repeatable read, read only`
	// Only the catalog is asked: see starting.
	exportSQL = `select pg_export_snapshot(), pg_database_size(current_database())`
	headSQL   = `select current_database(), now(), current_setting('server_version'), current_setting('server_version_num')::int / 10000,
		pg_encoding_to_char(encoding), datcollate, datctype, coalesce(told->>'datlocprovider', ''),
		coalesce(told->>'datlocale', told->>'daticulocale', ''), coalesce(told->>'daticurules', '')
		from pg_database d, to_jsonb(d) told where datname = current_database()`
	// Nothing that extensions bring along, nor anybody's temporary tables.
	tablesSQL = `select n.nspname, c.relname, pg_table_size(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
		and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
		order by 1, 2`
	versionSQL = `select coalesce(max(version_id), 0) from public.goose_db_version where is_applied`
)

// hold exports a snapshot that pg_dump can join. The caller disconnects.
func (s *Service) hold(ctx context.Context) (*held, error) {
	conn, err := s.connect(ctx, "", "snapshot")
	if err != nil {
		return nil, err
	}
	h := &held{conn: conn}
	if _, err = conn.Exec(ctx, beginSnapshotSQL); err == nil {
		err = conn.QueryRow(ctx, exportSQL).Scan(&h.id, &h.size)
	}
	if err == nil {
		h.Snapshot, err = readHead(ctx, conn)
	}
	if err != nil {
		disconnect(ctx, conn)
		return nil, fault.Wrap(fault.Unavailable, err, "no snapshot of the database can be taken")
	}
	return h, nil
}

func readHead(ctx context.Context, conn *pgx.Conn) (s Snapshot, err error) {
	err = conn.QueryRow(ctx, headSQL).Scan(&s.Name, &s.At, &s.ServerVersion, &s.ServerMajor, &s.Encoding, &s.Collate, &s.CType, &s.Provider, &s.Locale, &s.Rules)
	return s, err
}

type table struct {
	schema, name string
	bytes        int64
}

func (t table) String() string { return t.schema + "." + t.name }

func readTables(ctx context.Context, conn *pgx.Conn) ([]table, error) {
	rows, err := conn.Query(ctx, tablesSQL)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (t table, err error) {
		return t, r.Scan(&t.schema, &t.name, &t.bytes)
	})
}

// describe measures every table, counts its rows, and takes the fingerprints
// of every definition. It locks the tables.
func describe(ctx context.Context, conn *pgx.Conn, s *Snapshot) error {
	tables, err := readTables(ctx, conn)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the tables cannot be listed")
	}
	s.Rows = make(map[string]int64, len(tables))
	for _, t := range tables {
		var rows int64
		sql := `select count(*) from ` + pgx.Identifier{t.schema, t.name}.Sanitize()
		if err := conn.QueryRow(ctx, sql).Scan(&rows); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the rows of %s cannot be counted", t)
		}
		s.Rows[t.String()] = rows
		s.Bytes += t.bytes
	}
	if _, migrated := s.Rows["public.goose_db_version"]; migrated {
		if err := conn.QueryRow(ctx, versionSQL).Scan(&s.SchemaVersion); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the schema version cannot be read")
		}
	}
	if s.Schema, err = readSchema(ctx, conn); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the schema cannot be read")
	}
	s.Behind, err = sequencesBehind(ctx, conn)
	return err
}

func readSchema(ctx context.Context, conn *pgx.Conn) (map[string]string, error) {
	rows, err := conn.Query(ctx, schemaSQL)
	if err != nil {
		return nil, err
	}
	lines := map[string][]string{}
	var object, line string
	_, err = pgx.ForEachRow(rows, []any{&object, &line}, func() error {
		lines[object] = append(lines[object], line)
		return nil
	})
	fingerprints := make(map[string]string, len(lines))
	for object, definition := range lines {
		slices.Sort(definition)
		sum := sha256.New()
		for _, line := range definition {
			fmt.Fprintf(sum, "%s\n", line)
		}
		fingerprints[object] = hex.EncodeToString(sum.Sum(nil)[:8])
	}
	return fingerprints, err
}

// differences tells what in a restored database is not as in the snapshot.
func (s Snapshot) differences(restored Snapshot) (rows, schema []string) {
	for table, want := range s.Rows {
		got, ok := restored.Rows[table]
		if !ok {
			rows = append(rows, table+" is missing")
		} else if got != want {
			rows = append(rows, table+" has "+strconv.FormatInt(got, 10)+" rows instead of "+strconv.FormatInt(want, 10))
		}
	}
	for table := range restored.Rows {
		if _, ok := s.Rows[table]; !ok {
			rows = append(rows, table+" was not in the backup")
		}
	}
	for object, want := range s.Schema {
		got, ok := restored.Schema[object]
		// Another major version writes the same definition in other words.
		if !ok {
			schema = append(schema, object+" is missing")
		} else if got != want && s.ServerMajor == restored.ServerMajor {
			schema = append(schema, object+" is defined differently")
		}
	}
	for object := range restored.Schema {
		if _, ok := s.Schema[object]; !ok {
			schema = append(schema, object+" was not in the backup")
		}
	}
	slices.Sort(rows)
	slices.Sort(schema)
	return rows, schema
}
