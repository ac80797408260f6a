// Package clustertest runs a real Kubernetes control plane for a test: etcd,
// API server, controller manager and scheduler, with KWOK in the place of
// kubelets. What the program would create can be applied to it, and scenarios
// ask the controllers themselves how it behaves. Containers do not run.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Options say what to start; the zero value does for most tests.
type Options struct {
	Programs string // what tools/controlplane/build.sh made; empty is that of the repository
	Nodes    int    // arm64, spread over three zones; 0 is 6
	// Version is the minor version whose APIs and features are served, such
	// as 1.36, for clusters older than the programs; empty is the programs' own.
	Version string
}

// Cluster is a running control plane on the loopback interface.
type Cluster struct {
	Client  kubernetes.Interface
	Dynamic dynamic.Interface
	Config  *rest.Config // of an administrator

	programs  string
	dir       string
	processes []*process
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	known     definitions
	defining  sync.Mutex
	applied   sync.Map // objects by key, as they were last applied
	stop      sync.Once
}

// readyWithin bounds a start on a machine with other work.
const readyWithin = 3 * time.Minute

// Start returns a control plane whose nodes are ready. Stop it; should this
// process be killed, Linux ends the control plane with it.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	programs, err := findPrograms(o.Programs)
	if err != nil {
		return nil, err
	}
	if o.Nodes == 0 {
		o.Nodes = 6
	}
	for attempt := 1; ; attempt++ {
		c, err := start(ctx, programs, o)
		// Between choosing a port and listening on it, another may take it.
		if err == nil || attempt == 3 || !errors.Is(err, errAddressInUse) {
			return c, err
		}
	}
}

// ForTest is Start for one test, which stops it at its end.
func ForTest(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func start(ctx context.Context, programs string, o Options) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	dir, err := os.MkdirTemp("", "clustertest-")
	if err != nil {
		return nil, fmt.Errorf("no directory for the cluster: %w", err)
	}
	c := &Cluster{programs: programs, dir: dir}
	if err := c.launch(ctx, o); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// launch starts the programs in the order in which they need each other.
func (c *Cluster) launch(ctx context.Context, o Options) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	endpoint := fmt.Sprintf("https://127.0.0.1:%d", port)
	creds, err := newCredentials(c.dir, endpoint)
	if err != nil {
		return err
	}
	if c.known, err = readDefinitions(filepath.Join(c.programs, "crds")); err != nil {
		return err
	}
	if c.Config, err = creds.config("admin", mastersGroup); err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.run("etcd", etcdFlags(c.dir)...); err != nil {
		return err
	}
	if err := c.run("kube-apiserver", apiServerFlags(c.dir, port, o.Version)...); err != nil {
		return err
	}
	if err := c.waitFor(ctx, "the API server", c.apiReady); err != nil {
		return err
	}
	stages, err := c.writeStages()
	if err != nil {
		return err
	}
	for _, err := range []error{
		c.run("kube-controller-manager", controllerManagerFlags(c.dir)...),
		c.run("kube-scheduler", schedulerFlags(c.dir)...),
		c.run("kwok", kwokFlags(c.dir, stages)...),
	} {
		if err != nil {
			return err
		}
	}
	if err := c.addNodes(ctx, o.Nodes); err != nil {
		return err
	}
	return c.waitFor(ctx, "nodes and the controllers", c.nodesReady)
}

func (c *Cluster) connect() error {
	var err error
	if c.Client, err = kubernetes.NewForConfig(c.Config); err != nil {
		return err
	}
	if c.Dynamic, err = dynamic.NewForConfig(c.Config); err != nil {
		return err
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.Client.Discovery()))
	return nil
}

// As returns a client that acts as somebody else, as RBAC sees it.
func (c *Cluster) As(user string, groups ...string) (kubernetes.Interface, error) {
	config := rest.CopyConfig(c.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return kubernetes.NewForConfig(config)
}

// Kubeconfig is the path of an administrator's kubeconfig file, for programs.
// It is gone after Stop.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir, "admin.kubeconfig") }

// Log is the end of what a program such as kube-apiserver logged.
func (c *Cluster) Log(program string) string { return logTail(filepath.Join(c.dir, program+".log")) }

// Stop ends the programs, last started first, and removes their files. A
// second call does nothing.
func (c *Cluster) Stop() error {
	var err error
	c.stop.Do(func() {
		for i := len(c.processes) - 1; i >= 0; i-- {
			c.processes[i].kill()
		}
		err = os.RemoveAll(c.dir)
	})
	return err
}

// findPrograms returns the folder of the programs, by default the one that
// stands in the nearest bin above the working directory.
func findPrograms(dir string) (string, error) {
	if dir == "" {
		at, err := os.Getwd()
		if err != nil {
			return "", err
		}
		for ; ; at = filepath.Dir(at) {
			if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil || at == filepath.Dir(at) {
				break
			}
		}
		dir = filepath.Join(at, "bin", "controlplane", "current")
	}
	if _, err := os.Stat(filepath.Join(dir, "crds", "crds.txt")); err != nil {
		return "", fmt.Errorf("no control plane in %s: run tools/controlplane/build.sh", dir)
	}
	return dir, nil
}
