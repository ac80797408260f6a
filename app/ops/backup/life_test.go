package backup

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// A backup from its making to its end.
func TestLifeOfABackup(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, err := w.Drill(ctx, quiet)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.ErrorContains(t, err, "no complete backup")

		m := w.created()
		require.Equal(t, int64(20000), m.Database.Rows["public.games"])
		require.Equal(t, int64(0), m.Database.Rows["public.nothing"])
		require.Equal(t, int64(100), m.Database.Rows[`Odd Schema.Odd "Table`])
		require.Equal(t, int64(9), m.Database.Rows["public.parts_old"])
		require.NotContains(t, m.Database.Rows, "public.parts")
		require.Contains(t, m.Database.Schema, "public.winners")
		require.Positive(t, m.Database.SchemaVersion)
		require.Positive(t, m.Database.ServerMajor)
		require.NotEmpty(t, m.Tools["pg_dump"])
		require.Contains(t, m.Tools["zstd"], "compress")
		require.WithinDuration(t, time.Now(), m.Database.At, time.Hour)
		require.Empty(t, m.Issues)
		statuses := map[Component]Status{}
		for _, p := range m.Parts {
			statuses[p.Name] = p.Status
		}
		require.Equal(t, map[Component]Status{Database: Complete, Models: Complete, Configuration: Complete, Logs: Skipped}, statuses)
		for _, key := range w.keys() {
			text := w.readAll(key)
			require.NotContains(t, string(text), "hunter2", key)
			if w.Keys.Encryption() != "" && strings.HasSuffix(key, ".age") {
				require.True(t, bytes.HasPrefix(text, []byte("age-encryption.org/v1")), key)
			}
		}
		require.Equal(t, w.Keys.Encryption(), w.object(m, Database).Encryption)

		entries, err := w.List(ctx)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		require.Equal(t, Complete, entries[0].Status)
		require.False(t, entries[0].Verified())
		require.Equal(t, w.object(m, Database).Size, entries[0].Sizes[Database])
		v, err := w.Verify(ctx, m.Name, quiet)
		require.NoError(t, err)
		require.True(t, v.Passed)
		require.Equal(t, m.Size(), v.Bytes)
		entry, shown, err := w.Show(ctx, m.Name)
		require.NoError(t, err)
		require.True(t, entry.Verified())
		require.Equal(t, m.Database.Rows, shown.Database.Rows)

		d, err := w.Drill(ctx, quiet)
		require.NoError(t, err)
		require.True(t, d.Passed, d.Checks)
		require.Equal(t, "Home 59", d.Prediction)
		require.Positive(t, d.RecoverySeconds)
		require.GreaterOrEqual(t, d.PointSeconds, 0.0)
		require.Empty(t, w.scratches())

		// What was lost since comes back, beside what is live.
		w.exec(`delete from games where id > 5; drop table nothing`)
		r, err := w.Restore(ctx, m.Name, RestoreOptions{}, quiet)
		require.NoError(t, err)
		w.dropAfter(r.Database)
		require.True(t, strings.HasPrefix(r.Database, w.name()+"_"))
		require.Empty(t, r.Replaced)
		require.Contains(t, r.Tables, Counted{"public.games", 20000, 20000})
		require.Equal(t, "20000", w.query(r.Database, `select count(*) from games`))
		require.Equal(t, "5", w.query("", `select count(*) from games`))
		require.Equal(t, "202", w.query(r.Database, `with new as (select max(twice) + 2 as n from "Odd Schema"."Odd ""Table") select n from new`))
		_, err = w.Restore(ctx, m.Name, RestoreOptions{Database: r.Database}, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.ErrorContains(t, err, "choose another name")
		require.Empty(t, w.scratches())

		// Retention spares what it must.
		w.clock.move(29 * 24 * time.Hour)
		require.Empty(t, w.pruned(false))
		w.clock.move(2 * 24 * time.Hour)
		require.Empty(t, w.pruned(false), "the newest verified one")
		second := w.created()
		_, err = w.Verify(ctx, second.Name, quiet)
		require.NoError(t, err)
		require.NoError(t, w.Mark(ctx, m.Name, "tester", "an audit"))
		require.Empty(t, w.pruned(false))
		entry, _, err = w.Show(ctx, m.Name)
		require.NoError(t, err)
		require.Equal(t, "an audit", entry.Mark.Reason)
		require.NoError(t, w.Unmark(ctx, m.Name))
		before := w.keys()
		require.Equal(t, []string{m.Name}, w.pruned(true))
		require.Equal(t, before, w.keys(), "a dry run changes nothing")
		require.Equal(t, []string{m.Name}, w.pruned(false))
		for _, key := range w.keys() {
			require.True(t, strings.HasPrefix(key, second.Name+"/"), key)
		}
		_, err = w.Verify(ctx, m.Name, quiet)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.NotContains(t, w.log.String(), "hunter2")
	})
}

// pruned gives what retention deletes.
func (w *world) pruned(dryRun bool) (names []string) {
	w.t.Helper()
	report, err := w.Prune(w.t.Context(), dryRun, quiet)
	require.NoError(w.t, err)
	for _, d := range report.Decisions {
		if d.Delete {
			names = append(names, d.Name)
		}
	}
	require.Len(w.t, names, report.Deleted)
	return names
}

