package run

import "github.com/prometheus/client_golang/prometheus"

// Registry gives tests what a started service registered.
func (s *Service) Registry() *prometheus.Registry { return s.registry }
