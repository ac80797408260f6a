package backup

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
)

// A manifest that somebody wrote anew does not go live, and fails the drill.
func TestAManifestUnlikeTheRecord(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		m.Issues = []string{"nothing to see"}
		_, err := w.writeManifest(t.Context(), m)
		require.NoError(t, err)
		w.clock.move(time.Hour)
		d, err := w.Drill(t.Context(), quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.Equal(t, "manifest-record", d.Checks.Failed().names())
		_, err = w.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "not the one that the database remembers")
		require.Len(t, listed(t, w), 1, "no safety backup was made for nothing")
		r, err := w.Restore(t.Context(), m.Name, RestoreOptions{}, quiet)
		require.NoError(t, err)
		w.dropAfter(r.Database)
		require.Equal(t, "manifest-record", r.Checks.Failed().names(), "it is told")
	})
}

func listed(t *testing.T, w *world) []Entry {
	t.Helper()
	entries, err := w.List(t.Context())
	require.NoError(t, err)
	return entries
}

// A complete backup that describes no database is damaged, and stops nobody.
func TestACompleteBackupWithoutADatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		for name, parts := range map[string][]Part{"with a dump": m.Parts, "without": {}} {
			t.Run(name, func(t *testing.T) {
				bare := m
				bare.Database, bare.Parts = nil, parts
				_, err := w.writeManifest(t.Context(), bare)
				require.NoError(t, err)
				require.Equal(t, Damaged, listed(t, w)[0].Status)
				_, err = w.Restore(t.Context(), m.Name, RestoreOptions{}, quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				_, err = w.Drill(t.Context(), quiet)
				require.Equal(t, fault.NotFound, fault.CodeOf(err), "%v", err)
			})
		}
	})
}

// What a wrong clock named is told, passed over, and cleaned up.
func TestBackupsOfTheFuture(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		w.clock.move(1000 * time.Hour)
		early := w.created()
		w.writeAll(w.Clock().UTC().Add(time.Hour).Format(nameLayout)+"/database.dump.zst", []byte("left by a crash"))
		w.clock.move(-1000 * time.Hour)
		entries := listed(t, w)
		require.Len(t, entries, 3)
		require.Contains(t, strings.Join(entries[0].Issues, " "), "begins in the future")
		require.Contains(t, strings.Join(entries[1].Issues, " "), "begins in the future")
		require.Empty(t, entries[2].Issues)
		require.Equal(t, []string{entries[0].Name}, w.pruned(false))
		newest, err := w.Newest(t.Context())
		require.NoError(t, err)
		require.Equal(t, m.Name, newest.Name)

		// Of others' backups too, and our own is worth more than theirs.
		theirs := func(at time.Time) string {
			other := m
			database := *m.Database
			database.Name, other.Database, other.Name = "another", &database, at.UTC().Format(nameLayout)
			_, err := w.writeManifest(t.Context(), other)
			require.NoError(t, err)
			return other.Name
		}
		theirs(w.Clock().Add(2000 * time.Hour))
		now := theirs(w.Clock().Add(time.Minute))
		for _, step := range []struct{ without, want string }{{"", m.Name}, {m.Name, early.Name}, {early.Name, now}} {
			if step.without != "" {
				require.NoError(t, w.discard(t.Context(), step.without))
			}
			newest, err := w.Newest(t.Context())
			require.NoError(t, err)
			require.Equal(t, step.want, newest.Name)
		}
	})
}

// While there is one that a right clock named, it is the last that goes,
// though one of the future was verified.
func TestTheFutureIsNoLastResort(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		now := w.Clock()
		entries := []Entry{
			{Name: "future", At: now.Add(10 * time.Hour), Status: Complete, Verification: &Verification{Passed: true}},
			{Name: "old", At: now.Add(-2 * w.Retention), Status: Complete},
			{Name: "older", At: now.Add(-3 * w.Retention), Status: Complete},
		}
		var gone []string
		for _, d := range decide(entries, now, w.Retention) {
			if d.Delete {
				gone = append(gone, d.Name)
			}
		}
		require.Equal(t, []string{"older"}, gone)
	})
}

// What cannot end well is refused before anything is made.
func TestRestoresThatCannotEndWell(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		right := newKeyring(t).keys(t)
		w.Keys = right
		m := w.created()
		w.clock.move(time.Hour)
		for name, keys := range map[string]envelope.Keys{"another": newKeyring(t).keys(t), "none": {}} {
			w.Keys = keys
			_, err := w.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%s: %v", name, err)
			require.ErrorContains(t, err, "BACKUP_IDENTITY")
			require.Len(t, listed(t, w), 1, "no safety backup was made for nothing")
		}
		w.Keys = right
		none := func(done, _ int64, note string) { t.Errorf("it was begun: %d %s", done, note) }
		_, err := w.Restore(t.Context(), m.Name, RestoreOptions{Database: w.name()}, none)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "choose another name")
		_, err = w.Restore(t.Context(), m.Name, RestoreOptions{Database: strings.Repeat("ö", 32)}, none)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
	})
}

// A sequence at its very end is no error, and manifests from before sequences
// were recorded are not judged by them.
func TestSequencesAtTheirEnd(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		w.exec(`create table last (id bigserial); select setval('last_id_seq', 9223372036854775807); insert into last values (9223372036854775807);
			create table chosen (id serial); insert into chosen values (50)`)
		m := w.created()
		require.Equal(t, []string{"public.chosen_id_seq is behind chosen.id"}, m.Database.Behind)
		text, err := json.Marshal(m.Database)
		require.NoError(t, err)
		old := map[string]any{}
		require.NoError(t, json.Unmarshal(text, &old))
		delete(old, "sequences_behind")
		text, err = json.Marshal(old)
		require.NoError(t, err)
		var snapshot Snapshot
		require.NoError(t, json.Unmarshal(text, &snapshot))
		require.Empty(t, snapshot.newlyBehind(*m.Database))
		snapshot.Behind = []string{}
		require.Equal(t, m.Database.Behind, snapshot.newlyBehind(*m.Database))
	})
}
