package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/script-ohio/platform/monitoring/source"
)

// The variables of every dashboard. Each environment has a Prometheus of its
// own, and series do not name it: which data source is asked is which
// environment is shown.
const (
	varEnvironment = "environment"
	varLogs        = "logs"
	varTraces      = "traces"
	varNamespace   = "namespace"
)

// everything is the value of a variable that does not narrow: it matches a
// missing label too, as outside of Kubernetes.
const everything = ".*"

// sourceRef is the data source that a variable holds.
func sourceRef(kind, variable string) common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr(kind), Uid: cog.ToPtr("${" + variable + "}")}
}

func metricsRef() common.DataSourceRef { return sourceRef("prometheus", varEnvironment) }
func logsRef() common.DataSourceRef    { return sourceRef("loki", varLogs) }

func variables(namespace string) []cog.Builder[dashboard.VariableModel] {
	chosen := option("All", "$__all")
	if namespace != "" {
		chosen = option(namespace, namespace)
	}
	names := "label_values(" + source.KubeNamespacePhase.Name + ", namespace)"
	return []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder(varEnvironment).Type("prometheus").Label("Environment").
			Description("The Prometheus that is asked: every environment has its own."),
		dashboard.NewQueryVariableBuilder(varNamespace).Label("Namespace").
			Description("Narrows what Kubernetes reports, and logs. Has no effect outside of a cluster.").
			Datasource(metricsRef()).Query(dashboard.StringOrMap{String: &names}).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
			Multi(true).IncludeAll(true).AllValue(everything).Current(chosen),
		dashboard.NewDatasourceVariableBuilder(varLogs).Type("loki").Label("Logs").Description("The Loki that links and log panels ask."),
		dashboard.NewDatasourceVariableBuilder(varTraces).Type("tempo").Label("Traces").Description("The Tempo that links ask."),
	}
}

func option(text, value string) dashboard.VariableOption {
	return dashboard.VariableOption{
		Selected: cog.ToPtr(true),
		Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{text}},
		Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{value}},
	}
}
