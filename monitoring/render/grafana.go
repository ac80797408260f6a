package render

import (
	"net/http"

	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/app/contract"
)

// GrafanaOptions say what Grafana finds where. Without an address of Loki or
// Tempo there is no data source for it.
type GrafanaOptions struct {
	URL   string // where people find Grafana, for links in alerts; required
	Loki  string // URL
	Tempo string // URL
	// DashboardsDir is where Grafana sees the folder dashboards.
	DashboardsDir string
}

// The identifiers of the data sources, as kube-prometheus-stack gives them.
const (
	uidPrometheus   = "prometheus"
	uidAlertmanager = "alertmanager"
	uidLoki         = "loki"
	uidTempo        = "tempo"
)

// datasources is a provisioning file of Grafana.
// See https://grafana.com/docs/grafana/latest/administration/provisioning/.
type datasources struct {
	Version int          `yaml:"apiVersion"`
	Sources []datasource `yaml:"datasources"`
}

type datasource struct {
	Name     string            `yaml:"name"`
	UID      string            `yaml:"uid"`
	Type     string            `yaml:"type"`
	Access   string            `yaml:"access"`
	URL      string            `yaml:"url"`
	Default  bool              `yaml:"isDefault"`
	Editable bool              `yaml:"editable"`
	JSON     map[string]string `yaml:"jsonData,omitempty"`
}

type providers struct {
	Version   int        `yaml:"apiVersion"`
	Providers []provider `yaml:"providers"`
}

type provider struct {
	Name            string          `yaml:"name"`
	Type            string          `yaml:"type"`
	DisableDeletion bool            `yaml:"disableDeletion"`
	AllowUIUpdates  bool            `yaml:"allowUiUpdates"`
	Options         providerOptions `yaml:"options"`
}

type providerOptions struct {
	Path    string `yaml:"path"`
	Folders bool   `yaml:"foldersFromFilesStructure"`
}

func provisioningFiles(o Options) ([]File, error) {
	var sources []datasource
	for _, s := range []datasource{
		{Name: "Prometheus", UID: uidPrometheus, Type: "prometheus", URL: "http://" + o.Prometheus, Default: true,
			JSON: map[string]string{"httpMethod": http.MethodPost, "timeInterval": model.Duration(o.Interval).String()}},
		{Name: "Alertmanager", UID: uidAlertmanager, Type: "alertmanager", URL: "http://" + o.Alertmanager, JSON: map[string]string{"implementation": "prometheus"}},
		{Name: "Loki", UID: uidLoki, Type: "loki", URL: o.Grafana.Loki},
		{Name: "Tempo", UID: uidTempo, Type: "tempo", URL: o.Grafana.Tempo},
	} {
		if s.URL != "" {
			s.Access = "proxy" // Grafana asks, not the browser
			sources = append(sources, s)
		}
	}
	from, err := yamlFile("grafana/provisioning/datasources/script-ohio.yml", datasources{1, sources})
	if err != nil {
		return nil, err
	}
	what, err := yamlFile("grafana/provisioning/dashboards/script-ohio.yml", providers{1, []provider{{
		Name: contract.ServiceName, Type: "file", Options: providerOptions{Path: o.Grafana.DashboardsDir, Folders: true},
	}}})
	return []File{from, what}, err
}
