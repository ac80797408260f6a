package backup

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/ops/backup/envelope"
	"github.com/script-ohio/platform/app/ops/backup/pgclient"
)

// Every way to spoil a backup is found, by the check that is there for it.
func TestSpoiltBackupsAreFound(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		clean := map[string][]byte{}
		for _, key := range w.keys() {
			clean[key] = w.readAll(key)
		}
		mend := func() {
			for key, text := range clean {
				w.writeAll(key, text)
			}
		}
		dump := m.Name + "/" + w.object(m, Database).Key
		flip := func(key string) {
			text := bytes.Clone(clean[key])
			text[rand.IntN(len(text))] ^= 1 << rand.IntN(8)
			w.writeAll(key, text)
		}
		type spoiling struct {
			check string
			spoil func()
		}
		spoilings := map[string]spoiling{
			"stored dump cut at 60 %": {"size", func() { w.writeAll(dump, clean[dump][:len(clean[dump])*6/10]) }},
			"stored dump longer":      {"size", func() { w.writeAll(dump, append(bytes.Clone(clean[dump]), 0)) }},
			"pg_dump's output cut at 60 %": {"dump", func() {
				w.forge(m, Database, func(plain []byte) []byte { return plain[:len(plain)*6/10] })
			}},
			"byte of the dump lost": {"dump", func() {
				w.forge(m, Database, func(plain []byte) []byte { return plain[:len(plain)-1] })
			}},
			"missing": {"missing", func() { require.NoError(t, w.Bucket.Delete(t.Context(), dump)) }},
			"manifest edited": {"manifest", func() {
				key := m.Name + "/" + manifestName
				w.writeAll(key, bytes.Replace(clean[key], []byte(`"public.games": 20000`), []byte(`"public.games": 20001`), 1))
			}},
			"manifest edited with its checksum": {"manifest-record", func() {
				edited := m
				edited.Issues = []string{"nothing to see"}
				_, err := w.writeManifest(t.Context(), edited)
				require.NoError(t, err)
			}},
			"manifest's checksum lost": {"manifest", func() { require.NoError(t, w.Bucket.Delete(t.Context(), m.Name+"/"+digestName)) }},
		}
		for _, c := range []Component{Database, Models, Configuration} {
			key := m.Name + "/" + w.object(m, c).Key
			for range 3 {
				spoilings["bit flipped in "+key] = spoiling{"checksum", func() { flip(key) }}
			}
		}
		spoilings["bit flipped in the manifest"] = spoiling{"manifest", func() { flip(m.Name + "/" + manifestName) }}
		spoilings["bit flipped in the manifest's checksum"] = spoiling{"manifest", func() { flip(m.Name + "/" + digestName) }}

		for name, test := range spoilings {
			t.Run(name, func(t *testing.T) {
				defer mend()
				v, err := w.Verify(t.Context(), m.Name, quiet)
				require.NoError(t, err)
				require.True(t, v.Passed)
				test.spoil()
				v, err = w.Verify(t.Context(), m.Name, quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				require.False(t, v.Passed)
				require.Contains(t, v.Checks.Failed().names(), test.check)
				entries, err := w.List(t.Context())
				require.NoError(t, err)
				require.False(t, entries[0].Verified(), "the verdict is kept")
				all, err := w.VerifyNewer(t.Context(), w.Clock().Add(-week), quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err))
				require.Len(t, all, 1)
			})
		}
		v, err := w.Verify(t.Context(), m.Name, quiet)
		require.NoError(t, err)
		require.True(t, v.Passed, "it was mended")
	})
}

