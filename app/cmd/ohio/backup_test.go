package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/backup"
)

// withBackups gives commands a database, a bucket and keys of their own.
func withBackups(t *testing.T) {
	t.Helper()
	onDatabase(t)
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	t.Setenv("BACKUP_BUCKET", "file://"+t.TempDir())
	t.Setenv("BACKUP_RECIPIENT", identity.Recipient().String())
	t.Setenv("BACKUP_IDENTITY", identity.String())
	t.Setenv("MODELS_BUCKET", "")
}

func drop(t *testing.T, database string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), "drop database "+pgx.Identifier{database}.Sanitize())
	require.NoError(t, err)
}

func TestBackupCommands(t *testing.T) {
	withBackups(t)
	games := write(t, "games.csv", header+game(1, "Iowa", "Purdue", 3)+game(2, "Ohio State", "Michigan", 42))
	require.Equal(t, imported{Inserted: 2}, decoded[imported](t, "games", "import", games, "-o", "json"))
	require.Empty(t, decoded[[]backup.Entry](t, "backup", "list", "-o", "json"))
	_, complaint := ohio(t, 3, "backup", "drill")
	require.Contains(t, complaint, "ohio backup create")

	made := decoded[shown](t, "backup", "create", "-o", "json")
	require.Equal(t, backup.Complete, made.Status)
	require.Equal(t, int64(2), made.Manifest.Database.Rows["public.games"])
	require.True(t, decoded[backup.Verification](t, "backup", "verify", "-o", "json").Passed)
	listed := decoded[[]backup.Entry](t, "backup", "list", "-o", "json")
	require.Len(t, listed, 1)
	require.True(t, listed[0].Verified())
	drill := decoded[backup.Drill](t, "backup", "drill", "-o", "json")
	require.True(t, drill.Passed)
	require.Contains(t, drill.Prediction, " beats ")

	restored := decoded[backup.Restored](t, "backup", "restore", "latest", "-o", "json")
	require.Contains(t, restored.Tables, backup.Counted{Table: "public.games", Manifest: 2, Restored: 2})
	drop(t, restored.Database)
	dir := t.TempDir()
	ohio(t, 0, "backup", "restore", made.Name, "--component", "configuration,models", "--directory", dir)
	require.FileExists(t, filepath.Join(dir, made.Name, "configuration.json"))
	_, complaint = ohio(t, 4, "backup", "restore", made.Name, "--into-live")
	require.Contains(t, complaint, "--yes")
	live := decoded[backup.Restored](t, "backup", "restore", made.Name, "--into-live", "--yes", "-o", "json")
	require.NotEmpty(t, live.Safety)
	drop(t, live.Replaced)
	listed = decoded[[]backup.Entry](t, "backup", "list", "-o", "json")
	require.Equal(t, live.Safety, listed[0].Name)
	table, _ := ohio(t, 0, "backup", "list")
	require.Regexp(t, live.Safety+` +complete, safety`, table)
	require.Equal(t, imported{Unchanged: 2}, decoded[imported](t, "games", "import", games, "-o", "json"))

	marked := decoded[backup.Entry](t, "backup", "mark", made.Name, "--reason", "an audit", "-o", "json")
	require.Equal(t, "an audit", marked.Mark.Reason)
	require.NotEmpty(t, marked.Mark.By)
	require.Nil(t, decoded[backup.Entry](t, "backup", "mark", made.Name, "--remove", "-o", "json").Mark)
	recorded, _ := ohio(t, 0, "audit", "list", "--action", "backup.")
	for _, action := range []string{"backup.restore", "backup.mark", "backup.unmark"} {
		require.Contains(t, recorded, action)
	}
	pruned := decoded[backup.PruneReport](t, "backup", "prune", "-o", "json")
	require.Zero(t, pruned.Deleted, "nothing to ask about")

	for line, parts := range map[string][]string{
		"backup list":            {"NAME", made.Name, "complete"},
		"backup show":            {"public.games", "database.dump.zst.age", "pg_dump", "no source of logs"},
		"backup verify":          {"CHECK", "has been read in full"},
		"backup drill":           {"RECOVERY TIME", "prediction", "passed"},
		"backup prune --dry-run": {"BECAUSE", "not older than 30 days"},
	} {
		table, complaint := ohio(t, 0, strings.Fields(line)...)
		require.Empty(t, complaint, line)
		for _, part := range parts {
			require.Contains(t, table, part, line)
		}
	}
}

