package run

import (
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/ops/security"
	"github.com/script-ohio/platform/app/platform/auth"
)

// newSecurityAudit makes the auditor, whose Work is contract.JobSecurityAudit.
// figures are this process's.
func newSecurityAudit(config contract.Config, pool *pgxpool.Pool, figures prometheus.Gatherer) *security.Auditor {
	var hosts []string
	for _, host := range config.TLSHosts {
		if host = strings.TrimSpace(host); host != "" {
			hosts = append(hosts, host)
		}
	}
	return security.NewAuditor(
		security.Deps{Keys: auth.NewStore(pool), Pool: pool, Metrics: figures},
		security.Options{TLSHosts: hosts},
	)
}
