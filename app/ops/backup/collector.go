package backup

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
)

// collector exports what the newest complete backup and the newest drill that
// passed measured, out of the database, so that a restart forgets nothing.
type collector struct {
	pool           *pgxpool.Pool
	logger         *slog.Logger
	size, recovery *prometheus.Desc
}

// NewCollector exports contract.BackupSize and contract.DrillRecovery. While
// there is nothing to tell, or the database is away, it exports nothing.
func NewCollector(pool *pgxpool.Pool, logger *slog.Logger) prometheus.Collector {
	desc := func(m contract.Metric) *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }
	return collector{pool, logger, desc(contract.BackupSize), desc(contract.DrillRecovery)}
}

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.size
	ch <- c.recovery
}

const (
	newestSQL      = `select distinct on (kind) kind, report from backup_results where ok and kind in ('backup', 'drill') order by kind, id desc`
	collectTimeout = 2 * time.Second
)

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	rows, err := c.pool.Query(ctx, newestSQL)
	if err != nil {
		c.logger.Warn("the newest backup is not known", "error", err)
		return
	}
	var kind string
	var report []byte
	_, err = pgx.ForEachRow(rows, []any{&kind, &report}, func() error {
		var r struct {
			sizes
			Drill
		}
		if err := json.Unmarshal(report, &r); err != nil {
			return err
		}
		if kind == resultDrill {
			ch <- prometheus.MustNewConstMetric(c.recovery, prometheus.GaugeValue, r.RecoverySeconds, "time")
			ch <- prometheus.MustNewConstMetric(c.recovery, prometheus.GaugeValue, r.PointSeconds, "point")
		}
		for component, size := range r.Sizes {
			ch <- prometheus.MustNewConstMetric(c.size, prometheus.GaugeValue, float64(size), string(component))
		}
		return nil
	})
	if err != nil {
		c.logger.Warn("the newest backup is not known", "error", err)
	}
}