func TestBackupPruneAsks(t *testing.T) {
	withBackups(t)
	dir := strings.TrimPrefix(os.Getenv("BACKUP_BUCKET"), "file://")
	left := filepath.Join(dir, "backup-20200101-000000")
	require.NoError(t, os.Mkdir(left, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(left, "database.dump.zst"), nil, 0o600))
	_, complaint := ohio(t, 4, "backup", "prune")
	require.Equal(t, "ohio: this deletes 1 backup for good; say --yes if that is meant\n", complaint, "nobody is there to ask")
	require.FileExists(t, filepath.Join(left, "database.dump.zst"))
	report := decoded[backup.PruneReport](t, "backup", "prune", "--yes", "-o", "json")
	require.Equal(t, 1, report.Deleted)
	require.NoFileExists(t, filepath.Join(left, "database.dump.zst"))
}

// When the database is lost the bucket is asked alone, and nobody else is.
func TestBackupsWithoutADatabase(t *testing.T) {
	withBackups(t)
	made := decoded[shown](t, "backup", "create", "-o", "json")
	stranger, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	called := make(chan string, 100)
	go func() {
		for {
			conn, err := stranger.Accept()
			if err != nil {
				close(called)
				return
			}
			called <- conn.RemoteAddr().String()
			_ = conn.Close()
		}
	}()
	host, port, err := net.SplitHostPort(stranger.Addr().String())
	require.NoError(t, err)
	t.Setenv("PGHOST", host)
	t.Setenv("PGPORT", port)
	t.Setenv("DATABASE_URL", "")
	t.Setenv("OHIO_DATA_DIR", filepath.Join(t.TempDir(), "none"))
	dir := t.TempDir()
	for _, line := range []string{
		"backup list", "backup show", "backup verify", "backup mark latest --reason disaster", "backup prune --dry-run",
		"backup restore latest --component configuration,models --directory " + dir,
	} {
		table, complaint := ohio(t, 0, strings.Fields(line)...)
		require.Contains(t, table, made.Name, line)
		require.Equal(t, 1, strings.Count(complaint, "\n"), "%s: %s", line, complaint)
		require.Contains(t, complaint, "Without a database the bucket alone is used")
	}
	restored := decoded[backup.Restored](t, "backup", "restore", "latest", "--component", "configuration", "--directory", dir, "-o", "json")
	require.Equal(t, []string{filepath.Join(dir, made.Name, "configuration.json")}, restored.Files)
	require.FileExists(t, restored.Files[0])
	for _, line := range []string{"backup create", "backup restore latest", "backup drill", "backup prune"} {
		_, complaint := ohio(t, 3, strings.Fields(line)...)
		require.Contains(t, complaint, "set DATABASE_URL", line)
	}
	require.NoError(t, stranger.Close())
	for from := range called {
		t.Errorf("%s connected to what nobody named", from)
	}
}

