package observability

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const (
	lokiName = "loki"
	// schemaDay is when the only schema began: before the first log line. A
	// newer one is added behind it, from a day to come.
	schemaDay = "2026-01-01"
)

// lokiValues are the values of the chart that we set.
// https://github.com/grafana-community/helm-charts/blob/loki-18.11.0/charts/loki/values.yaml
type lokiValues struct {
	Mode    string     `pulumi:"deploymentMode"`
	Loki    lokiConfig `pulumi:"loki"`
	Single  lokiSingle `pulumi:"singleBinary"`
	Read    lokiNone   `pulumi:"read"`
	Write   lokiNone   `pulumi:"write"`
	Backend lokiNone   `pulumi:"backend"`
	Account tokenless  `pulumi:"serviceAccount"`

	Gateway toggle      `pulumi:"gateway"`
	Canary  toggle      `pulumi:"lokiCanary"`
	Test    toggle      `pulumi:"test"`
	Chunks  toggle      `pulumi:"chunksCache"`
	Results toggle      `pulumi:"resultsCache"`
	Sidecar lokiSidecar `pulumi:"sidecar"`
}

type (
	lokiConfig struct {
		Auth      bool                   `pulumi:"auth_enabled"`
		Common    lokiCommon             `pulumi:"commonConfig"`
		Schema    lokiSchemas            `pulumi:"schemaConfig"`
		Storage   lokiStorage            `pulumi:"storage"`
		Limits    lokiLimits             `pulumi:"limits_config"`
		Compactor lokiCompactor          `pulumi:"compactor"`
		Analytics lokiAnalytics          `pulumi:"analytics"`
		Pod       helm.PodSecurity       `pulumi:"podSecurityContext"`
		Security  helm.ContainerSecurity `pulumi:"containerSecurityContext"`
	}
	lokiCommon struct {
		Replication int `pulumi:"replication_factor"`
	}
	lokiSchemas struct {
		Configs []lokiSchema `pulumi:"configs"`
	}
	lokiSchema struct {
		From    string    `pulumi:"from"`
		Store   string    `pulumi:"store"`
		Objects string    `pulumi:"object_store"`
		Schema  string    `pulumi:"schema"`
		Index   lokiIndex `pulumi:"index"`
	}
	lokiIndex struct {
		Prefix string `pulumi:"prefix"`
		Period string `pulumi:"period"`
	}
	lokiStorage struct {
		Type    string      `pulumi:"type"`
		Buckets lokiBuckets `pulumi:"bucketNames"`
		S3      lokiS3      `pulumi:"s3"`
	}
	lokiBuckets struct {
		Chunks pulumi.StringInput `pulumi:"chunks"`
		Ruler  pulumi.StringInput `pulumi:"ruler"`
	}
	lokiS3 struct {
		Region string `pulumi:"region"`
	}
	lokiLimits struct {
		Retention string `pulumi:"retention_period"`
	}
	lokiCompactor struct {
		Retention bool   `pulumi:"retention_enabled"`
		Requests  string `pulumi:"delete_request_store"`
	}
	lokiAnalytics struct {
		Reporting bool `pulumi:"reporting_enabled"`
	}
	lokiSingle struct {
		Replicas    int            `pulumi:"replicas"`
		Persistence volume         `pulumi:"persistence"`
		Resources   helm.Resources `pulumi:"resources"`
		Spread      []helm.Spread  `pulumi:"topologySpreadConstraints"`
		Disruption  *lokiBudget    `pulumi:"podDisruptionBudget"`
	}
	// lokiBudget counts the other way than those of the other charts.
	lokiBudget struct {
		Enabled bool `pulumi:"enabled"`
		Gone    int  `pulumi:"maxUnavailable"`
	}
	lokiNone struct {
		Replicas int `pulumi:"replicas"`
	}
	// tokenless is a service account without a token: what it calls is AWS.
	tokenless struct {
		Name  pulumi.StringInput `pulumi:"name"`
		Token bool               `pulumi:"automountServiceAccountToken"`
	}
	lokiSidecar struct {
		Rules toggle `pulumi:"rules"`
	}
	// volume is one of a stateful set, as most charts ask for it.
	volume struct {
		Enabled bool               `pulumi:"enabled"`
		Size    string             `pulumi:"size"`
		Class   pulumi.StringInput `pulumi:"storageClass"`
	}
)

// loki installs Loki, every part of it in one process, with its data in S3.
// Who may reach it is the network's matter, so it asks for no tenant.
func (o *observability) loki() error {
	chart := helm.Chart{Repository: "oci://ghcr.io/grafana-community/helm-charts", Name: lokiName, Version: "18.11.0"}
	off, s, bucket := toggle{false}, o.Sizing, o.Loki.Bucket
	var some *lokiBudget
	if s.Loki > 1 {
		some = &lokiBudget{Enabled: true, Gone: 1}
	}
	_, err := install(o, chart, lokiValues{
		Mode: "Monolithic",
		Loki: lokiConfig{
			Auth: false, Common: lokiCommon{s.Loki},
			Schema: lokiSchemas{[]lokiSchema{{
				From: schemaDay, Store: "tsdb", Objects: "s3", Schema: "v13", Index: lokiIndex{"index_", "24h"},
			}}},
			Storage:   lokiStorage{"s3", lokiBuckets{bucket, bucket}, lokiS3{o.Region}},
			Limits:    lokiLimits{hours(o.Days.Logs)},
			Compactor: lokiCompactor{Retention: true, Requests: "s3"},
			Analytics: lokiAnalytics{Reporting: false},
			Pod:       helm.RestrictedPod(), Security: helm.Restricted(),
		},
		Single: lokiSingle{
			Replicas: s.Loki, Persistence: volume{true, gigabytes(s.LogsGB), o.StorageClass},
			Resources: helm.Takes("100m", "384Mi", "1", "1Gi"), Spread: spread(s.Loki, called(lokiName)),
			Disruption: some,
		},
		Read: lokiNone{0}, Write: lokiNone{0}, Backend: lokiNone{0},
		Account: tokenless{o.Loki.name(), false},
		Gateway: off, Canary: off, Test: off, Chunks: off, Results: off, Sidecar: lokiSidecar{off},
	})
	return err
}

// account is the name of the service account once new pods of it get its role:
// pods that start before have no credentials for all their lives.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
func (k Keeper) name() pulumi.StringInput { return when(pulumi.String(k.Account), k.Role) }
