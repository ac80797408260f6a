package security

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/script-ohio/platform/app/contract"
)

const (
	expiresSoon = 30 * day
	expiresNow  = 7 * day
	dialTimeout = 10 * time.Second
)

// certificates connects to every configured host as a client would.
func (a *Auditor) certificates(ctx context.Context, _ *Report) ([]Finding, string, error) {
	if len(a.options.TLSHosts) == 0 {
		return nil, "", notSet{"TLS_HOSTS names no host to look at"}
	}
	var findings []Finding
	for _, host := range a.options.TLSHosts {
		address := addressOf(host)
		chain, err := a.chain(ctx, address)
		findings = append(findings, a.judge(address, chain, err)...)
	}
	return findings, fmt.Sprintf("%d hosts", len(a.options.TLSHosts)), nil
}

func addressOf(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(host, "443")
}

// chain gives the certificates that a host shows, also when they are refused.
func (a *Auditor) chain(ctx context.Context, address string) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := a.options.Dialer.DialContext(ctx, "tcp", address)
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return refused.UnverifiedCertificates, refused.Err
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // what it shows has been seen
	secured, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return nil, errors.New("the connection is not TLS")
	}
	return secured.ConnectionState().PeerCertificates, nil
}

func (a *Auditor) judge(address string, chain []*x509.Certificate, err error) []Finding {
	if len(chain) == 0 {
		reason := "it shows no certificate"
		if err != nil {
			reason = err.Error()
		}
		return []Finding{{Severity: contract.Warning, Where: address, What: "its certificate could not be looked at: " + reason, Do: "make sure that it serves TLS, or take it out of TLS_HOSTS"}}
	}
	var findings []Finding
	first := chain[0]
	for _, c := range chain {
		if c.NotAfter.Before(first.NotAfter) {
			first = c // the chain is as good as what ends first
		}
	}
	left := first.NotAfter.Sub(a.options.Now())
	name := first.Subject.CommonName
	if name == "" {
		name = first.Subject.String()
	}
	switch {
	case left <= 0:
		return []Finding{{Severity: contract.Critical, Where: address, What: fmt.Sprintf("the certificate of %s expired on %s", name, first.NotAfter.Format(time.DateOnly)), Do: "renew it now: clients refuse the host"}}
	case left < expiresSoon:
		severity := contract.Warning
		if left < expiresNow {
			severity = contract.Critical
		}
		findings = append(findings, Finding{
			Severity: severity, Where: address, Do: "find out why it is not renewed by itself, and renew it",
			What: fmt.Sprintf("the certificate of %s expires on %s, in %s", name, first.NotAfter.Format(time.DateOnly), days(left)),
		})
	}
	if err != nil {
		findings = append(findings, Finding{Severity: contract.Critical, Where: address, What: "clients refuse its certificate: " + err.Error(), Do: "install a certificate for this name with its whole chain"})
	}
	return findings
}
