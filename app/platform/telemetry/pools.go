package telemetry

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"github.com/script-ohio/platform/app/contract"
)

// PoolCollector reports a PostgreSQL pool as contract.DatabaseConnections,
// DatabaseConnectionsMax and DatabaseAcquires.
func PoolCollector(pool *pgxpool.Pool) prometheus.Collector {
	connections, most, acquires := desc(contract.DatabaseConnections), desc(contract.DatabaseConnectionsMax), desc(contract.DatabaseAcquires)
	return poolCollector{
		descs: []*prometheus.Desc{connections, most, acquires},
		collect: func(ch chan<- prometheus.Metric) {
			s := pool.Stat()
			ch <- gauge(connections, int64(s.AcquiredConns()), "acquired")
			ch <- gauge(connections, int64(s.IdleConns()), "idle")
			ch <- gauge(connections, int64(s.ConstructingConns()), "constructing")
			ch <- gauge(most, int64(s.MaxConns()))
			ch <- counter(acquires, s.AcquireCount(), "acquired")
			ch <- counter(acquires, s.CanceledAcquireCount(), "canceled")
		},
	}
}

// RedisCollector reports a Redis pool as contract.RedisConnections.
func RedisCollector(client *goredis.Client) prometheus.Collector {
	connections := desc(contract.RedisConnections)
	return poolCollector{
		descs: []*prometheus.Desc{connections},
		collect: func(ch chan<- prometheus.Metric) {
			s := client.PoolStats()
			// The two counts are not read at one instant.
			ch <- gauge(connections, max(0, int64(s.TotalConns)-int64(s.IdleConns)), "active")
			ch <- gauge(connections, int64(s.IdleConns), "idle")
		},
	}
}

type poolCollector struct {
	descs   []*prometheus.Desc
	collect func(chan<- prometheus.Metric)
}

// Describe implements prometheus.Collector.
func (c poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c poolCollector) Collect(ch chan<- prometheus.Metric) { c.collect(ch) }

func desc(m contract.Metric) *prometheus.Desc {
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

func gauge(d *prometheus.Desc, v int64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
}

func counter(d *prometheus.Desc, v int64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}
