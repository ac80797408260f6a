package backup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
)

// dumps lists the pg_dump processes on this world's server. Any goroutine may
// ask.
func (w *world) dumps() (pids []int) {
	t := w.t
	t.Helper()
	config, err := pgx.ParseConfig(w.DatabaseURL)
	if !assert.NoError(t, err) {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	assert.NoError(t, err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		name, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
		environ, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if strings.TrimSpace(string(name)) == "pg_dump" && strings.Contains(string(environ), "PGHOST="+config.Host) {
			arguments, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
			assert.NotEmpty(t, config.Password)
			assert.NotContains(t, string(arguments), config.Password, "everybody can read arguments")
			pids = append(pids, pid)
		}
	}
	return pids
}
