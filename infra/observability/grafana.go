package observability

import "github.com/script-ohio/platform/infra/helm"

// grafana is the values of its chart, which comes with Prometheus.
// https://github.com/grafana-community/helm-charts/blob/grafana-12.11.1/charts/grafana/values.yaml
type grafana struct {
	FullName  string                 `pulumi:"fullnameOverride"`
	Replicas  int                    `pulumi:"replicas"`
	Admin     login                  `pulumi:"admin"`
	Persist   toggle                 `pulumi:"persistence"`
	ChownData toggle                 `pulumi:"initChownData"`
	Test      toggle                 `pulumi:"testFramework"`
	RBAC      creation               `pulumi:"rbac"`
	Sidecar   grafanaSidecar         `pulumi:"sidecar"`
	Sources   []dataSource           `pulumi:"additionalDataSources"`
	Config    grafanaConfig          `pulumi:"grafana.ini"`
	Resources helm.Resources         `pulumi:"resources"`
	Pod       helm.PodSecurity       `pulumi:"securityContext"`
	Security  helm.ContainerSecurity `pulumi:"containerSecurityContext"`
}

type (
	login struct {
		Existing string `pulumi:"existingSecret"`
		User     string `pulumi:"userKey"`
		Password string `pulumi:"passwordKey"`
	}
	// grafanaSidecar puts dashboards and data sources that are objects into
	// files. It looks at this namespace alone.
	grafanaSidecar struct {
		Image      sidecarImage           `pulumi:"image"`
		Resources  helm.Resources         `pulumi:"resources"`
		Security   helm.ContainerSecurity `pulumi:"securityContext"`
		Dashboards dashboardFiles         `pulumi:"dashboards"`
		Sources    sourceFiles            `pulumi:"datasources"`
	}
	// sidecarImage is from where the cluster allows images.
	sidecarImage struct {
		Registry   string `pulumi:"registry"`
		Repository string `pulumi:"repository"`
	}
	dashboardFiles struct {
		Enabled    bool              `pulumi:"enabled"`
		Label      string            `pulumi:"label"`
		LabelValue string            `pulumi:"labelValue"`
		Namespace  string            `pulumi:"searchNamespace"`
		Resource   string            `pulumi:"resource"`
		Folder     string            `pulumi:"folderAnnotation"`
		Provider   dashboardProvider `pulumi:"provider"`
	}
	dashboardProvider struct {
		Folders bool `pulumi:"foldersFromFilesStructure"`
		UIEdits bool `pulumi:"allowUiUpdates"`
	}
	sourceFiles struct {
		Enabled   bool   `pulumi:"enabled"`
		Namespace string `pulumi:"searchNamespace"`
		Resource  string `pulumi:"resource"`
	}
	// dataSource is one beside Prometheus and Alertmanager.
	dataSource struct {
		Name   string     `pulumi:"name"`
		UID    string     `pulumi:"uid"`
		Type   string     `pulumi:"type"`
		Access string     `pulumi:"access"`
		URL    string     `pulumi:"url"`
		Edit   bool       `pulumi:"editable"`
		JSON   sourceLink `pulumi:"jsonData"`
	}
	sourceLink struct {
		Derived []derivedField `pulumi:"derivedFields"`
		Logs    *traceToLogs   `pulumi:"tracesToLogsV2"`
	}
	// derivedField makes the id of a trace in a log line a link to the trace.
	derivedField struct {
		Name   string `pulumi:"name"`
		Match  string `pulumi:"matcherRegex"`
		URL    string `pulumi:"url"`
		Source string `pulumi:"datasourceUid"`
	}
	// traceToLogs links a span to the log lines of its trace.
	traceToLogs struct {
		Source string `pulumi:"datasourceUid"`
		Before string `pulumi:"spanStartTimeShift"`
		After  string `pulumi:"spanEndTimeShift"`
		Custom bool   `pulumi:"customQuery"`
		Query  string `pulumi:"query"`
	}
	// grafanaConfig is grafana.ini, section by section.
	grafanaConfig struct {
		Analytics grafanaAnalytics `pulumi:"analytics"`
		Anonymous grafanaAnonymous `pulumi:"auth.anonymous"`
		Users     grafanaUsers     `pulumi:"users"`
		Plugins   grafanaPlugins   `pulumi:"plugins"`
		News      grafanaNews      `pulumi:"news"`
		Alerting  toggle           `pulumi:"unified_alerting"`
	}
	grafanaAnalytics struct {
		Reporting bool `pulumi:"reporting_enabled"`
		Updates   bool `pulumi:"check_for_updates"`
		Plugins   bool `pulumi:"check_for_plugin_updates"`
	}
	grafanaAnonymous struct {
		Enabled bool   `pulumi:"enabled"`
		Role    string `pulumi:"org_role"`
	}
	grafanaUsers struct {
		SignUp bool `pulumi:"allow_sign_up"`
	}
	grafanaPlugins struct {
		NoPreinstall bool `pulumi:"preinstall_disabled"`
	}
	grafanaNews struct {
		Feed bool `pulumi:"news_feed_enabled"`
	}
)

