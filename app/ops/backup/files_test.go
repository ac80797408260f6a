package backup

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

// Files come back while the database is lost, or busy with another restore.
func TestFilesComeBackWithoutADatabase(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		ctx, files := t.Context(), openBucket(t, w.newBucket(t))
		m := w.created()
		lost := w.service("postgres://nobody@127.0.0.1:1/lost?connect_timeout=1", w.Options)
		r, err := lost.RestoreFiles(ctx, m.Name, []Component{Configuration, Models}, files, quiet)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{m.Name + "/configuration.json", m.Name + "/models/embedded/manifest.json"}, r.Files)
		for _, key := range r.Files {
			there, err := files.Exists(ctx, key)
			require.NoError(t, err)
			require.True(t, there, key)
		}
		_, err = w.RestoreFiles(ctx, m.Name, []Component{Configuration}, files, quiet)
		require.NoError(t, err)
		require.Equal(t, "1", w.query("", `select count(*) from backup_results where kind = 'restore'`), "recorded where it can be")

		for _, wrong := range [][]Component{nil, {Database}, {Configuration, Database}} {
			_, err = lost.RestoreFiles(ctx, m.Name, wrong, files, quiet)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), wrong)
		}
		_, err = lost.RestoreFiles(ctx, m.Name, []Component{Logs}, files, quiet)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "it does not hold any")
		_, err = lost.RestoreFiles(ctx, "backup-20200101-000000", []Component{Models}, files, quiet)
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
	})
}
