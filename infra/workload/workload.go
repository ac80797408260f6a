// Package workload is the app on the cluster: its namespace and what holds in
// it, its configuration, the service with its scaling and its way in, and who
// may talk to whom.
package workload

import (
	"net/netip"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/infra/args"
	"github.com/script-ohio/platform/infra/token"
)

// Type is the type of the component.
const Type = "script-ohio:workload:Workload"

// Args say what runs and what there is around it.
type Args struct {
	Name      func(parts ...string) string // names a resource of the stack, in Pulumi
	Namespace string
	Region    string

	// Releases are what serves: one, or two of which one is live.
	Releases   []Release
	Registries []string // whose images may run, such as ghcr.io/script-ohio
	Serve      Scale
	// Workers run the queues; empty for none.
	Workers []Worker

	Edge     Edge
	Data     Data
	Networks Networks
	// Traces is where traces go, OTLP over HTTP; nil for nowhere.
	Traces *Watcher
	// Logs is where those of the namespace can be read again, as LOG_STORE
	// says it; nil for nowhere. Backups alone read there.
	Logs *Watcher
	// Mail is that of notifications; nil for none.
	Mail *Mail
}

// Mail is who writes to whom, through the server of the secret SMTP_URL.
type Mail struct {
	From string
	To   []string
	Port int // of that server
}

// Watcher is a service in the namespace of those who watch.
type Watcher struct {
	Endpoint string
	Port     int
	Pods     map[string]string // labels of those behind it
}

func (w *Watcher) whole() bool {
	return w == nil || w.Endpoint != "" && w.Port != 0 && len(w.Pods) > 0
}

// Release is an image that serves. Of two, each has a colour and the live one
// gets all requests: the load balancer holds both and changes weights, which
// is one step for it. Switching the selector of one Service instead would
// register other addresses in one target group, and callers would meet a gap.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
type Release struct {
	Colour string // part of names; empty where there is one release
	Image  string
	Live   bool
}

// Scale bounds the replicas of a release.
type Scale struct{ Min, Max int }

// Worker runs the jobs of one queue under a service account of its own.
type Worker struct {
	Queue   contract.Queue
	Account string // Kubernetes service account, which has its role in AWS
	Image   string // with the PostgreSQL client
}

// Edge is how callers arrive.
type Edge struct {
	Domain      string
	Account     string             // service account of the API's pods
	Class       pulumi.StringInput // ingress class, known once its controller runs
	Certificate pulumi.StringInput // ARN
	Firewall    pulumi.StringInput // ARN of the web ACL
	Tags        map[string]string  // on the load balancer, which the provider's default tags do not reach
}

// Data is what the pods open. Secrets are ARNs or names in Secrets Manager,
// which external-secrets reads.
type Data struct {
	Database pulumi.StringInput // secret: username, password, host, port, dbname
	Cache    pulumi.StringInput // secret: username, password, host, port
	App      pulumi.StringInput // secret: a key for each other secret variable of the contract
	Models   pulumi.StringInput // bucket
	Backups  pulumi.StringInput // bucket
	// Recipients are the public keys of age that backups are encrypted for;
	// none: the bucket's own encryption.
	Recipients []string
	// Secrets is known once external-secrets serves.
	Secrets pulumi.StringInput
}

// Networks are the addresses that pods meet.
type Networks struct {
	LoadBalancers []netip.Prefix // subnets of the load balancer
	Databases     []netip.Prefix // subnets of database and cache
	Private       []netip.Prefix // subnets of nodes, pods and the endpoints of AWS services
	DatabasePort  int
	CachePort     int
}

// Outputs are what others need of it.
type Outputs struct {
	Service pulumi.StringOutput // name of the Service of the live release
	// StorageClass is the name of the class of volumes, once it is there.
	StorageClass pulumi.StringOutput
}

type workload struct {
	pulumi.ResourceState
	Args
	ctx   *pulumi.Context
	child pulumi.ResourceOption
	// ready is what every pod needs: the rules of the namespace.
	ready []pulumi.Resource
	// services are the names of the Services, in the order of the releases.
	services []pulumi.StringOutput
	volumes  pulumi.StringOutput // name of the storage class
}

