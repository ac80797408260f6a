package identity

// Namespace is a Kubernetes namespace.
type Namespace string

// ServiceAccount is a Kubernetes service account. Roles trust it by namespace
// and name: whatever deploys it takes both from here.
type ServiceAccount struct {
	Namespace Namespace
	Name      string
}

// The namespaces whose pods act in AWS.
const (
	Application     Namespace = "script-ohio"
	System          Namespace = "kube-system"
	ExternalSecrets Namespace = "external-secrets"
	ExternalDNS     Namespace = "external-dns"
	CertManager     Namespace = "cert-manager"
	Monitoring      Namespace = "monitoring"
)

// Pod is what pods act as.
type Pod string

// The pods with a role: the API, the workers, among them the one that alone may
// write backups, the controllers, and what keeps logs and traces.
const (
	App              Pod = "app"
	Worker           Pod = "worker"
	BackupWorker     Pod = "backup-worker"
	SecurityWorker   Pod = "security-worker"
	LoadBalancer     Pod = "aws-load-balancer-controller"
	SecretReader     Pod = "external-secrets"
	DNS              Pod = "external-dns"
	CertificateMaker Pod = "cert-manager"
	LogKeeper        Pod = "loki"
	TraceKeeper      Pod = "tempo"
)

// Pods lists all of them.
func Pods() []Pod {
	return []Pod{App, Worker, BackupWorker, SecurityWorker, LoadBalancer, SecretReader, DNS, CertificateMaker, LogKeeper, TraceKeeper}
}

// Account is the service account of the pods; theirs alone.
func (p Pod) Account() ServiceAccount {
	namespace := Application
	switch p {
	case LoadBalancer:
		namespace = System
	case SecretReader:
		namespace = ExternalSecrets
	case DNS:
		namespace = ExternalDNS
	case CertificateMaker:
		namespace = CertManager
	case LogKeeper, TraceKeeper:
		namespace = Monitoring
	}
	return ServiceAccount{namespace, string(p)}
}
