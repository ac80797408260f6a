package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/audit"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/platform/telemetry"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func newLog(t testing.TB) (*audit.Log, *pgxpool.Pool) {
	t.Helper()
	pool := postgrestest.New(t)
	start := time.Date(2025, 9, 6, 16, 0, 0, 123456789, time.UTC)
	var asked atomic.Int64
	return audit.New(pool, audit.Options{System: "ohio test", Clock: func() time.Time { return start.Add(time.Duration(asked.Add(1)) * time.Second) }}), pool
}

func operator() audit.Actor {
	return audit.Actor{ID: "0a1b2c3d", Name: "ann", Role: "operator", ClientIP: "192.0.2.7"}
}

func entry(id string) audit.Entry {
	return audit.Entry{Action: "key.create", SubjectType: "api_key", SubjectID: id, After: map[string]any{"name": "ci"}}
}

func rowsOf(t testing.TB, log *audit.Log) []audit.Row {
	t.Helper()
	var rows []audit.Row
	for r, err := range log.Rows(t.Context()) {
		require.NoError(t, err)
		rows = append(rows, r)
	}
	return rows
}

func verify(t testing.TB, log *audit.Log, heads ...audit.Head) audit.Report {
	t.Helper()
	report, err := audit.Verify(log.Rows(t.Context()), heads...)
	require.NoError(t, err)
	return report
}

func TestAnEntrySharesTheFateOfItsChange(t *testing.T) {
	log, pool := newLog(t)
	ctx := telemetry.WithRequestID(audit.WithActor(t.Context(), operator()), "request-1")
	undo := errors.New("undo")
	require.Equal(t, undo, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		require.NoError(t, log.Record(ctx, tx, entry("never")))
		return undo
	}))
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		return log.Change(ctx, tx, "pack.activate", "pack/a/b", map[string]string{"version": "1"}, map[string]string{"version": "2"})
	}))
	require.NoError(t, log.Append(t.Context(), audit.Entry{Action: "a.b", SubjectType: "c"}))
	rows := rowsOf(t, log)
	require.Len(t, rows, 2)
	actor := operator()
	actor.RequestID = "request-1"
	require.Equal(t, audit.Row{
		Seq: 1, At: time.Date(2025, 9, 6, 16, 0, 2, 123456000, time.UTC), Actor: actor,
		Action: "pack.activate", SubjectType: "pack", SubjectID: "a/b",
		Before: []byte(`{"version": "1"}`), After: []byte(`{"version": "2"}`), Hash: rows[0].Hash,
	}, rows[0])
	require.Equal(t, audit.SystemActor("ohio test"), rows[1].Actor, "nobody said who")
	require.Nil(t, rows[1].Before)
	require.Equal(t, rows[0].Hash, rows[1].Prev)
	require.True(t, verify(t, log).OK())
}

// Many at once, some of which fail: numbers without gaps, one chain.
func TestConcurrentEntriesMakeOneChain(t *testing.T) {
	log, pool := newLog(t)
	undo := errors.New("undo")
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			for i := range 15 {
				err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
					for range 1 + i%2 {
						if err := log.Record(t.Context(), tx, entry(fmt.Sprint(w, " ", i))); err != nil {
							return err
						}
					}
					if i%5 == 4 {
						return undo
					}
					return nil
				})
				if err != nil && !errors.Is(err, undo) {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	report := verify(t, log)
	require.Empty(t, report.Findings)
	require.EqualValues(t, 8*(15+7-3-1), report.Rows)
	require.Equal(t, report.Rows, report.Head.Seq)
}