// New registers the workload through the Kubernetes provider in opts.
func New(ctx *pulumi.Context, name string, given Args, opts ...pulumi.ResourceOption) (*Outputs, error) {
	if err := given.check(); err != nil {
		return nil, err
	}
	w := &workload{Args: given, ctx: ctx}
	if err := ctx.RegisterComponentResource(Type, name, w, opts...); err != nil {
		return nil, err
	}
	w.child = pulumi.Parent(w)
	for _, step := range []func() error{w.classes, w.namespace, w.admission, w.limits, w.networkPolicies, w.access} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	settings, err := w.configuration()
	if err != nil {
		return nil, err
	}
	out := &Outputs{StorageClass: w.volumes}
	for _, release := range given.Releases {
		migrated, err := w.migration(release, settings)
		if err != nil {
			return nil, err
		}
		service, err := w.serve(release, settings, migrated)
		if err != nil {
			return nil, err
		}
		w.services = append(w.services, service)
		if !release.Live {
			continue
		}
		out.Service = service
		for _, worker := range given.Workers {
			if err := w.worker(worker, settings, migrated); err != nil {
				return nil, err
			}
		}
	}
	if err := w.ingress(); err != nil {
		return nil, err
	}
	return out, ctx.RegisterResourceOutputs(w, pulumi.Map{"service": out.Service})
}

func (a Args) check() error {
	var p args.Problems
	p.Missing(a.Name == nil, "the naming of resources")
	p.Missing(a.Namespace == "" || a.Region == "", "the namespace or region")
	live := 0
	for _, r := range a.Releases {
		p.Missing(r.Image == "", "the image")
		p.Missing(r.Colour == "" && len(a.Releases) > 1, "the colour of a release")
		if r.Live {
			live++
		}
	}
	p.Missing(live != 1, "the one live release")
	for _, k := range a.Workers {
		p.Missing(k.Queue == "" || k.Account == "" || k.Image == "", "the queue, account or image of a worker")
	}
	p.Missing(len(a.Registries) == 0, "the registries whose images may run")
	p.Missing(a.Serve.Min < 1 || a.Serve.Max < a.Serve.Min, "the least or most replicas")
	p.Missing(a.Edge.Domain == "" || a.Edge.Account == "" || a.Edge.Class == nil || a.Edge.Certificate == nil || a.Edge.Firewall == nil, "a part of the edge")
	p.Missing(a.Data.Database == nil || a.Data.Cache == nil || a.Data.App == nil || a.Data.Models == nil || a.Data.Backups == nil || a.Data.Secrets == nil, "a source of data")
	p.Missing(len(a.Networks.LoadBalancers) == 0 || len(a.Networks.Databases) == 0 || len(a.Networks.Private) == 0, "the subnets of load balancer, databases or nodes")
	p.Missing(a.Networks.DatabasePort == 0 || a.Networks.CachePort == 0, "the port of database or cache")
	p.Missing(!a.Traces.whole(), "the endpoint, port or pods of the collector of traces")
	p.Missing(a.Mail != nil && (a.Mail.From == "" || len(a.Mail.To) == 0 || a.Mail.Port == 0), "the sender, recipients or port of mail")
	p.Missing(!a.Logs.whole(), "the endpoint, port or pods of the store of logs")
	return p.Of("workload")
}

// Labels by which objects are known.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
const (
	labelName      = "app.kubernetes.io/name"
	labelComponent = "app.kubernetes.io/component"
	labelPartOf    = "app.kubernetes.io/part-of"
)

// selector picks the pods of a component; it never changes.
func selector(component string) pulumi.StringMap {
	return pulumi.StringMap{labelName: pulumi.String(contract.ServiceName), labelComponent: pulumi.String(component)}
}

// meta names an object in the namespace.
func (w *workload) meta(name string, labels pulumi.StringMap) *metav1.ObjectMetaArgs {
	m := w.global(name, labels)
	m.Namespace = pulumi.String(w.Namespace)
	return m
}

// global names an object of the whole cluster.
func (w *workload) global(name string, labels pulumi.StringMap) *metav1.ObjectMetaArgs {
	all := pulumi.StringMap{labelPartOf: pulumi.String(contract.ServiceName)}
	for key, value := range labels {
		all[key] = value
	}
	return &metav1.ObjectMetaArgs{Name: pulumi.String(name), Labels: all}
}

// custom registers an object of a controller's own kind from a typed struct.
func (w *workload) custom(name, version, kind string, meta *metav1.ObjectMetaArgs, spec any, opts ...pulumi.ResourceOption) (*apiextensions.CustomResource, error) {
	return apiextensions.NewCustomResource(w.ctx, w.Name(name), &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(version), Kind: pulumi.String(kind), Metadata: meta,
		OtherFields: map[string]any{"spec": token.Inputs(spec)},
	}, append(opts, w.child)...)
}
