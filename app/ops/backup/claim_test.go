package backup

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// begun is a backup in a folder of its own that nobody will end.
func (w *world) begun(l *lock, at time.Time) string {
	w.t.Helper()
	m, _, err := w.begin(w.t.Context(), l, at)
	require.NoError(w.t, err)
	w.writeAll(m.Name+"/database.dump.zst", []byte("half"))
	return m.Name
}

// The next backup removes what a killed one of the same database has left, and
// nothing else.
func TestLeftBackupsAreRemoved(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		var ours lock
		require.NoError(t, w.exclusive(t.Context(), "test", func(_ context.Context, l *lock) error { ours.domain = l.domain; return nil }))
		require.NotEmpty(t, ours.domain)
		stay := []string{
			w.begun(&lock{domain: ours.domain + "1"}, w.clock.now()),
			w.begun(&lock{}, w.clock.now()),
			w.begun(&ours, w.clock.now()),
		}
		require.NoError(t, w.put(t.Context(), stay[2], keepName, []byte(`{"reason":"to be looked at"}`)))
		done := w.created().Name
		require.NoError(t, w.put(t.Context(), done, claimPrefix+"late"+claimSuffix, []byte(fmt.Sprintf(`{"domain":%q}`, ours.domain))))
		left := w.begun(&ours, w.clock.now())
		w.writeAll("other/begun-x.json", []byte(`{}`))
		w.clock.move(time.Hour)
		m := w.created()
		folders := map[string]bool{}
		for _, key := range w.keys() {
			name, _, _ := strings.Cut(key, "/")
			folders[name] = true
		}
		require.NotContains(t, folders, left)
		for _, name := range append(stay, done, m.Name, "other") {
			require.Contains(t, folders, name)
		}
		_, err := w.Verify(t.Context(), done, quiet)
		require.NoError(t, err)
	})
}

// Whoever lost the lock unnoticed, and its folder with it, makes no backup.
func TestNoBackupWithoutItsClaim(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		removed := false
		_, err := w.Create(t.Context(), func(_, _ int64, _ string) {
			for _, key := range w.keys() {
				if strings.Contains(key, claimPrefix) {
					require.NoError(t, w.Bucket.Delete(t.Context(), key))
					removed = true
				}
			}
		})
		require.True(t, removed)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "took it for left behind")
		require.Empty(t, w.keys())
	})
}

// Telling databases apart takes no rights.
func TestAnyRoleIsToldItsDomain(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		role := "plain_" + w.name()
		w.exec(`create role ` + role)
		t.Cleanup(func() { w.exec(`drop role ` + role) })
		conn, err := w.connect(t.Context(), "", "test")
		require.NoError(t, err)
		defer disconnect(t.Context(), conn)
		_, err = conn.Exec(t.Context(), `set role `+role)
		require.NoError(t, err)
		var domain, other string
		require.NoError(t, conn.QueryRow(t.Context(), domainSQL).Scan(&domain))
		require.Regexp(t, `^\d+/\d+$`, domain)
		elsewhere, err := w.connect(t.Context(), maintenance, "test")
		require.NoError(t, err)
		defer disconnect(t.Context(), elsewhere)
		require.NoError(t, elsewhere.QueryRow(t.Context(), domainSQL).Scan(&other))
		require.NotEqual(t, domain, other)
	})
}
