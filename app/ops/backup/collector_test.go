package backup

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/jobs"
)

// The works do what the contract says of them, and what they measured is
// there after a restart.
func TestWorksAndTheirMetrics(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		pool, err := pgxpool.New(t.Context(), w.DatabaseURL)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		gathered := func() (text string) {
			registry := prometheus.NewPedanticRegistry() // a new program
			require.NoError(t, registry.Register(NewCollector(pool, slog.New(slog.DiscardHandler))))
			families, err := registry.Gather()
			require.NoError(t, err)
			for _, f := range families {
				for _, m := range f.GetMetric() {
					label := m.GetLabel()[0]
					text += fmt.Sprintf("%s{%s=%q} %v\n", f.GetName(), label.GetName(), label.GetValue(), m.GetGauge().GetValue())
				}
			}
			return text
		}
		require.Empty(t, gathered())

		report, err := w.RestoreDrill(t.Context(), &jobs.Run{Job: contract.JobRestoreDrill})
		require.Equal(t, fault.NotFound, fault.CodeOf(err))
		require.False(t, report.(Drill).Passed)

		report, err = w.DatabaseBackup(t.Context(), &jobs.Run{Job: contract.JobDatabaseBackup})
		require.NoError(t, err)
		daily := report.(Daily)
		require.Equal(t, Complete, daily.Status)
		require.True(t, daily.Verification.Passed)
		require.Empty(t, daily.Retired)
		text := gathered()
		for _, part := range []Component{Database, Models, Configuration} {
			entry, _, err := w.Show(t.Context(), daily.Backup)
			require.NoError(t, err)
			require.Contains(t, text, fmt.Sprintf("%s{component=%q} %v\n", contract.BackupSize.Name, part, float64(entry.Sizes[part])))
		}
		require.NotContains(t, text, contract.DrillRecovery.Name)

		report, err = w.RestoreDrill(t.Context(), &jobs.Run{Job: contract.JobRestoreDrill})
		require.NoError(t, err)
		drill := report.(Drill)
		text = gathered()
		require.Contains(t, text, fmt.Sprintf("%s{objective=\"time\"} %v\n", contract.DrillRecovery.Name, drill.RecoverySeconds))
		require.Contains(t, text, fmt.Sprintf("%s{objective=\"point\"} %v\n", contract.DrillRecovery.Name, drill.PointSeconds))

		report, err = w.BackupVerification(t.Context(), &jobs.Run{Job: contract.JobBackupVerification})
		require.NoError(t, err)
		require.Len(t, report.(Weekly).Verifications, 1)
		require.Equal(t, "backup drill verification verification", w.query("", `select string_agg(kind, ' ' order by kind) from backup_results where ok`))
		history, err := NewHistory(pool).List(t.Context(), HistoryFilter{Kind: resultDrill, Limit: 10})
		require.NoError(t, err)
		require.True(t, history[0].OK)
		none, err := NewHistory(pool).List(t.Context(), HistoryFilter{Before: history[0].ID, Kind: resultDrill, Limit: 10})
		require.NoError(t, err)
		require.Len(t, none, len(history)-1)

		// Trouble changes the verdict, not what was measured last.
		_, m, err := w.Show(t.Context(), daily.Backup)
		require.NoError(t, err)
		key := m.Name + "/" + w.object(m, Database).Key
		w.writeAll(key, w.readAll(key)[:1000])
		_, err = w.BackupVerification(t.Context(), &jobs.Run{Job: contract.JobBackupVerification})
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		_, err = w.RestoreDrill(t.Context(), &jobs.Run{Job: contract.JobRestoreDrill})
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.Equal(t, text, gathered())

		pool.Close()
		require.Empty(t, gathered(), "the database is away")
		require.NotContains(t, strings.ToLower(w.log.String()), "hunter2")
	})
}
