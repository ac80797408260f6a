package backup

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// in is a service of another database of the world's server, for another role
// if one is given.
func (w *world) in(database string, role *url.Userinfo) *Service {
	w.t.Helper()
	u, err := url.Parse(w.DatabaseURL)
	require.NoError(w.t, err)
	u.Path = "/" + database
	if role != nil {
		u.User = role
	}
	return w.service(u.String(), w.Options)
}

// A restored database sorts as the one that was backed up.
func TestRestoredDatabasesSortAlike(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		name := w.name() + "_icu"
		w.exec(fmt.Sprintf(`create database %q template template0 locale_provider icu icu_locale 'en-US' lc_collate 'C' lc_ctype 'C'`, name))
		w.dropAfter(name)
		s := w.in(name, nil)
		m, err := s.Create(t.Context(), quiet)
		require.NoError(t, err, w.log.String())
		require.Equal(t, "i", m.Database.Provider)
		w.clock.move(time.Hour)
		r, err := s.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(r.Replaced)
		const sorted = `select string_agg(x, '' order by x) from unnest(array['B', 'a', 'c']) x`
		require.Equal(t, "aBc", w.query(r.Replaced, sorted))
		require.Equal(t, "aBc", w.query(name, sorted))
	})
}

// A role that is gone is named, with what to do, and the backup is not blamed.
func TestRolesThatAreGone(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		role := w.roles("reader")[0]
		for _, what := range []string{"a right", "a policy"} {
			if what == "a right" {
				w.exec(fmt.Sprintf(`grant select on games to %q`, role))
			} else {
				w.exec(fmt.Sprintf(`create policy readers on nothing to %q using (true)`, role))
			}
			m := w.created()
			w.clock.move(time.Hour)
			w.exec(fmt.Sprintf(`alter role %q rename to %q`, role, fmt.Sprint(role, " once")))
			_, err := w.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
			require.Equal(t, fault.Conflict, fault.CodeOf(err), what)
			require.ErrorContains(t, err, fmt.Sprintf("create role %q nologin", role))
			require.NotContains(t, err.Error(), "is not what was backed up")
			require.Empty(t, w.scratches())
			r, err := w.Restore(t.Context(), m.Name, RestoreOptions{Database: w.name() + "_fresh"}, quiet)
			if what == "a policy" {
				require.ErrorContains(t, err, "a policy of the backup names role")
			} else {
				require.NoError(t, err)
				require.NoError(t, w.dropAlways(t.Context(), r.Database))
			}
			w.exec(fmt.Sprintf(`alter role %q rename to %q`, fmt.Sprint(role, " once"), role))
			r, err = w.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
			require.NoError(t, err, w.log.String())
			w.dropAfter(r.Replaced)
			w.clock.move(time.Hour)
		}
	})
}

// Whoever may not end the sessions of others is told whose they are, and ends
// what it may.
func TestSessionsOfOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		app, reader := "app_"+w.name(), "reader_"+w.name()
		live := w.name() + "_apps"
		w.exec(fmt.Sprintf(`create role %[1]s login createdb password 'apps'; create role %[2]s login password 'readers'`, app, reader))
		t.Cleanup(func() { w.exec(fmt.Sprintf(`drop role %s; drop role %s`, app, reader)) })
		w.exec(fmt.Sprintf(`create database %s owner %s`, live, app))
		w.dropAfter(live)
		s := w.in(live, url.UserPassword(app, "apps"))
		m, err := s.Create(t.Context(), quiet)
		require.NoError(t, err, w.log.String())
		w.clock.move(time.Hour)
		other, err := w.in(live, url.UserPassword(reader, "readers")).connect(t.Context(), "", "read")
		require.NoError(t, err)
		defer disconnect(t.Context(), other)
		ours, err := s.connect(t.Context(), "", "idle")
		require.NoError(t, err)
		defer disconnect(t.Context(), ours)
		_, err = s.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "sessions of "+reader+" are in it")
		require.Error(t, ours.Ping(t.Context()), "it was ended")
		require.NoError(t, other.Ping(t.Context()))
		require.NotContains(t, w.log.String(), "must be a member")
		require.Contains(t, w.log.String(), "what is live was backed up before")

		w.exec(`grant pg_signal_backend to ` + app)
		w.clock.move(time.Hour)
		r, err := s.Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
		require.NoError(t, err, w.log.String())
		w.dropAfter(r.Replaced)
	})
}

// The server's own databases are not replaced, and no restored one has a name
// that makes the next run drop it.
func TestNamesThatAreNotToBeHad(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		keys := w.keys()
		for _, own := range []string{maintenance, "template1"} {
			_, err := w.in(own, nil).Restore(t.Context(), m.Name, RestoreOptions{IntoLive: true}, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "database "+own+" at ")
		}
		require.Equal(t, keys, w.keys(), "not even a safety backup is made")
		_, err := w.Restore(t.Context(), m.Name, RestoreOptions{Database: scratchPrefix + "1_x"}, quiet)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%v", err)
	})
}

// Restores without a name have one each, however soon they follow.
func TestNamesOfOneSecond(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		s := w.stopped(w.DatabaseURL, w.clock.now())
		names := map[string]bool{}
		for range 3 {
			r, err := s.Restore(t.Context(), m.Name, RestoreOptions{}, quiet)
			require.NoError(t, err)
			w.dropAfter(r.Database)
			names[r.Database] = true
		}
		require.Len(t, names, 3)
	})
}

func TestReasonsAreOneLine(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		for _, bad := range []string{"", " \t", "a\nb", "\x1b[31mred", "\xff", strings.Repeat("x", maxReason+1)} {
			require.Equal(t, fault.Invalid, fault.CodeOf(w.Mark(t.Context(), m.Name, "tester", bad)), "%q", bad)
		}
		require.NoError(t, w.Mark(t.Context(), m.Name, "tester", " an audit "))
		entry, _, err := w.Show(t.Context(), m.Name)
		require.NoError(t, err)
		require.Equal(t, "an audit", entry.Mark.Reason)
	})
}

// What is missing, or odd in a manifest whose checksum is right, is refused in
// words and before anything is touched.
func TestOddBackupsAreNotRestored(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		m := w.created()
		w.clock.move(time.Hour)
		refused := func(says string) {
			t.Helper()
			keys := w.keys()
			for _, o := range []RestoreOptions{{IntoLive: true}, {Database: w.name() + "_odd"}} {
				_, err := w.Restore(t.Context(), m.Name, o, quiet)
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, says)
			}
			require.Equal(t, keys, w.keys(), "no safety backup")
			require.Empty(t, w.scratches())
		}
		for says, odd := range map[string]Manifest{
			"the bogus backup": {Format: format, Name: m.Name, Status: "bogus", Parts: m.Parts, Database: m.Database},
			`backup "x"`:       {Format: format, Name: "x", Status: Complete, Parts: m.Parts, Database: m.Database},
			"is in format 99":  {Format: 99, Name: m.Name, Status: Complete, Parts: m.Parts, Database: m.Database},
			"should hold":      {Format: format, Name: m.Name, Status: Complete, Database: m.Database},
		} {
			text, err := json.Marshal(odd)
			require.NoError(t, err)
			w.writeAll(m.Name+"/"+manifestName, text)
			w.writeAll(m.Name+"/"+digestName, []byte(digestOf(text)+"\n"))
			refused(says)
		}
		_, err := w.writeManifest(t.Context(), m)
		require.NoError(t, err)
		key := w.object(m, Database).Key
		require.NoError(t, w.Bucket.Delete(t.Context(), m.Name+"/"+key))
		refused(key + " is not there")
	})
}
