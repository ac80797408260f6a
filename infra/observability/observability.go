// Package observability installs what watches over the platform inside the
// cluster: Prometheus with its rules and alerts, Alertmanager, Grafana with its
// dashboards, Loki for logs, Tempo for traces, Alloy which collects both, and
// the exporters of database and cache. What they watch, say and show comes from
// the wing monitoring.
package observability

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/helm"
	"github.com/script-ohio/platform/infra/token"
)

// Type is the type of the component.
const Type = "script-ohio:observability:Observability"

// The namespaces. That of the node exporter is apart: it looks at the node
// itself, which the restricted standard forbids.
const (
	Namespace      = "monitoring"
	NodesNamespace = "node-monitoring"
)

// Traces is where the app sends its traces: OTLP over HTTP.
func Traces() string { return local(alloyName, TracesPort) }

// TracesPort is the port of Traces.
const TracesPort = 4318

// Collector is the labels of the pods behind Traces.
func Collector() map[string]string { return called(alloyName) }

// Logs is where the logs of a namespace can be read again, as LOG_STORE of the
// contract says it: Loki, and the selector of what the collectors send there.
// Loki takes everybody who reaches it for its one tenant.
func Logs(namespace string) string {
	return local(lokiName, LogsPort) + "?" + url.Values{"query": {fmt.Sprintf("{%s=%q}", namespaceLabel, namespace)}}.Encode()
}

// LogsPort is the port of Logs.
const LogsPort = 3100

// namespaceLabel is what config.alloy calls the namespace of a line.
const namespaceLabel = "namespace"

// LogKeeper is the labels of the pods behind Logs.
func LogKeeper() map[string]string { return called(lokiName) }

// Args say what is watched, for how long it is remembered and who is told.
type Args struct {
	Name    func(parts ...string) string // names a resource of the stack, in Pulumi
	Region  string
	Cluster string // on every series that leaves Prometheus and on every log line

	Sizing   Sizing
	Days     Days
	Nodes    int // the most there may be: each runs a collector and an exporter
	Networks Networks

	Loki, Tempo Keeper
	Secrets     Secrets
	// StorageClass is the name of the class of volumes, known once it is there.
	StorageClass pulumi.StringInput
	// Certificates is known once cert-manager serves.
	Certificates pulumi.StringInput

	App     App
	Targets []Target // what else is scraped, outside of this namespace
	Tell    Tell
	// Group is the Kubernetes group of a contract role.
	Group func(contract.Role) string
}

// Days are for how long is remembered.
type Days struct{ Metrics, Logs, Traces int }

// Networks are the addresses that pods meet.
type Networks struct {
	VPC          netip.Prefix   // the API server calls webhooks from here and answers here
	Services     netip.Prefix   // of Kubernetes services, the API server's among them
	Nodes        []netip.Prefix // subnets of nodes, whose kubelets and exporters are scraped
	Databases    []netip.Prefix // subnets of database and cache
	DatabasePort int
	CachePort    int
}

// Keeper is who writes to a bucket of its own.
type Keeper struct {
	Account string             // Kubernetes service account
	Role    pulumi.StringInput // ARN, known once new pods of the account get it
	Bucket  pulumi.StringInput // name
}

// Secrets are ARNs in Secrets Manager, of JSON objects.
type Secrets struct {
	Database pulumi.StringInput // username, password, host, port, dbname
	Cache    pulumi.StringInput // username, password, host, port
	App      pulumi.StringInput // a key for each secret variable of the contract
	// Ready is known once External Secrets serves.
	Ready pulumi.StringInput
}

// App is the app as its observers see it.
type App struct {
	Namespace string
	Serve     map[string]string   // labels of the pods of the API
	Workers   []map[string]string // and of those of each worker
	Readers   []map[string]string // of those that read logs again
	Service   string              // name of the live Service, which takes alerts at port 80
	Domain    string              // host name of the API, which is asked as callers do
}

// Target is pods whose metrics are scraped.
type Target struct {
	Job       string // the label job of its series
	Namespace string
	Labels    map[string]string
	Port      int
}

// Tell is who is told of alerts, beside the app.
type Tell struct {
	Slack, PagerDuty bool
	Mail             *Mail // of tickets; nil for none: Slack hears of them
}

// Outputs are known once it runs.
type Outputs struct {
	Prometheus pulumi.StringOutput // name of the release; rules and monitors are served
}

type observability struct {
	pulumi.ResourceState
	Args
	ctx   *pulumi.Context
	child pulumi.ResourceOption
	// ready is what every pod needs: the rules of its namespace.
	ready []pulumi.Resource
}

