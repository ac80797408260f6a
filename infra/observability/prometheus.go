package observability

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const (
	prometheusName = "kube-prometheus-stack"
	// fullName is what objects of the chart are called after; the jobs of
	// package source are.
	fullName = "kps"

	// What charts and the operator call pods.
	prometheusPods   = "prometheus"
	alertmanagerPods = "alertmanager"
	grafanaPods      = "grafana"
	kubeStatePods    = "kube-state-metrics"

	interval = "30s" // between scrapes, and between evaluations
)

// operatorPods are those of the operator, by a label of ours: the chart's own
// names changed between its versions.
func operatorPods() map[string]string { return map[string]string{"script-ohio/part": "operator"} }

// stackValues are the values of the chart that we set.
// https://github.com/prometheus-community/helm-charts/blob/kube-prometheus-stack-88.5.3/charts/kube-prometheus-stack/values.yaml
type stackValues struct {
	FullName string      `pulumi:"fullnameOverride"`
	CRDs     definitions `pulumi:"crds"`
	Rules    ruleSet     `pulumi:"defaultRules"`

	ControllerManager toggle `pulumi:"kubeControllerManager"`
	Scheduler         toggle `pulumi:"kubeScheduler"`
	Etcd              toggle `pulumi:"kubeEtcd"`
	Proxy             toggle `pulumi:"kubeProxy"`

	Operator     operator     `pulumi:"prometheusOperator"`
	Prometheus   prometheus   `pulumi:"prometheus"`
	Alertmanager alertmanager `pulumi:"alertmanager"`
	Grafana      grafana      `pulumi:"grafana"`
	KubeState    exporter     `pulumi:"kube-state-metrics"`
	Nodes        nodeExporter `pulumi:"prometheus-node-exporter"`
}

type (
	toggle struct {
		Enabled bool `pulumi:"enabled"`
	}
	// definitions come with the first installation and are never upgraded by
	// Helm: before a major version of the chart they are applied by hand.
	definitions struct {
		Enabled bool   `pulumi:"enabled"`
		Upgrade toggle `pulumi:"upgradeJob"`
	}
	ruleSet struct {
		Create   bool            `pulumi:"create"`
		Groups   ruleGroups      `pulumi:"rules"`
		Disabled map[string]bool `pulumi:"disabled"`
	}
	// ruleGroups are those about what AWS runs.
	ruleGroups struct {
		Etcd               bool `pulumi:"etcd"`
		ControllerManager  bool `pulumi:"kubeControllerManager"`
		Proxy              bool `pulumi:"kubeProxy"`
		SchedulerAlerting  bool `pulumi:"kubeSchedulerAlerting"`
		SchedulerRecording bool `pulumi:"kubeSchedulerRecording"`
	}
	operator struct {
		TLS       toggle                 `pulumi:"tls"`
		Webhooks  webhooks               `pulumi:"admissionWebhooks"`
		PodLabels map[string]string      `pulumi:"podLabels"`
		Resources helm.Resources         `pulumi:"resources"`
		Pod       helm.PodSecurity       `pulumi:"securityContext"`
		Security  helm.ContainerSecurity `pulumi:"containerSecurityContext"`
		Reloader  reloader               `pulumi:"prometheusConfigReloader"`
	}
	// webhooks judge rules before Prometheus reads them. While the operator is
	// down nobody judges, and rules can still be mended.
	webhooks struct {
		Enabled     bool               `pulumi:"enabled"`
		OnFailure   string             `pulumi:"failurePolicy"`
		Patch       toggle             `pulumi:"patch"`
		CertManager certificateManager `pulumi:"certManager"`
	}
	certificateManager struct {
		Enabled pulumi.BoolInput `pulumi:"enabled"` // known once it serves
	}
	reloader struct {
		Resources helm.Resources `pulumi:"resources"`
	}
	prometheus struct {
		Disruption *budget        `pulumi:"podDisruptionBudget"`
		Spec       prometheusSpec `pulumi:"prometheusSpec"`
	}
	prometheusSpec struct {
		Replicas       int               `pulumi:"replicas"`
		Retention      string            `pulumi:"retention"`
		RetentionSize  string            `pulumi:"retentionSize"`
		Scrape         string            `pulumi:"scrapeInterval"`
		Evaluate       string            `pulumi:"evaluationInterval"`
		ExternalLabels map[string]string `pulumi:"externalLabels"`
		Storage        claim             `pulumi:"storageSpec"`
		Resources      helm.Resources    `pulumi:"resources"`
		Spread         []helm.Spread     `pulumi:"topologySpreadConstraints"`

		// True would select only what bears the name of the release.
		OnlyReleaseRules    bool `pulumi:"ruleSelectorNilUsesHelmValues"`
		OnlyReleaseServices bool `pulumi:"serviceMonitorSelectorNilUsesHelmValues"`
		OnlyReleasePods     bool `pulumi:"podMonitorSelectorNilUsesHelmValues"`
		OnlyReleaseProbes   bool `pulumi:"probeSelectorNilUsesHelmValues"`
		OnlyReleaseScrapes  bool `pulumi:"scrapeConfigSelectorNilUsesHelmValues"`
	}
	// claim asks for a volume for each replica.
	claim struct {
		Template claimTemplate `pulumi:"volumeClaimTemplate"`
	}
	claimTemplate struct {
		Spec claimSpec `pulumi:"spec"`
	}
	claimSpec struct {
		Class     pulumi.StringInput `pulumi:"storageClassName"`
		Modes     []string           `pulumi:"accessModes"`
		Resources claimResources     `pulumi:"resources"`
	}
	claimResources struct {
		Requests claimed `pulumi:"requests"`
	}
	claimed struct {
		Storage string `pulumi:"storage"`
	}
	alertmanager struct {
		Disruption *budget          `pulumi:"podDisruptionBudget"`
		Spec       alertmanagerSpec `pulumi:"alertmanagerSpec"`
	}
	alertmanagerSpec struct {
		Replicas  int            `pulumi:"replicas"`
		Retention string         `pulumi:"retention"`
		Existing  bool           `pulumi:"useExistingSecret"`
		Config    string         `pulumi:"configSecret"`
		Secrets   []string       `pulumi:"secrets"`
		Storage   claim          `pulumi:"storage"`
		Resources helm.Resources `pulumi:"resources"`
		Spread    []helm.Spread  `pulumi:"topologySpreadConstraints"`
	}
	// exporter is kube-state-metrics. It may read what it tells of, and so no
	// secrets.
	exporter struct {
		Kinds     []string               `pulumi:"collectors"`
		Resources helm.Resources         `pulumi:"resources"`
		Security  helm.ContainerSecurity `pulumi:"containerSecurityContext"`
	}
	// nodeExporter is in its node's network and reads the node's files.
	nodeExporter struct {
		Namespace string         `pulumi:"namespaceOverride"`
		Resources helm.Resources `pulumi:"resources"`
	}
)

