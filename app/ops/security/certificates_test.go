package security

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// hosts are TLS servers of this machine with certificates of an authority of
// their own.
type hosts struct {
	ca    *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool
}

func newHosts(t *testing.T) *hosts {
	t.Helper()
	h := &hosts{roots: x509.NewCertPool()}
	h.ca, h.key = certificate(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	h.roots.AddCert(h.ca)
	return h
}

func certificate(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	if parent == nil {
		parent, signer = template, key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

// dialer trusts the authority and lives at the audit's time.
func (h *hosts) dialer() *tls.Dialer {
	return &tls.Dialer{Config: &tls.Config{RootCAs: h.roots, Time: now, MinVersion: tls.VersionTLS12}}
}

// serve starts a host whose certificate is good for so long.
func (h *hosts) serve(t *testing.T, left time.Duration, edit ...func(*x509.Certificate)) string {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "api.example"}, NotBefore: now().AddDate(-1, 0, 0), NotAfter: now().Add(left),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, e := range edit {
		e(template)
	}
	cert, key := certificate(t, template, h.ca, h.key)
	return listen(t, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS12})
}

// listen shakes hands with everybody.
func listen(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if config == nil {
				_, _ = conn.Write([]byte("220 no TLS here\r\n"))
			} else {
				_ = tls.Server(conn, config).HandshakeContext(context.Background())
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

func TestCertificates(t *testing.T) {
	h, other := newHosts(t), newHosts(t)
	for name, tc := range map[string]struct {
		host     string
		severity contract.Severity // "" when nothing is found
		what     string
	}{
		"a month and a day":  {h.serve(t, 31*day), "", ""},
		"exactly a month":    {h.serve(t, 30*day), "", ""},
		"less than a month":  {h.serve(t, 30*day-time.Hour), contract.Warning, "the certificate of api.example expires on 2024-12-26, in 29 days"},
		"a week":             {h.serve(t, 7*day), contract.Warning, "in 7 days"},
		"less than a week":   {h.serve(t, 7*day-time.Hour), contract.Critical, "in 6 days"},
		"expired":            {h.serve(t, -time.Hour), contract.Critical, "the certificate of api.example expired on 2024-11-26"},
		"another authority":  {other.serve(t, 90*day), contract.Critical, "clients refuse its certificate: x509: certificate signed by unknown authority"},
		"another name":       {h.serve(t, 90*day, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }), contract.Critical, "not 127.0.0.1"},
		"not TLS":            {listen(t, nil), contract.Warning, "could not be looked at"},
		"nobody":             {"127.0.0.1:1", contract.Warning, "could not be looked at: dial tcp 127.0.0.1:1"},
		"a name without one": {"host.invalid", contract.Warning, "could not be looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			a := auditor(t, postgrestest.New(t), Options{TLSHosts: []string{tc.host}, Dialer: h.dialer()})
			findings, _, err := a.certificates(t.Context(), nil)
			require.NoError(t, err)
			if tc.severity == "" {
				require.Empty(t, findings)
				return
			}
			require.Len(t, findings, 1)
			require.Equal(t, tc.severity, findings[0].Severity)
			require.Contains(t, findings[0].What, tc.what)
			require.Equal(t, addressOf(tc.host), findings[0].Where)
		})
	}
}

// What is wrong in two ways is told of twice, and a chain ends with its first
// link.
func TestChains(t *testing.T) {
	h, other := newHosts(t), newHosts(t)
	a := auditor(t, postgrestest.New(t), Options{TLSHosts: []string{other.serve(t, 10*day)}, Dialer: h.dialer()})
	findings, _, err := a.certificates(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, findings, 2)

	leaf, _ := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "leaf"}, NotAfter: now().AddDate(1, 0, 0)}, h.ca, h.key)
	link, _ := certificate(t, &x509.Certificate{Subject: pkix.Name{CommonName: "link"}, NotAfter: now().AddDate(0, 0, 10)}, h.ca, h.key)
	findings = a.judge("host:443", []*x509.Certificate{leaf, link}, nil)
	require.Len(t, findings, 1)
	require.Contains(t, findings[0].What, "the certificate of link expires")
}

func TestAddresses(t *testing.T) {
	for host, address := range map[string]string{
		"api.example": "api.example:443", "api.example:8443": "api.example:8443", "::1": "[::1]:443", "[::1]:8443": "[::1]:8443",
	} {
		require.Equal(t, address, addressOf(host))
	}
}