func TestBackupTroubleIsTold(t *testing.T) {
	withBackups(t)
	made := decoded[shown](t, "backup", "create", "-o", "json")
	identity := os.Getenv("BACKUP_IDENTITY")
	t.Setenv("BACKUP_IDENTITY", "")
	_, complaint := ohio(t, 2, "backup", "drill")
	require.Contains(t, complaint, "BACKUP_IDENTITY")
	t.Setenv("BACKUP_IDENTITY", identity)
	folder := filepath.Join(strings.TrimPrefix(os.Getenv("BACKUP_BUCKET"), "file://"), made.Name)
	dump := filepath.Join(folder, "database.dump.zst.age")
	text, err := os.ReadFile(dump)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dump, text[:len(text)/2], 0o600))
	table, complaint := ohio(t, 4, "backup", "verify", made.Name)
	require.Contains(t, table, "FAILED")
	require.Contains(t, complaint, "is damaged")
	table, complaint = ohio(t, 4, "backup", "drill")
	require.Contains(t, table, "FAILED")
	require.Contains(t, complaint, "drill")
	table, _ = ohio(t, 0, "backup", "list")
	require.Contains(t, table, "FAILED")
	for line, status := range map[string]int{
		"backup show backup-20200101-000000":                       3,
		"backup show nonsense":                                     2,
		"backup mark latest":                                       2,
		"backup restore latest --into-live --database x":           2,
		"backup restore latest --component everything":             2,
		"backup restore latest --component models":                 2, // no folder
		"backup restore latest --component database,configuration": 2,
		"backup verify backup-20200101-000000":                     3,
		"backup list --bucket ftp://x":                             2,
	} {
		_, complaint := ohio(t, status, strings.Fields(line)...)
		require.Equal(t, 1, strings.Count(complaint, "\n"), complaint)
	}
	_, complaint = ohio(t, 2, "backup", "restore", made.Name, "--directory", "/proc/x")
	require.Contains(t, complaint, "the folder /proc/x cannot be used")
	t.Setenv("BACKUP_BUCKET", "")
	_, complaint = ohio(t, 2, "backup", "list")
	require.Contains(t, complaint, "BACKUP_BUCKET is not set")
	t.Setenv("DATABASE_URL", "")
	t.Setenv("OHIO_DATA_DIR", filepath.Join(t.TempDir(), "none"))
	_, complaint = ohio(t, 3, "backup", "create")
	require.Contains(t, complaint, "serve --local")
	_, complaint = ohio(t, 3, "backup", "list")
	require.Contains(t, complaint, "serve --local")
	require.NoDirExists(t, os.Getenv("OHIO_DATA_DIR"))
}

// Who mistypes where backups lie is told, and finds no new folder later.
func TestReadingMakesNoFolder(t *testing.T) {
	withBackups(t)
	reads := []string{"backup list", "backup show", "backup verify", "backup drill", "backup restore latest", "backup prune", "backup mark latest --reason x"}
	nowhere := filepath.Join(t.TempDir(), "no", "where")
	for _, line := range reads {
		_, complaint := ohio(t, 3, append(strings.Fields(line), "--bucket", "file://"+nowhere)...)
		require.Contains(t, complaint, "there is no folder "+nowhere, line)
	}
	ohio(t, 0, "backup", "create", "--bucket", "file://"+filepath.Join(nowhere, "made"))
	ohio(t, 0, "backup", "list", "--bucket", "file://"+filepath.Join(nowhere, "made"))

	for _, line := range append(reads, "backup create") {
		_, complaint := ohio(t, 2, append(strings.Fields(line), "--bucket", "mem://")...)
		require.Contains(t, complaint, "gone when the command ends", line)
	}

	data := filepath.Join(t.TempDir(), "data")
	t.Setenv("DATABASE_URL", "")
	t.Setenv("OHIO_DATA_DIR", data)
	_, complaint := ohio(t, 0, "backup", "list")
	require.Contains(t, complaint, "Without a database")
	require.NoDirExists(t, data)
	t.Setenv("BACKUP_BUCKET", "")
	ohio(t, 3, "backup", "list")
	require.NoDirExists(t, data)
	require.NoError(t, os.Mkdir(data, 0o700))
	_, complaint = ohio(t, 3, "backup", "list")
	require.Contains(t, complaint, "there is no folder "+filepath.Join(data, "backups"))
	entries, err := os.ReadDir(data)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// A backup for somebody's own drawer is none of the deployment's.
func TestBackupsElsewhereAreNotRecorded(t *testing.T) {
	withBackups(t)
	recorded := func() (n int) {
		conn, err := pgx.Connect(t.Context(), os.Getenv("DATABASE_URL"))
		require.NoError(t, err)
		defer conn.Close(t.Context())
		require.NoError(t, conn.QueryRow(t.Context(), `select (select count(*) from backup_results) + (select count(*) from backup_catalog)`).Scan(&n))
		return n
	}
	ohio(t, 0, "backup", "create", "--bucket", "file://"+t.TempDir())
	require.Zero(t, recorded())
	ohio(t, 0, "backup", "create", "--bucket", os.Getenv("BACKUP_BUCKET"))
	require.Equal(t, 2, recorded())
}