// prometheus installs kube-prometheus-stack: the operator, Prometheus,
// Alertmanager, Grafana and what tells of nodes and objects. AWS runs the rest
// of the control plane and lets nobody scrape it.
func (o *observability) prometheus() (*helm.Resource, error) {
	chart := helm.Chart{Repository: "oci://ghcr.io/prometheus-community/charts", Name: prometheusName, Version: "88.5.3"}
	s, off := o.Sizing, toggle{false}
	// cert-manager makes the certificate of the webhook, where the chart's own
	// jobs would need an image more and rights over webhooks.
	served := o.Certificates.ToStringOutput().ApplyT(func(string) bool { return true }).(pulumi.BoolOutput)
	return install(o, chart, stackValues{
		FullName: fullName,
		CRDs:     definitions{Enabled: true, Upgrade: off},
		Rules:    ruleSet{Create: true, Disabled: replaced()},

		ControllerManager: off, Scheduler: off, Etcd: off, Proxy: off,

		Operator: operator{
			TLS:       toggle{true},
			Webhooks:  webhooks{Enabled: true, OnFailure: "Ignore", Patch: off, CertManager: certificateManager{served}},
			PodLabels: operatorPods(), Resources: helm.Takes("25m", "96Mi", "500m", "256Mi"),
			Pod: helm.RestrictedPod(), Security: helm.Restricted(),
			Reloader: reloader{helm.Takes("10m", "32Mi", "100m", "64Mi")},
		},
		Prometheus: prometheus{
			Disruption: disruption(s.Prometheus),
			Spec: prometheusSpec{
				Replicas: s.Prometheus, Retention: fmt.Sprintf("%dd", o.Days.Metrics),
				RetentionSize: fmt.Sprintf("%dGB", s.MetricsGB*9/10), // the log of writes and a compaction want the rest
				Scrape:        interval, Evaluate: interval,
				ExternalLabels: map[string]string{"cluster": o.Cluster},
				Storage:        o.claim(s.MetricsGB),
				Resources:      helm.Takes("200m", "1Gi", "2", "3Gi"),
				Spread:         spread(s.Prometheus, called(prometheusPods)),
			},
		},
		Alertmanager: alertmanager{
			Disruption: disruption(s.Alertmanager),
			Spec: alertmanagerSpec{
				Replicas: s.Alertmanager, Retention: "120h", Existing: true, Config: routingSecret, Secrets: []string{messengerSecret},
				Storage: o.claim(mailboxGB), Resources: helm.Takes("10m", "64Mi", "200m", "256Mi"),
				Spread: spread(s.Alertmanager, called(alertmanagerPods)),
			},
		},
		Grafana:   o.grafana(),
		KubeState: exporter{toldKinds(), helm.Takes("20m", "96Mi", "200m", "256Mi"), helm.Restricted()},
		Nodes:     nodeExporter{NodesNamespace, helm.Takes("20m", "32Mi", "200m", "128Mi")},
	})
}

// toldKinds are the kinds of objects that are told of.
func toldKinds() []string {
	return []string{
		"cronjobs", "daemonsets", "deployments", "horizontalpodautoscalers", "ingresses", "jobs", "limitranges", "namespaces", "networkpolicies",
		"nodes", "persistentvolumeclaims", "persistentvolumes", "poddisruptionbudgets", "pods", "replicasets", "resourcequotas",
		"services", "statefulsets", "storageclasses",
	}
}

// claim is a volume of the class, once there is one.
func (o *observability) claim(gb int) claim {
	return claim{claimTemplate{claimSpec{
		Class: o.StorageClass, Modes: []string{"ReadWriteOnce"}, Resources: claimResources{claimed{gigabytes(gb)}},
	}}}
}
