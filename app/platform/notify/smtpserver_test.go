package notify_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smtpServer speaks as much SMTP (RFC 5321, 3207, 4954) as a client needs, and
// refuses at a command if it is told to.
type smtpServer struct {
	address  string
	roots    *x509.CertPool
	config   *tls.Config
	implicit bool
	plain    bool // no STARTTLS

	mu       sync.Mutex
	refuse   map[string]string // answers by command, such as RCPT: 550 no
	letters  []string
	users    []string // "user password" that were shown
	insecure int      // letters and passwords that came in clear
}

func newSMTPServer(t *testing.T, adapt func(*smtpServer)) *smtpServer {
	t.Helper()
	certificate, roots := selfSigned(t)
	s := &smtpServer{roots: roots, config: &tls.Config{Certificates: []tls.Certificate{certificate}}, refuse: map[string]string{}}
	if adapt != nil {
		adapt(s)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	if s.implicit {
		listener = tls.NewListener(listener, s.config)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); work.Wait() })
	return s
}

func (s *smtpServer) serve(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	reader := bufio.NewReader(conn)
	secure := s.implicit
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	defer func() { _ = conn.Close() }()
	say("220 test")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		command, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if command == "HELO" {
			command = "EHLO"
		}
		s.mu.Lock()
		refusal := s.refuse[command]
		s.mu.Unlock()
		if refusal != "" {
			say("%s (%s)", refusal, line)
			continue
		}
		switch command {
		case "EHLO":
			offers := []string{"250-test", "250-8BITMIME", "250-ENHANCEDSTATUSCODES"}
			if !secure && !s.plain {
				offers = append(offers, "250-STARTTLS")
			}
			say("%s\r\n250 AUTH PLAIN", strings.Join(offers, "\r\n"))
		case "STARTTLS":
			say("220 go")
			upgraded := tls.Server(conn, s.config)
			conn, reader, secure = upgraded, bufio.NewReader(upgraded), true
		case "AUTH":
			words := strings.Fields(line)
			shown, _ := base64.StdEncoding.DecodeString(words[len(words)-1])
			s.note(secure, func() {
				s.users = append(s.users, strings.ReplaceAll(strings.Trim(string(shown), "\x00"), "\x00", " "))
			})
			say("235 welcome")
		case "DATA":
			say("354 go")
			var letter strings.Builder
			for {
				line, err := reader.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			s.note(secure, func() { s.letters = append(s.letters, letter.String()) })
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *smtpServer) note(secure bool, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	if !secure {
		s.insecure++
	}
}

// selfSigned makes a certificate for 127.0.0.1 and the roots that trust it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
