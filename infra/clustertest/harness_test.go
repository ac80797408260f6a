package clustertest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestEventuallyTellsWhatItSawLast(t *testing.T) {
	looks := 0
	require.NoError(t, Eventually(t.Context(), "three looks", func(context.Context) error {
		if looks++; looks < 3 {
			return errors.New("too few")
		}
		return nil
	}))
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, errors.New("patience is over"))
	defer cancel()
	err := Eventually(ctx, "a wonder", func(context.Context) error { return os.ErrNotExist })
	require.ErrorContains(t, err, "waiting for a wonder: patience is over")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTable(t *testing.T) {
	var out strings.Builder
	results := (&Cluster{}).Run(t.Context(), &out,
		Scenario{Name: "long name", Run: func(context.Context, *Cluster) error { return nil }},
		Scenario{Name: "bad", Run: func(context.Context, *Cluster) error { return errors.New("first\nsecond") }},
		Scenario{Name: "slow", Within: time.Millisecond, Run: func(ctx context.Context, _ *Cluster) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}},
	)
	require.Equal(t, "long name  ok        0.0 s\n"+
		"bad        FAILED    0.0 s\n    first\n    second\n"+
		"slow       FAILED    0.0 s\n    it takes longer than 1ms\n", out.String())
	require.Len(t, results, 3)
	require.NoError(t, results[0].Err)
	require.Error(t, results[1].Err)
}

func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	c, err := newCredentials(dir, "https://127.0.0.1:1")
	require.NoError(t, err)
	for _, name := range []string{"ca.crt", "server.crt", "server.key", "sa.key", "sa.pub", "admin.kubeconfig", "kwok.kubeconfig"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(c.caPEM))
	text, err := os.ReadFile(filepath.Join(dir, "server.crt"))
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	server, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	_, err = server.Verify(x509.VerifyOptions{Roots: roots, DNSName: "127.0.0.1"})
	require.NoError(t, err)
	client, err := c.client("jane", "readers")
	require.NoError(t, err)
	block, _ = pem.Decode(client.cert)
	jane, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	_, err = jane.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	require.Equal(t, "jane", jane.Subject.CommonName)
	require.Equal(t, []string{"readers"}, jane.Subject.Organization)
}

func TestDefinitionsAreFoundByWhatTheyDefine(t *testing.T) {
	dir := t.TempDir()
	_, err := readDefinitions(dir)
	require.ErrorContains(t, err, "run tools/controlplane/build.sh")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "one-v1"), 0o700))
	both := append(append([]byte{}, podMetrics...), []byte("\n---\nspec:\n  group: example.com\n  names:\n    kind: Widget\n")...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "one-v1", "all.yaml"), both, 0o600))
	known, err := readDefinitions(dir)
	require.NoError(t, err)
	require.Contains(t, known, schema.GroupKind{Group: "example.com", Kind: "Widget"})
}

// A start that goes wrong says why and leaves nothing behind.
func TestProgramThatEnds(t *testing.T) {
	programs := t.TempDir()
	_, err := Start(t.Context(), Options{Programs: programs})
	require.ErrorContains(t, err, "run tools/controlplane/build.sh")

	require.NoError(t, os.MkdirAll(filepath.Join(programs, "crds", "one"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(programs, "crds", "crds.txt"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(programs, "crds", "one", "x.yaml"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(programs, "etcd"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(programs, "kube-apiserver"), []byte("#!/bin/sh\necho bind: address already in use\nexit 1\n"), 0o700))
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, err = Start(t.Context(), Options{Programs: programs})
	require.ErrorIs(t, err, errAddressInUse)
	require.ErrorContains(t, err, "kube-apiserver ended; its log ends with\nbind:")
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}
