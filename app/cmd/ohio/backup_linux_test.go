package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/backup"
)

// A local instance can be backed up without any configuration, also into the
// place of what is live while it serves, and its backups can be looked at
// when it does not run.
func TestBackupsOfALocalInstance(t *testing.T) {
	for _, name := range []string{"DATABASE_URL", "BACKUP_BUCKET", "BACKUP_RECIPIENT", "BACKUP_IDENTITY", "MODELS_BUCKET"} {
		t.Setenv(name, "")
	}
	dir := passable(t)
	p := serveLocal(t, self(t), dir, nil)
	games := write(t, "games.csv", header+game(1, "Iowa", "Purdue", 3))
	require.Equal(t, imported{Inserted: 1}, decoded[imported](t, "games", "import", games, "--data-dir", dir, "-o", "json"))
	made := decoded[shown](t, "backup", "create", "--data-dir", dir, "-o", "json")
	require.Equal(t, backup.Complete, made.Status)
	require.True(t, decoded[backup.Drill](t, "backup", "drill", "--data-dir", dir, "-o", "json").Passed)
	more := write(t, "games.csv", header+game(2, "Ohio State", "Michigan", 42))
	require.Equal(t, imported{Inserted: 1}, decoded[imported](t, "games", "import", more, "--data-dir", dir, "-o", "json"))
	live := decoded[backup.Restored](t, "backup", "restore", made.Name, "--into-live", "--yes", "--data-dir", dir, "-o", "json")
	require.NotEmpty(t, live.Safety)
	// Connections to the database that was put aside are found broken first.
	require.Eventually(t, func() bool { return p.get("/v1/games/1") == 200 }, 30*time.Second, 100*time.Millisecond)
	require.Equal(t, 404, p.get("/v1/games/2"), "it was not in the backup")

	p.stop(t, syscall.SIGTERM)
	require.True(t, decoded[backup.Verification](t, "backup", "verify", made.Name, "--data-dir", dir, "-o", "json").Passed)
	require.Len(t, decoded[[]backup.Entry](t, "backup", "list", "--data-dir", dir, "-o", "json"), 2)
	ohio(t, 3, "backup", "create", "--data-dir", dir)
}