// The marks of a ConfigMap that is a dashboard.
const (
	dashboardLabel  = "grafana_dashboard"
	dashboardFolder = "grafana_folder"
)

// grafanaName is what its service and its service account are called.
const grafanaName = fullName + "-grafana"

// Identifiers of the data sources that dashboards link to.
const (
	lokiSource  = "loki"
	tempoSource = "tempo"
)

// grafana keeps nothing: what it shows is in the program, and who may look is
// who may forward a port. So everybody who gets there looks around, and the
// login is for what nobody should need. It calls nobody outside.
func (o *observability) grafana() grafana {
	off, configMaps := toggle{false}, "configmap"
	writable := helm.Restricted()
	writable.ReadOnlyRoot = false // it unpacks plugins beside itself
	return grafana{
		FullName: grafanaName, Replicas: 1, Admin: login{grafanaSecret, keyUser, keyPassword},
		Persist: off, ChownData: off, Test: off, RBAC: creation{Create: false},
		Sidecar: grafanaSidecar{
			Image:     sidecarImage{"quay.io", "kiwigrid/k8s-sidecar"},
			Resources: helm.Takes("10m", "96Mi", "100m", "192Mi"), Security: helm.Restricted(),
			Dashboards: dashboardFiles{
				Enabled: true, Label: dashboardLabel, LabelValue: "1", Namespace: Namespace, Resource: configMaps,
				Folder: dashboardFolder, Provider: dashboardProvider{Folders: true, UIEdits: false},
			},
			Sources: sourceFiles{Enabled: true, Namespace: Namespace, Resource: configMaps},
		},
		Sources: []dataSource{
			{"Loki", lokiSource, "loki", "proxy", local(lokiName, LogsPort), false, sourceLink{Derived: []derivedField{{
				Name: "trace", Match: `"trace_id":"(\w+)"`, URL: "$${__value.raw}", Source: tempoSource,
			}}}},
			{"Tempo", tempoSource, "tempo", "proxy", local(tempoName, portTempo), false, sourceLink{Logs: &traceToLogs{
				Source: lokiSource, Before: "-5m", After: "5m", Custom: true, Query: `{namespace="` + o.App.Namespace + `"} |= "$${__trace.traceId}"`,
			}}},
		},
		Config: grafanaConfig{
			Analytics: grafanaAnalytics{false, false, false}, Anonymous: grafanaAnonymous{true, "Viewer"}, Users: grafanaUsers{false},
			Plugins: grafanaPlugins{NoPreinstall: true}, News: grafanaNews{false}, Alerting: off, // Prometheus and Alertmanager do
		},
		Resources: helm.Takes("50m", "192Mi", "500m", "512Mi"), Pod: helm.RestrictedPod(), Security: writable,
	}
}
