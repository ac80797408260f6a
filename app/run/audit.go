package run

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/script-ohio/platform/app/ops/audit"
)

// NewAudit makes the audit log of a database; system names the program that
// acts where no API key does, such as ohio serve.
func NewAudit(pool *pgxpool.Pool, system string) *audit.Log {
	return audit.New(pool, audit.Options{System: system})
}

// audit is the service's audit log.
func (s *Service) audit() *audit.Log {
	if !s.api {
		return NewAudit(s.pool, "ohio work")
	}
	return NewAudit(s.pool, "ohio serve")
}
