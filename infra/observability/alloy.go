package observability

import (
	_ "embed"
	"strings"

	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const (
	alloyName = "alloy"
	// alloyUser is the one that the image has beside root.
	alloyUser = 473
)

// alloyConfig is what a collector does. It is the same in every stack; what
// differs comes by the environment.
//
//go:embed config.alloy
var alloyConfig string

// alloyValues are the values of the chart that we set.
// https://github.com/grafana/alloy/blob/main/operations/helm/charts/alloy/values.yaml, 1.11.1
type alloyValues struct {
	Global     alloyGlobal     `pulumi:"global"`
	CRDs       creation        `pulumi:"crds"`
	RBAC       creation        `pulumi:"rbac"`
	Alloy      alloyProcess    `pulumi:"alloy"`
	Controller alloyController `pulumi:"controller"`
	Reloader   alloyReloader   `pulumi:"configReloader"`
}

type (
	alloyGlobal struct {
		Pod helm.PodSecurity `pulumi:"podSecurityContext"`
	}
	creation struct {
		Create bool `pulumi:"create"`
	}
	alloyProcess struct {
		Config    alloyConfigMap         `pulumi:"configMap"`
		Reporting bool                   `pulumi:"enableReporting"`
		Env       []variable             `pulumi:"extraEnv"`
		Ports     []alloyPort            `pulumi:"extraPorts"`
		Mounts    alloyMounts            `pulumi:"mounts"`
		Resources helm.Resources         `pulumi:"resources"`
		Security  helm.ContainerSecurity `pulumi:"securityContext"`
	}
	alloyConfigMap struct {
		Content string `pulumi:"content"`
	}
	alloyPort struct {
		Name     string `pulumi:"name"`
		Port     int    `pulumi:"port"`
		Target   int    `pulumi:"targetPort"`
		Protocol string `pulumi:"protocol"`
	}
	alloyMounts struct {
		Logs  bool    `pulumi:"varlog"`
		Extra []mount `pulumi:"extra"`
	}
	mount struct {
		Name string `pulumi:"name"`
		Path string `pulumi:"mountPath"`
	}
	alloyController struct {
		Type    string       `pulumi:"type"`
		Volumes alloyVolumes `pulumi:"volumes"`
	}
	alloyVolumes struct {
		Extra []scratch `pulumi:"extra"`
	}
	// scratch is a volume that goes with its pod.
	scratch struct {
		Name  string   `pulumi:"name"`
		Empty emptyDir `pulumi:"emptyDir"`
	}
	emptyDir struct {
		Limit string `pulumi:"sizeLimit"`
	}
	alloyReloader struct {
		Resources helm.Resources         `pulumi:"resources"`
		Security  helm.ContainerSecurity `pulumi:"securityContext"`
	}
	// variable of the environment, by value, from the pod or from a secret.
	variable struct {
		Name  string    `pulumi:"name"`
		Value *string   `pulumi:"value"`
		From  *valueRef `pulumi:"valueFrom"`
	}
	valueRef struct {
		Field  *fieldRef  `pulumi:"fieldRef"`
		Secret *secretRef `pulumi:"secretKeyRef"`
	}
	fieldRef struct {
		Path string `pulumi:"fieldPath"`
	}
	secretRef struct {
		Name string `pulumi:"name"`
		Key  string `pulumi:"key"`
	}
)

// alloy installs a collector on every node. It reads the logs of the node's
// pods from the API server, without the node's files, and takes traces from
// the app.
func (o *observability) alloy() error {
	chart := helm.Chart{Repository: "https://grafana.github.io/helm-charts", Name: alloyName, Version: "1.11.1"}
	const temporary = "tmp"
	set := func(name, value string) variable { return variable{Name: name, Value: &value} }
	rights, err := o.collecting()
	if err != nil {
		return err
	}
	_, err = install(o, chart, alloyValues{
		Global: alloyGlobal{helm.RestrictedPod().As(alloyUser)},
		CRDs:   creation{Create: false},
		RBAC:   creation{Create: false}, // the chart's own would read every secret of the cluster
		Alloy: alloyProcess{
			Config: alloyConfigMap{escape(alloyConfig)}, Reporting: false,
			Env: []variable{
				{Name: "NODE_NAME", From: &valueRef{Field: &fieldRef{"spec.nodeName"}}},
				set("CLUSTER", o.Cluster), set("LOKI", local(lokiName, LogsPort)), set("TEMPO", host(local(tempoName, portTempoOTLP))),
			},
			Ports:     []alloyPort{{"otlp-http", TracesPort, TracesPort, "TCP"}},
			Mounts:    alloyMounts{Logs: false, Extra: []mount{{temporary, "/tmp"}}},
			Resources: helm.Takes("50m", "192Mi", "500m", "512Mi"), Security: helm.Restricted(),
		},
		Controller: alloyController{Type: "daemonset", Volumes: alloyVolumes{[]scratch{{temporary, emptyDir{"1Gi"}}}}},
		Reloader:   alloyReloader{helm.Takes("10m", "32Mi", "100m", "64Mi"), helm.Restricted()},
	}, rights...)
	return err
}

// collecting lets the collectors find the pods of the cluster and read their
// logs, and nothing else.
func (o *observability) collecting() ([]pulumi.Resource, error) {
	const name = "script-ohio-collector"
	meta := o.meta(name, nil)
	meta.Namespace = nil
	role, err := rbacv1.NewClusterRole(o.ctx, o.Name("monitoring", "collector"), &rbacv1.ClusterRoleArgs{
		Metadata: meta, Rules: rbacv1.PolicyRuleArray{
			rule("", []string{"pods"}, "get", "list", "watch"),
			rule("", []string{"pods/log"}, "get"),
		},
	}, o.child)
	if err != nil {
		return nil, err
	}
	bound, err := rbacv1.NewClusterRoleBinding(o.ctx, o.Name("monitoring", "collector"), &rbacv1.ClusterRoleBindingArgs{
		Metadata: meta, Subjects: rbacv1.SubjectArray{account(alloyName)},
		RoleRef: rbacv1.RoleRefArgs{ApiGroup: pulumi.String("rbac.authorization.k8s.io"), Kind: pulumi.String("ClusterRole"), Name: pulumi.String(name)},
	}, o.child)
	return []pulumi.Resource{role, bound}, err
}

// escape keeps the chart, which takes the text for a template, from reading
// anything into it.
func escape(text string) string { return strings.ReplaceAll(text, "{{", "{{ `{{` }}") }
