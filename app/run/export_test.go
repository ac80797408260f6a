package run

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// Registry gives tests what a started service registered.
func (s *Service) Registry() *prometheus.Registry { return s.registry }

// Pool is the database pool of a started service.
func (s *Service) Pool() *pgxpool.Pool { return s.pool }
