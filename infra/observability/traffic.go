package observability

import (
	"slices"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/netpolicy"
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
	portDNSMetrics = 9153
	portHTTPS      = 443
	portKubelet    = 10250
)

// policies are who may meet whom.
func (o *observability) policies() []policy {
	type ways = []netpolicy.Way
	n := o.Networks
	dns, api := netpolicy.DNS(), netpolicy.APIServer(n.Services, n.VPC)
	scraped := func(ports ...int) netpolicy.Way { return way(ours(prometheusPods), ports...) }
	bucket := ways{outside(portHTTPS), netpolicy.Credentials()}

	tell := ways{way([]netpolicy.Peer{netpolicy.Pods(o.App.Namespace, o.App.Serve)}, contract.PublicPort)}
	if o.Tell.Slack || o.Tell.PagerDuty {
		tell = append(tell, outside(portHTTPS))
	}
	if o.Tell.Mail != nil {
		tell = append(tell, outside(o.Tell.Mail.Port))
	}
	gossip := netpolicy.Way{Peers: ours(alertmanagerPods), Ports: append(netpolicy.TCP(portGossip), netpolicy.UDP(portGossip)...)}
	members := way(ours(lokiName), LogsPort, portLokiGRPC, portMembers)

	return []policy{
		{
			name: "prometheus", labels: called(prometheusPods),
			in: ways{way(ours(grafanaPods), portPrometheus), scraped(portPrometheus, portReloader)},
			out: slices.Concat(ways{dns, api, scraped(portPrometheus, portReloader),
				way(ours(alertmanagerPods), portAlertmanager, portReloader), way(ours(grafanaPods), portGrafana),
				way([]netpolicy.Peer{netpolicy.Pods(Namespace, operatorPods())}, portWebhook), way(ours(kubeStatePods), portKubeState),
				way(ours(lokiName), LogsPort), way(ours(tempoName), portTempo), way(ours(alloyName), portAlloy),
				way(ours(postgresName), portPostgres), way(ours(redisName), portRedis), way(ours(blackboxName), portBlackbox),
				way([]netpolicy.Peer{netpolicy.Resolver()}, portDNSMetrics), way(netpolicy.Blocks(n.Nodes...), portKubelet, portNodes),
				way(o.App.all(), contract.InternalPort)}, others(o.Targets)),
		},
		{
			name: "alertmanager", labels: called(alertmanagerPods),
			in:  ways{scraped(portAlertmanager, portReloader), way(ours(grafanaPods), portAlertmanager), gossip},
			out: append(ways{dns, gossip}, tell...),
		},
		{
			name: "grafana", labels: called(grafanaPods),
			in: ways{scraped(portGrafana)},
			out: ways{dns, api, way(ours(prometheusPods), portPrometheus), way(ours(alertmanagerPods), portAlertmanager),
				way(ours(lokiName), LogsPort), way(ours(tempoName), portTempo)},
		},
		{
			name: "operator", labels: operatorPods(),
			// The API server is no pod: it comes from its interfaces in the VPC.
			in:  ways{way(netpolicy.Blocks(n.VPC), portWebhook), scraped(portWebhook)},
			out: ways{dns, api},
		},
		{name: "kube-state-metrics", labels: called(kubeStatePods), in: ways{scraped(portKubeState)}, out: ways{dns, api}},
		{
			name: "loki", labels: called(lokiName),
			in:  ways{way(append(ours(alloyName, grafanaPods, prometheusPods), o.App.pods(o.App.Readers...)...), LogsPort), members},
			out: append(ways{dns, members}, bucket...),
		},
		{
			name: "tempo", labels: called(tempoName),
			in:  ways{way(ours(alloyName), portTempoOTLP), way(ours(grafanaPods, prometheusPods), portTempo)},
			out: append(ways{dns}, bucket...),
		},
		{
			name: "alloy", labels: called(alloyName),
			in:  ways{way(o.App.all(), TracesPort), scraped(portAlloy)},
			out: ways{dns, api, way(ours(lokiName), LogsPort), way(ours(tempoName), portTempoOTLP)},
		},
		{
			name: "postgres-exporter", labels: called(postgresName),
			in: ways{scraped(portPostgres)}, out: ways{dns, way(netpolicy.Blocks(n.Databases...), n.DatabasePort)},
		},
		{name: blackboxName, labels: called(blackboxName), in: ways{scraped(portBlackbox)}, out: ways{dns, outside(portHTTPS)}},
		{
			name: "redis-exporter", labels: called(redisName),
			in: ways{scraped(portRedis)}, out: ways{dns, way(netpolicy.Blocks(n.Databases...), n.CachePort)},
		},
	}
}
