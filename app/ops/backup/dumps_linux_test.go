package backup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// dumps lists the pg_dump processes on this world's server.
func (w *world) dumps() (pids []int) {
	t := w.t
	t.Helper()
	config, err := pgx.ParseConfig(w.DatabaseURL)
	require.NoError(t, err)
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		name, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
		environ, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if strings.TrimSpace(string(name)) == "pg_dump" && strings.Contains(string(environ), "PGHOST="+config.Host) {
			arguments, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
			require.NotEmpty(t, config.Password)
			require.NotContains(t, string(arguments), config.Password, "everybody can read arguments")
			pids = append(pids, pid)
		}
	}
	return pids
}
