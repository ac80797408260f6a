package source

// blackbox_exporter: instance is the address probed.
var (
	ProbeSuccess     = gauge("probe_success", "1 when the last probe succeeded.")
	ProbeDuration    = gauge("probe_duration_seconds", "Seconds that the last probe took.")
	ProbeStatusCode  = gauge("probe_http_status_code", "Status of the last answer.")
	ProbeCertExpiry  = gauge("probe_ssl_earliest_cert_expiry", "Unix time at which the first certificate of the chain ends.")
	ProbePhase       = gauge("probe_http_duration_seconds", "Seconds of the last probe, by phase.", "phase")
	CertExpiry       = gauge("certmanager_certificate_expiration_timestamp_seconds", "Unix time at which a certificate ends.", "name", "issuer_name", "issuer_kind", "issuer_group")
	CertReady        = gauge("certmanager_certificate_ready_status", "1 for the condition of readiness a certificate is in.", "name", "condition", "issuer_name", "issuer_kind", "issuer_group")
	CertRenewalTime  = gauge("certmanager_certificate_renewal_timestamp_seconds", "Unix time at which a certificate is renewed.", "name", "issuer_name", "issuer_kind", "issuer_group")
	ProbeTLSVersion  = gauge("probe_tls_version_info", "Always 1; the label says which TLS was spoken.", "version")
	ProbeDNSDuration = gauge("probe_dns_lookup_time_seconds", "Seconds that the name took to resolve.")
)

func blackboxExporter() Exporter {
	return Exporter{Name: "blackbox_exporter", Version: "0.28.0", Jobs: []string{JobBlackbox},
		Metrics: all(ProbeSuccess, ProbeDuration, ProbeStatusCode, ProbeCertExpiry, ProbePhase, ProbeTLSVersion, ProbeDNSDuration)}
}

func certManager() Exporter {
	return Exporter{Name: "cert-manager", Version: "1.21.1", Jobs: []string{JobCertManager},
		Metrics: all(CertExpiry, CertReady, CertRenewalTime)}
}
