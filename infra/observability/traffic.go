package observability

import (
	"slices"

	"github.com/script-ohio/platform/app/contract"
)

// Ports that pods of the namespace listen on.
const (
	portPrometheus   = 9090
	portAlertmanager = 9093
	portGossip       = 9094 // among Alertmanagers
	portReloader     = 8080 // the metrics of what reloads configurations
	portGrafana      = 3000
	portWebhook      = 10250 // of the operator, and its metrics; the API server may call it on nodes
	portKubeState    = 8080
	portLoki         = 3100
	portLokiGRPC     = 9095
	portMembers      = 7946 // among Lokis
	portTempo        = 3200
	portTempoOTLP    = 4317
	portAlloy        = 12345
	portPostgres     = 9187
	portRedis        = 9121
	portNodes        = 9100
)

// Ports of others.
const (
	portDNS        = 53
	portDNSMetrics = 9153
	portHTTPS      = 443
	portIdentity   = 80
	portKubelet    = 10250
)

// policies are who may meet whom.
func (o *observability) policies() []policy {
	n := o.Networks
	resolver := peer{namespace: system, labels: map[string]string{"k8s-app": "kube-dns"}}
	dns := way{[]peer{resolver}, []port{{"UDP", portDNS}, {"TCP", portDNS}}}
	// Policies see the service's address or the API server's own.
	api := way{blocks(n.Services, n.VPC), tcp(portHTTPS)}
	scraped := func(ports ...int) way { return way{ours(prometheusPods), tcp(ports...)} }
	bucket := []way{{outside(), tcp(portHTTPS)}, {[]peer{{block: identityAgent}}, tcp(portIdentity)}}

	tell := []way{{[]peer{{namespace: o.App.Namespace, labels: o.App.Serve}}, tcp(contract.PublicPort)}}
	if o.Tell.Slack || o.Tell.PagerDuty {
		tell = append(tell, way{outside(), tcp(portHTTPS)})
	}
	gossip := way{ours(alertmanagerPods), []port{{"TCP", portGossip}, {"UDP", portGossip}}}
	members := way{ours(lokiName), tcp(portLoki, portLokiGRPC, portMembers)}

	return []policy{
		{"prometheus", called(prometheusPods),
			[]way{{ours(grafanaPods), tcp(portPrometheus)}, scraped(portPrometheus, portReloader)},
			slices.Concat([]way{dns, api, scraped(portPrometheus, portReloader),
				{ours(alertmanagerPods), tcp(portAlertmanager, portReloader)}, {ours(grafanaPods), tcp(portGrafana)},
				{[]peer{{namespace: Namespace, labels: operatorPods()}}, tcp(portWebhook)}, {ours(kubeStatePods), tcp(portKubeState)},
				{ours(lokiName), tcp(portLoki)}, {ours(tempoName), tcp(portTempo)}, {ours(alloyName), tcp(portAlloy)},
				{ours(postgresName), tcp(portPostgres)}, {ours(redisName), tcp(portRedis)}, {ours(blackboxName), tcp(portBlackbox)},
				{[]peer{resolver}, tcp(portDNSMetrics)}, {blocks(n.Nodes...), tcp(portKubelet, portNodes)},
				{o.App.pods(), tcp(contract.InternalPort)}}, others(o.Targets))},
		{"alertmanager", called(alertmanagerPods),
			[]way{scraped(portAlertmanager, portReloader), {ours(grafanaPods), tcp(portAlertmanager)}, gossip},
			append([]way{dns, gossip}, tell...)},
		{"grafana", called(grafanaPods),
			[]way{scraped(portGrafana)},
			[]way{dns, api, {ours(prometheusPods), tcp(portPrometheus)}, {ours(alertmanagerPods), tcp(portAlertmanager)},
				{ours(lokiName), tcp(portLoki)}, {ours(tempoName), tcp(portTempo)}}},
		{"operator", operatorPods(),
			// The API server is no pod: it comes from its interfaces in the VPC.
			[]way{{blocks(n.VPC), tcp(portWebhook)}, scraped(portWebhook)},
			[]way{dns, api}},
		{"kube-state-metrics", called(kubeStatePods), []way{scraped(portKubeState)}, []way{dns, api}},
		{"loki", called(lokiName),
			[]way{{ours(alloyName, grafanaPods, prometheusPods), tcp(portLoki)}, members},
			append([]way{dns, members}, bucket...)},
		{"tempo", called(tempoName),
			[]way{{ours(alloyName), tcp(portTempoOTLP)}, {ours(grafanaPods, prometheusPods), tcp(portTempo)}},
			append([]way{dns}, bucket...)},
		{"alloy", called(alloyName),
			[]way{{o.App.pods(), tcp(TracesPort)}, scraped(portAlloy)},
			[]way{dns, api, {ours(lokiName), tcp(portLoki)}, {ours(tempoName), tcp(portTempoOTLP)}}},
		{"postgres-exporter", called(postgresName), []way{scraped(portPostgres)}, []way{dns, {blocks(n.Databases...), tcp(n.DatabasePort)}}},
		{blackboxName, called(blackboxName), []way{scraped(portBlackbox)}, []way{dns, {outside(), tcp(portHTTPS)}}},
		{"redis-exporter", called(redisName), []way{scraped(portRedis)}, []way{dns, {blocks(n.Databases...), tcp(n.CachePort)}}},
	}
}
