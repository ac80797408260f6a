package observability

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/monitoring/dashboards"
)

// mostBytes is what the API server takes as the data of a ConfigMap.
const mostBytes = 1 << 20

// dashboards registers each as an object that Grafana's sidecar finds.
func (o *observability) dashboards() error {
	for _, d := range dashboards.All() {
		text, err := d.JSON()
		if err != nil {
			return err
		}
		name := "dashboard-" + string(d.UID)
		if len(text) >= mostBytes {
			return fmt.Errorf("%s has %d bytes, and a ConfigMap takes less than %d: make two of it", name, len(text), mostBytes)
		}
		meta := o.meta(name, map[string]string{dashboardLabel: "1"})
		meta.Annotations = pulumi.StringMap{dashboardFolder: pulumi.String(d.Folder)}
		if _, err := corev1.NewConfigMap(o.ctx, o.Name("monitoring", name), &corev1.ConfigMapArgs{
			Metadata: meta, Data: pulumi.StringMap{string(d.UID) + ".json": pulumi.String(string(text))},
		}, o.child, o.after()); err != nil {
			return err
		}
	}
	return nil
}