// forge replaces what a component holds, and makes manifest and checksums
// agree with it.
func (w *world) forge(m Manifest, component Component, change func([]byte) []byte) {
	w.t.Helper()
	parts := make([]Part, len(m.Parts))
	copy(parts, m.Parts)
	m.Parts = parts
	object := w.object(m, component)
	opened, err := envelope.Open(bytes.NewReader(w.readAll(m.Name+"/"+object.Key)), object.Compression, object.Encryption, w.Keys)
	require.NoError(w.t, err)
	defer opened.Close()
	plain, err := io.ReadAll(opened)
	require.NoError(w.t, err)
	name := strings.Split(object.Key, ".zst")[0]
	forged, err := w.store(w.t.Context(), m.Name, name, 0, quiet, func(to io.Writer) error {
		_, err := to.Write(change(plain))
		return err
	})
	require.NoError(w.t, err)
	for i, part := range m.Parts {
		if part.Name == component {
			m.Parts[i].Objects = []Object{forged}
		}
	}
	_, err = w.writeManifest(w.t.Context(), m)
	require.NoError(w.t, err)
}

// A drill finds what only a restored database shows, and a restore refuses
// what would not be what was backed up.
func TestDrillsFindWhatDoesNotComeBack(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		d, err := w.Drill(t.Context(), quiet)
		require.NoError(t, err)
		require.True(t, d.Passed)
		for change, check := range map[string]string{
			`truncate games`:                                           "rows prediction",
			`delete from games where id=17`:                            "rows",
			`drop table nothing`:                                       "rows schema",
			`create table more (id int)`:                               "rows schema",
			`drop index games_week`:                                    "schema",
			`alter table games add column x int`:                       "schema",
			`alter type "Odd Schema".mood add value 'new'`:             "schema",
			`drop view winners; drop function points`:                  "schema",
			`update goose_db_version set version_id = 1`:               "schema-version",
			`alter sequence "Odd Schema"."Odd ""Table_id_seq" restart`: "sequences",
			`update games set home_points = null, away_points = null`:  "prediction",
		} {
			t.Run(change, func(t *testing.T) {
				w.Predict = predictWinner
				if check == "prediction" {
					w.Predict = predictScored
				}
				spoilt := w.dumpAfter(change)
				w.forge(m, Database, func([]byte) []byte { return spoilt })
				v, err := w.Verify(t.Context(), m.Name, quiet)
				require.Error(t, err)
				require.Equal(t, "manifest-record", v.Checks.Failed().names(), "all that can be read looks well")
				d, err := w.Drill(t.Context(), quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				require.False(t, d.Passed)
				require.Equal(t, "manifest-record "+check, d.Checks.Failed().names())
				require.Empty(t, w.scratches())
				// What a program makes of its data is not for a restore to judge.
				if check != "rows" && check != "schema-version" {
					return
				}
				_, err = w.Restore(t.Context(), m.Name, RestoreOptions{}, quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				require.Empty(t, w.scratches())
				require.Empty(t, w.databases(w.name()+"_"))
			})
		}
	})
}

// dumpAfter dumps a copy of the database in which something was changed.
func (w *world) dumpAfter(change string) []byte {
	w.t.Helper()
	ctx, copied := w.t.Context(), w.name()+"_changed"
	require.NoError(w.t, w.onServer(`create database `+copied+` template `+w.name()))
	defer func() { require.NoError(w.t, w.dropAlways(ctx, copied)) }()
	conn, err := w.connect(ctx, copied, "test")
	require.NoError(w.t, err)
	_, err = conn.Exec(ctx, `set search_path = public; truncate backup_results, backup_catalog, backup_catalog_seen; `+change)
	require.NoError(w.t, err)
	disconnect(ctx, conn)
	client, err := pgclient.Find(ctx, 0)
	require.NoError(w.t, err)
	var dump bytes.Buffer
	target := w.target.Database(copied)
	require.NoError(w.t, client.Run(ctx, pgclient.Call{Program: pgclient.Dump, Args: []string{"--format=custom", "--compress=0"}, Target: &target, Out: &dump}))
	return dump.Bytes()
}

// onServer runs a statement outside of the database.
func (w *world) onServer(sql string) error {
	conn, err := w.connect(w.t.Context(), maintenance, "test")
	if err != nil {
		return err
	}
	defer disconnect(w.t.Context(), conn)
	_, err = conn.Exec(w.t.Context(), sql)
	return err
}

func (c Checks) names() string {
	names := make([]string, len(c))
	for i, check := range c {
		names[i] = check.Name
	}
	return strings.Join(names, " ")
}