func TestRestoreIntoLive(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.exec(`create role reader_` + w.name() + `; grant select on games to reader_` + w.name())
		t.Cleanup(func() { w.exec(`drop owned by reader_` + w.name() + `; drop role reader_` + w.name()) })
		m := w.created()
		w.exec(`truncate games; create table later (id int)`)
		w.clock.move(time.Hour) // names count seconds
		stop, served := w.traffic()
		r, err := w.Restore(ctx, m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(r.Replaced)
		stop()
		require.Positive(t, *served)
		require.Equal(t, w.name(), r.Database)
		require.Equal(t, "20000", w.query("", `select count(*) from games`))
		require.Equal(t, "", w.query("", `select coalesce(to_regclass('later')::text, '')`), "no mixture")
		require.Equal(t, "0", w.query(r.Replaced, `select count(*) from games`), "what was live is kept")
		require.Empty(t, w.scratches())

		// The safety backup holds what was live.
		entry, safety, err := w.Show(ctx, r.Safety)
		require.NoError(t, err)
		require.Equal(t, Complete, entry.Status)
		require.Equal(t, int64(0), safety.Database.Rows["public.games"])
		newest, err := w.Newest(ctx)
		require.NoError(t, err)
		require.Equal(t, m.Name, newest.Name, "what was to be replaced is not the newest to restore or drill")
		require.Contains(t, strings.Join(safety.Issues, " "), "public.games is empty; "+m.Name+" had 20000 rows of it")
		w.clock.move(time.Hour)
		back, err := w.Restore(ctx, r.Safety, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(back.Replaced)
		require.Equal(t, "later", w.query("", `select to_regclass('later')::text`))
		require.Equal(t, "true", w.query("", `select has_table_privilege('reader_`+w.name()+`', 'games', 'select')`), "rights come along")
	})
}

// traffic asks the live database all the time, as a service does, and counts
// the answers.
func (w *world) traffic() (stop func(), served *int) {
	w.t.Helper()
	pool, err := w.pool(w.t.Context(), w.name())
	require.NoError(w.t, err)
	quit, left := make(chan struct{}), make(chan struct{})
	served = new(int)
	go func() {
		defer close(left)
		for {
			select {
			case <-quit:
				return
			default:
			}
			if _, err := pool.Exec(w.t.Context(), `select count(*) from public.api_keys`); err == nil {
				*served++
			}
		}
	}()
	return func() { close(quit); <-left; pool.Close() }, served
}

// Everything was lost but the bucket: an empty database is enough to begin
// again.
func TestRestoreOnAnEmptyServer(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		w.clock.move(time.Hour)
		empty := *w
		empty.Service = w.service(postgrestest.Empty(t), w.Options)
		entries, err := empty.List(t.Context())
		require.NoError(t, err)
		require.Len(t, entries, 1)
		v, err := empty.Verify(t.Context(), m.Name, quiet)
		require.NoError(t, err)
		require.True(t, v.Passed)
		r, err := empty.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err)
		empty.dropAfter(r.Replaced)
		require.Equal(t, "20000", empty.query("", `select count(*) from games`))
		require.Equal(t, "1", empty.query("", `select count(*) from backup_results where kind = 'restore'`))
	})
}

func TestRestoreFilesAndModels(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx, files := t.Context(), openBucket(t, w.newBucket(t))
		embedded := w.created()
		options := RestoreOptions{Components: []Component{Models, Configuration}, Files: files}
		_, err := w.Restore(ctx, embedded.Name, options, quiet)
		require.NoError(t, err)
		text, err := files.ReadAll(ctx, embedded.Name+"/models/embedded/manifest.json")
		require.NoError(t, err)
		require.JSONEq(t, `{"version":"s1"}`, string(text))
		var configuration struct {
			Configuration map[string]any
			Contract      struct{ Jobs []contract.Job }
		}
		text, err = files.ReadAll(ctx, embedded.Name+"/configuration.json")
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &configuration))
		require.Equal(t, "(set)", configuration.Configuration["SECRET_KEY"])
		require.Equal(t, "", configuration.Configuration["CFBD_API_KEY"])
		require.Equal(t, "info", configuration.Configuration["LOG_LEVEL"])
		require.Len(t, configuration.Configuration, len(contract.Variables()))
		require.Len(t, configuration.Contract.Jobs, len(contract.Jobs()))
		require.NotContains(t, string(text), "hunter2")

		// With a bucket of packs, the packs go and come back.
		w.Models = openBucket(t, w.newBucket(t))
		packs := map[string]string{"packs/s1-a/manifest.json": "{}", "packs/s1-a/model.bin": strings.Repeat("x", 1<<20), "packs/s2-b/manifest.json": "{2}"}
		for key, text := range packs {
			require.NoError(t, w.Models.WriteAll(ctx, key, []byte(text), nil))
		}
		require.NoError(t, w.Models.WriteAll(ctx, "elsewhere", nil, nil))
		w.clock.move(time.Minute)
		m := w.created()
		require.NoError(t, w.Models.Delete(ctx, "packs/s1-a/model.bin"))
		require.NoError(t, w.Models.WriteAll(ctx, "packs/s2-b/manifest.json", []byte("broken"), nil))
		w.clock.move(time.Minute)
		r, err := w.Restore(ctx, m.Name, RestoreOptions{Components: []Component{Models}, IntoLive: true}, quiet)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"packs/s1-a/model.bin", "packs/s2-b/manifest.json"}, r.Files, "what is right is left alone")
		for key, text := range packs {
			got, err := w.Models.ReadAll(ctx, key)
			require.NoError(t, err)
			require.Equal(t, text, string(got), key)
		}

		_, err = w.Restore(ctx, m.Name, RestoreOptions{Components: []Component{Logs}, Files: files}, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.ErrorContains(t, err, "does not hold logs")
	})
}