func TestTheTableTakesNewRowsOnly(t *testing.T) {
	log, pool := newLog(t)
	require.NoError(t, log.Append(t.Context(), entry("a")))
	for _, mode := range []string{"origin", "replica"} { // triggers are off for replicas
		for _, sql := range []string{
			`update audit_log set action = 'x'`, `update audit_log set action = 'x' where false`, `delete from audit_log`,
			`truncate audit_log`, `truncate audit_log cascade`,
			`insert into audit_log select * from audit_log on conflict (seq) do update set action = 'x'`,
		} {
			err := postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
				if _, err := tx.Exec(t.Context(), "set local session_replication_role = "+mode); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), sql)
				return err
			})
			var refusal *pgconn.PgError
			require.ErrorAs(t, err, &refusal, sql)
			require.Equal(t, "42501", refusal.Code, sql)
			require.Contains(t, refusal.Message, "audit_log takes new rows only")
		}
	}
	require.Len(t, rowsOf(t, log), 1)
}

// The owner of the database can switch the guard off. The chain tells.
func TestTamperingInTheDatabaseIsFound(t *testing.T) {
	log, pool := newLog(t)
	for i := range 9 {
		require.NoError(t, log.Append(t.Context(), entry(fmt.Sprint(i))))
	}
	head := verify(t, log).Head
	exec := func(sql string) {
		t.Helper()
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	exec(`alter table audit_log disable trigger audit_log_append_only`)
	exec(`create table good as table audit_log`)
	for sql, want := range map[string]audit.Finding{
		`update audit_log set after = '{"name": "x"}' where seq = 4`:                                                           {Kind: audit.Altered, Seq: 4},
		`update audit_log set after = after || '{"more": null}' where seq = 4`:                                                 {Kind: audit.Altered, Seq: 4},
		`update audit_log set client_ip = '192.0.2.8' where seq = 4`:                                                           {Kind: audit.Altered, Seq: 4},
		`update audit_log set at = at + interval '1 us' where seq = 4`:                                                         {Kind: audit.Altered, Seq: 4},
		`update audit_log set before = 'null' where seq = 4`:                                                                   {Kind: audit.Altered, Seq: 4},
		`delete from audit_log where seq = 4`:                                                                                  {Kind: audit.Removed, Seq: 4},
		`delete from audit_log where seq < 4`:                                                                                  {Kind: audit.Removed, Seq: 1},
		`delete from audit_log where seq > 4`:                                                                                  {Kind: audit.Cut, Seq: 9},
		`update audit_log set seq = seq + 100 where seq >= 4`:                                                                  {Kind: audit.Removed, Seq: 4},
		`update audit_log a set seq = 9 - seq + 100 where seq in (4, 5); update audit_log set seq = seq - 100 where seq > 100`: {Kind: audit.Moved, Seq: 4},
		`insert into audit_log select 10, at, actor_id, actor_name, actor_role, client_ip, action, subject_type, 'forged',
			before, after, request_id, hash, sha256(hash) from good where seq = 9`: {Kind: audit.Altered, Seq: 10},
	} {
		exec(sql)
		report := verify(t, log, head)
		require.NotEmpty(t, report.Findings, sql)
		got := report.Findings[0]
		require.Equal(t, want, audit.Finding{Kind: got.Kind, Seq: got.Seq}, "%s: %v", sql, report.Findings)
		exec(`truncate audit_log; insert into audit_log select * from good order by seq`)
	}
	require.True(t, verify(t, log, head).OK())
}

// Whatever is recorded, the database gives back what was hashed.
func TestAnyDocumentSurvivesTheDatabase(t *testing.T) {
	log, _ := newLog(t)
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		number := rapid.Custom(func(t *rapid.T) any {
			return json.Number(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?`).Draw(t, "number"))
		})
		leaves := []*rapid.Generator[any]{
			rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
			rapid.Map(rapid.Int64(), func(i int64) any { return i }), rapid.Map(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), func(f float64) any { return f }),
			number, rapid.Just[any](nil),
		}
		if depth == 0 {
			return rapid.OneOf(leaves...)
		}
		return rapid.OneOf(append(leaves,
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 4), func(a []any) any { return a }),
			rapid.Map(rapid.MapOfN(rapid.String(), value(depth-1), 0, 4), func(m map[string]any) any { return m }))...)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := audit.Entry{Action: "a", SubjectType: "b", SubjectID: rapid.String().Draw(t, "id"), Before: value(3).Draw(t, "before"), After: value(2).Draw(t, "after")}
		require.NoError(t, log.Append(context.Background(), e))
	})
	report := verify(t, log)
	require.Empty(t, report.Findings)
	require.GreaterOrEqual(t, report.Rows, int64(100))

	// An export verifies as well, also after a tool has formatted it anew.
	var export, again bytes.Buffer
	head, err := log.Export(t.Context(), &export)
	require.NoError(t, err)
	offline, err := audit.Verify(audit.Lines(bytes.NewReader(export.Bytes())), head, report.Head)
	require.NoError(t, err)
	require.Empty(t, offline.Findings)
	require.Equal(t, report.Rows+1, offline.Rows, "the export shows itself")
	for line := range strings.Lines(export.String()) {
		var v any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		require.NoError(t, d.Decode(&v))
		text, err := json.Marshal(v)
		require.NoError(t, err)
		again.Write(append(text, '\n'))
	}
	require.NotEqual(t, export.String(), again.String())
	offline, err = audit.Verify(audit.Lines(&again), head)
	require.NoError(t, err)
	require.Empty(t, offline.Findings)
}

func TestNumbersAndTextHaveOneForm(t *testing.T) {
	for _, same := range [][]string{
		{`1.50`, `15e-1`, `1.5`, `0.15E+1`}, {`100`, `1e2`, `1E+02`, `100.00`}, {`0`, `-0`, `0.000`, `0e9`}, {`-12`, `-1.2e1`},
		{`{"a": 1, "b": [true, null]}`, `{"b":[true,null],"a":1.0}`}, {`"\u00e9<"`, `"é\u003c"`},
	} {
		for _, other := range same[1:] {
			require.Equal(t, audit.Canonical([]byte(same[0])), audit.Canonical([]byte(other)))
		}
	}
	forms := map[string]string{}
	for _, different := range []string{`1`, `-1`, `10`, `"1"`, `"1e0"`, `[1]`, `{"1": 1}`, `[[1]]`, `["a", "b"]`, `["a\",\"b"]`, `["a,b"]`, `null`, `"null"`, `true`, `[]`, `{}`, `""`, `{"a": {}}`, `0.1`, `1.01`, `101`} {
		form := audit.Canonical([]byte(different))
		require.Empty(t, forms[form], "%s and %s", different, forms[form])
		forms[form] = different
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	log, _ := newLog(t)
	key := "ohio_0a1b2c3d_" + strings.Repeat("hunter2", 6)
	require.NoError(t, log.Append(t.Context(), audit.Entry{
		Action: "config.change", SubjectType: "config",
		Before: map[string]any{"password": "hunter2", "nested": map[string]any{"API-Key": []string{"hunter2"}, "list": []any{map[string]any{"Slack Webhook URL": "hunter2"}}}},
		After: struct {
			URL    string
			Said   string
			Secret *string
			Key    string
			Auth   string
			Age    string
		}{"postgres://ohio:hunter2@db/ohio", "it is " + key, nil, key, "Bearer hunter2", "AGE-SECRET-KEY-1HUNTER2hunter2"[:24]},
	}))
	row := rowsOf(t, log)[0]
	require.NotContains(t, strings.ToLower(string(row.Before)+string(row.After)), "hunter2")
	require.Contains(t, string(row.After), `"Secret": null`, "nothing is no secret")
	require.Contains(t, string(row.After), `postgres://[redacted]@db/ohio`)
	require.True(t, verify(t, log).OK())
}

func TestDocumentsThatAreTooLargeAndEntriesThatAreWrong(t *testing.T) {
	log, _ := newLog(t)
	require.NoError(t, log.Append(t.Context(), audit.Entry{Action: "a", SubjectType: "b", SubjectID: strings.Repeat("é", 1000), After: strings.Repeat("x", 1<<20)}))
	row := rowsOf(t, log)[0]
	require.Contains(t, string(row.After), `"left_out": "too large"`)
	require.Contains(t, string(row.After), `1048578`)
	require.LessOrEqual(t, len(row.SubjectID), 500)
	require.True(t, verify(t, log).OK())
	for _, bad := range []audit.Entry{{SubjectType: "b"}, {Action: "a"}, {Action: "a", SubjectType: "b", After: func() {}}, {Action: "a", SubjectType: "b", Actor: &audit.Actor{}}, {Action: "a", SubjectType: "b", Before: math.NaN()}} {
		require.Equal(t, fault.Internal, fault.CodeOf(log.Append(t.Context(), bad)), "%v", bad)
	}
}

func TestTheLogIsFilteredAndItsReadersAreInIt(t *testing.T) {
	log, pool := newLog(t)
	ctx := audit.WithActor(t.Context(), operator())
	for i := range 3 {
		require.NoError(t, log.Append(ctx, entry(fmt.Sprint(i))))
	}
	require.NoError(t, log.Append(t.Context(), audit.Entry{Action: "key.revoke", SubjectType: "api_key", SubjectID: "1"}))
	require.NoError(t, log.Append(t.Context(), audit.Entry{Action: "keys", SubjectType: "other", SubjectID: "x"}))
	start := time.Date(2025, 9, 6, 16, 0, 0, 123456000, time.UTC)
	for i, c := range []struct {
		filter audit.Filter
		want   []int64
	}{
		{audit.Filter{Action: "key."}, []int64{4, 3, 2, 1}},
		{audit.Filter{Action: "key.create", Limit: 2}, []int64{3, 2}},
		{audit.Filter{Action: "key.create", Limit: 2, Before: 2}, []int64{1}},
		{audit.Filter{Actor: "0a1b2c3d", SubjectType: "api_key", SubjectID: "1"}, []int64{2}},
		{audit.Filter{Since: start.Add(2 * time.Second), Until: start.Add(4 * time.Second)}, []int64{3, 2}},
		{audit.Filter{Action: "key"}, nil},
		{audit.Filter{RequestID: "none"}, nil},
	} {
		rows, err := log.List(ctx, c.filter)
		require.NoError(t, err)
		var got []int64
		for _, r := range rows {
			got = append(got, r.Seq)
		}
		require.Equal(t, c.want, got, "%+v", c.filter)
		reads, err := log.List(ctx, audit.Filter{Action: "audit.read", Limit: 1})
		require.NoError(t, err)
		require.Equal(t, "ann", reads[0].Actor.Name)
		require.Contains(t, string(reads[0].After), fmt.Sprintf(`"rows": %d`, len(c.want)), "%d", i)
	}
	require.True(t, verify(t, log).OK())

	pool.Close()
	_, err := log.List(ctx, audit.Filter{})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = audit.Verify(log.Rows(ctx))
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

// More rows than are read at once, and a file that is not one.
func TestPagesAndBadLines(t *testing.T) {
	log, pool := newLog(t)
	require.NoError(t, postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error {
		for i := range 2*audit.PageSize + 7 {
			if err := log.Record(t.Context(), tx, entry(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return nil
	}))
	report := verify(t, log)
	require.Empty(t, report.Findings)
	require.EqualValues(t, 2*audit.PageSize+7, report.Rows)
	for _, bad := range []string{"x", `{"seq": "one"}`, `{"hash": "abc"}`, "\n", strings.Repeat(" ", 5<<20)} {
		_, err := audit.Verify(audit.Lines(strings.NewReader(bad)))
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%.20q", bad)
	}
}

func FuzzLines(f *testing.F) {
	text, _ := json.Marshal(audit.LineOf(chain(1)[0]))
	f.Add(text)
	f.Add([]byte("{}\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		report, err := audit.Verify(audit.Lines(bytes.NewReader(text)))
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		} else if report.OK() && report.Rows > 0 {
			require.Positive(t, report.Head.Seq)
		}
	})
}
