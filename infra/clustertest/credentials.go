package clustertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
)

// mastersGroup may do everything; RBAC does not ask.
const mastersGroup = "system:masters"

// credentials are the certificates of one cluster, made for it alone.
type credentials struct {
	dir, endpoint string
	ca            *x509.Certificate
	caKey         *ecdsa.PrivateKey
	caPEM         []byte
}

// pair is a certificate with its key, PEM.
type pair struct{ cert, key []byte }

// newCredentials writes what the programs read: ca.crt, server.crt, server.key,
// sa.key, sa.pub and a kubeconfig for each client.
func newCredentials(dir, endpoint string) (*credentials, error) {
	c := &credentials{dir: dir, endpoint: endpoint}
	var err error
	if c.caKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	template := certificate("clustertest", nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, c.caKey.Public(), c.caKey)
	if err != nil {
		return nil, err
	}
	if c.ca, err = x509.ParseCertificate(raw); err != nil {
		return nil, err
	}
	c.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})

	server := certificate("kube-apiserver", nil)
	server.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving, err := c.sign(server)
	if err != nil {
		return nil, err
	}
	tokens, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	tokenKey, err := keyPEM(tokens)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(tokens.Public())
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"ca.crt": c.caPEM, "server.crt": serving.cert, "server.key": serving.key, "sa.key": tokenKey,
		"sa.pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
	}
	for _, client := range []struct{ name, user, group string }{
		{"admin", "admin", mastersGroup},
		{"kube-controller-manager", "system:kube-controller-manager", ""},
		{"kube-scheduler", "system:kube-scheduler", ""},
		{"kwok", "kwok", mastersGroup}, // plays every kubelet
	} {
		if files[client.name+".kubeconfig"], err = c.kubeconfig(client.user, client.group); err != nil {
			return nil, err
		}
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// client is a certificate for a user.
func (c *credentials) client(user, group string) (pair, error) {
	var groups []string
	if group != "" {
		groups = []string{group}
	}
	template := certificate(user, groups)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return c.sign(template)
}

func (c *credentials) config(user, group string) (*rest.Config, error) {
	client, err := c.client(user, group)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            c.endpoint,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.caPEM, CertData: client.cert, KeyData: client.key},
		QPS:             -1,                // a test waits for the cluster, not for its client
		WarningHandler:  rest.NoWarnings{}, // Unwarned asks for them
	}, nil
}

// kubeconfig is the file of a user; JSON is YAML.
func (c *credentials) kubeconfig(user, group string) ([]byte, error) {
	client, err := c.client(user, group)
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	return json.Marshal(object{
		"apiVersion": "v1", "kind": "Config", "current-context": "test",
		"contexts": []object{{"name": "test", "context": object{"cluster": "test", "user": user}}},
		"clusters": []object{{"name": "test", "cluster": object{"server": c.endpoint, "certificate-authority-data": c.caPEM}}},
		"users":    []object{{"name": user, "user": object{"client-certificate-data": client.cert, "client-key-data": client.key}}},
	})
}

func (c *credentials) sign(template *x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, c.ca, key.Public(), c.caKey)
	if err != nil {
		return pair{}, fmt.Errorf("certificate of %s: %w", template.Subject.CommonName, err)
	}
	text, err := keyPEM(key)
	return pair{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), text}, err
}

func certificate(name string, groups []string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.MarshalECPrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), err
}
