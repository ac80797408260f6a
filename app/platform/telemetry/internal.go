package telemetry

import (
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/script-ohio/platform/app/contract"
)

// InternalHandler serves the metrics of reg at contract.MetricsPath and the
// profiles of the process below contract.ProfilePath. It is for the internal
// port only: profiles show memory.
func InternalHandler(reg prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+contract.MetricsPath, promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET "+contract.ProfilePath, pprof.Index)
	mux.HandleFunc("GET "+contract.ProfilePath+"cmdline", pprof.Cmdline)
	mux.HandleFunc("GET "+contract.ProfilePath+"profile", pprof.Profile)
	mux.HandleFunc("GET "+contract.ProfilePath+"symbol", pprof.Symbol)
	mux.HandleFunc("POST "+contract.ProfilePath+"symbol", pprof.Symbol) // go tool pprof posts addresses
	mux.HandleFunc("GET "+contract.ProfilePath+"trace", pprof.Trace)
	return mux
}
