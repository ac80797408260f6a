package clustertest

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Images by which a pod of this cluster fails, as a tag or a part of it.
const (
	// BrokenTag starts and never passes its probes; without a readiness or
	// startup probe nobody finds out. A Job's pod exits with an error.
	BrokenTag = "broken"
	// MissingTag cannot be pulled.
	MissingTag = "missing"
)

// podStages is what KWOK does to pods, in the place of a kubelet.
//
//go:embed manifests/pods.yaml
var podStages []byte

// writeStages writes all that KWOK does, nodes as it comes with it.
func (c *Cluster) writeStages() (string, error) {
	files, err := filepath.Glob(filepath.Join(c.programs, "stages", "*.yaml"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no stages in %s: remove it and run tools/controlplane/build.sh", c.programs)
	}
	all := [][]byte{podStages}
	for _, file := range files {
		stage, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		all = append(all, stage)
	}
	path := filepath.Join(c.dir, "stages.yaml")
	return path, os.WriteFile(path, bytes.Join(all, []byte("\n---\n")), 0o600)
}

// zones are those of the region us-east-2.
func zones() []string { return []string{"us-east-2a", "us-east-2b", "us-east-2c"} }

// addNodes registers m7g.large machines as EKS would.
func (c *Cluster) addNodes(ctx context.Context, count int) error {
	room := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("1930m"),
		corev1.ResourceMemory:           resource.MustParse("7Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("50Gi"),
		corev1.ResourcePods:             resource.MustParse("29"),
	}
	for i := range count {
		name := fmt.Sprintf("node-%d", i+1)
		_, err := c.Client.CoreV1().Nodes().Create(ctx, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				corev1.LabelHostname:           name,
				corev1.LabelArchStable:         "arm64",
				corev1.LabelOSStable:           "linux",
				corev1.LabelInstanceTypeStable: "m7g.large",
				corev1.LabelTopologyRegion:     "us-east-2",
				corev1.LabelTopologyZone:       zones()[i%len(zones())],
			}},
			Status: corev1.NodeStatus{
				Capacity: room, Allocatable: room,
				NodeInfo: corev1.NodeSystemInfo{Architecture: "arm64", OperatingSystem: "linux"},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
	}
	return nil
}

func (c *Cluster) apiReady(ctx context.Context) error {
	return c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

// nodesReady also asks for what the controllers make first, a default service
// account, without which no pod is accepted.
func (c *Cluster) nodesReady(ctx context.Context) error {
	nodes, err := c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		if !nodeReady(node) || len(node.Spec.Taints) > 0 {
			return errors.New(node.Name + " is not ready")
		}
	}
	_, err = c.Client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}

func nodeReady(node corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