// New installs it through the Kubernetes provider in opts. Prometheus comes
// first, for the kinds of rules and monitors come with it; the others do not
// wait for each other.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	o := &observability{Args: given, ctx: ctx}
	if err := ctx.RegisterComponentResource(Type, name, o, opts...); err != nil {
		return nil, err
	}
	o.child = pulumi.Parent(o)
	for _, step := range []func() error{o.namespaces, o.networkPolicies, o.secrets, o.access, o.readingDashboards, o.dashboards} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	prometheus, err := o.prometheus()
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{o.loki, o.tempo, o.alloy, o.exporters, o.blackbox} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := o.monitors(prometheus); err != nil {
		return nil, err
	}
	if err := o.rules(prometheus); err != nil {
		return nil, err
	}
	out := &Outputs{Prometheus: prometheus.Ready(prometheusName)}
	return out, ctx.RegisterResourceOutputs(o, pulumi.Map{"prometheus": out.Prometheus})
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "the naming of resources")
	p.Missing(a.Region == "" || a.Cluster == "", "the region or the cluster's name")
	p.Missing(a.Nodes < 1, "the most nodes")
	p.Missing(a.Days.Metrics < 1 || a.Days.Logs < 1 || a.Days.Traces < 1, "how long metrics, logs or traces are kept")
	p.Add(a.Sizing.check())
	n := a.Networks
	p.Missing(!n.VPC.IsValid() || !n.Services.IsValid() || len(n.Nodes) == 0 || len(n.Databases) == 0, "the addresses of VPC, services, nodes or databases")
	p.Missing(n.DatabasePort == 0 || n.CachePort == 0, "the port of database or cache")
	for what, k := range map[string]Keeper{"Loki": a.Loki, "Tempo": a.Tempo} {
		p.Missing(k.Account == "" || k.Role == nil || k.Bucket == nil, "the account, role or bucket of "+what)
	}
	p.Missing(a.Secrets.Database == nil || a.Secrets.Cache == nil || a.Secrets.App == nil || a.Secrets.Ready == nil, "a secret, or whether External Secrets serves")
	p.Missing(a.StorageClass == nil || a.Certificates == nil, "the storage class, or whether cert-manager serves")
	p.Missing(a.App.Namespace == "" || len(a.App.Serve) == 0 || a.App.Service == "" || a.App.Domain == "", "the namespace, pods, service or domain of the app")
	if m := a.Tell.Mail; m != nil {
		p.Missing(m.From == "" || len(m.To) == 0 || m.Port == 0, "the sender, recipients or port of mail")
	}
	p.Missing(a.Group == nil, "the groups of roles")
	for _, t := range a.Targets {
		p.Missing(t.Job == "" || t.Namespace == "" || len(t.Labels) == 0 || t.Port == 0, fmt.Sprintf("the namespace, labels or port of target %q", t.Job))
	}
	return p.Of("observability")
}

// meta names an object in the namespace.
func (o *observability) meta(name string, labels map[string]string) *metav1.ObjectMetaArgs {
	all := pulumi.StringMap{"app.kubernetes.io/part-of": pulumi.String(contract.ServiceName)}
	for key, value := range labels {
		all[key] = pulumi.String(value)
	}
	return &metav1.ObjectMetaArgs{Name: pulumi.String(name), Namespace: pulumi.String(Namespace), Labels: all}
}

// after orders an object behind what every pod needs.
func (o *observability) after(more ...pulumi.Resource) pulumi.ResourceOption {
	return pulumi.DependsOn(append(o.ready[:len(o.ready):len(o.ready)], more...))
}

// custom registers an object of a controller's own kind from a typed struct.
func (o *observability) custom(part, version, kind string, meta *metav1.ObjectMetaArgs, spec any, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	return apiextensions.NewCustomResource(o.ctx, o.Name("monitoring", part), &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(version), Kind: pulumi.String(kind), Metadata: meta,
		OtherFields: map[string]any{"spec": token.Inputs(spec)},
	}, append(opts, o.child)...)
}

// install registers the release of a chart. It may take longer than others:
// volumes are made on the way.
func install[V any](o *observability, chart helm.Chart, values V, more ...pulumi.Resource) (*helm.Resource, error) {
	release := helm.Install(chart, pulumi.String(Namespace), values)
	release.Timeout = patience
	return helm.New(o.ctx, o.Name(chart.Name), release, o.child, o.after(more...))
}

const patience = 900 // seconds

// when is a value that is known once others are.
func when(value pulumi.StringInput, known ...pulumi.StringInput) pulumi.StringInput {
	all := []any{value}
	for _, k := range known {
		all = append(all, k)
	}
	return pulumi.All(all...).ApplyT(func(values []any) string {
		text, _ := values[0].(string)
		return text
	}).(pulumi.StringOutput)
}

// local is the address of a service of the namespace.
func local(service string, port int) string {
	return fmt.Sprintf("http://%s.%s.svc:%d", service, Namespace, port)
}

// host is an address without its scheme.
func host(address string) string { return strings.TrimPrefix(address, "http://") }
