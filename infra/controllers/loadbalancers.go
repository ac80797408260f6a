package controllers

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/helm"
)

const (
	loadBalancersName = "aws-load-balancer-controller"
	// ingressClass is the class that the controller serves. The class itself
	// comes with the ingress: with parameters, which the controller's webhook
	// must judge, so that it must run by then.
	ingressClass = "alb"
	// admissionPort is one that the firewall of the nodes lets the API server
	// call.
	admissionPort = 9443
	// tlsPolicy offers TLS 1.3 and 1.2 with forward secrecy, where a class says
	// nothing else.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
	tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
)

// loadBalancerValues are the values of the chart that we set. The two on
// annotations, webhookBindPort, enableWaf and the shapes of pods were read at
// 3.2.2, for 3.5.0 was not at hand.
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/helm/aws-load-balancer-controller/values.yaml
type loadBalancerValues struct {
	Cluster pulumi.StringInput `pulumi:"clusterName"`
	Region  string             `pulumi:"region"`
	VPC     pulumi.StringInput `pulumi:"vpcId"`
	Account account            `pulumi:"serviceAccount"`
	Tags    map[string]string  `pulumi:"defaultTags"`

	Replicas    int                    `pulumi:"replicaCount"`
	Disruption  *unavailable           `pulumi:"podDisruptionBudget"`
	PodSecurity helm.PodSecurity       `pulumi:"podSecurityContext"`
	Security    helm.ContainerSecurity `pulumi:"securityContext"`
	Resources   helm.Resources         `pulumi:"resources"`

	TargetType string           `pulumi:"defaultTargetType"`
	TLSPolicy  string           `pulumi:"defaultSSLPolicy"`
	Shield     bool             `pulumi:"enableShield"`
	WAF        bool             `pulumi:"enableWaf"`
	WAFv2      bool             `pulumi:"enableWafv2"`
	Config     controllerConfig `pulumi:"controllerConfig"`

	Class                 string      `pulumi:"ingressClass"`
	MakeClass             bool        `pulumi:"createIngressClassResource"`
	ClassParams           classParams `pulumi:"ingressClassParams"`
	IgnoreClassAnnotation bool        `pulumi:"disableIngressClassAnnotation"`
	IgnoreGroupAnnotation bool        `pulumi:"disableIngressGroupNameAnnotation"`
	AdmissionPort         int         `pulumi:"webhookBindPort"`

	MutateServices  bool `pulumi:"enableServiceMutatorWebhook"`
	KeepCertificate bool `pulumi:"keepTLSSecret"`
}

type (
	unavailable struct {
		Most int `pulumi:"maxUnavailable"`
	}
	classParams struct {
		Create bool `pulumi:"create"`
	}
	controllerConfig struct {
		Features features `pulumi:"featureGates"`
	}
	features struct {
		ALBGateways bool `pulumi:"ALBGatewayAPI"`
		NLBGateways bool `pulumi:"NLBGatewayAPI"`
	}
)

// loadBalancers installs the AWS Load Balancer Controller.
//
// It makes load balancers of ingresses alone, and of those whose class is an
// object: an annotation would pass by the class's parameters, and with them by
// the firewall. It leaves other services alone, whose creation its webhook
// would stop as long as it does not run.
//
// Helm makes the certificate of the webhook at the first installation and
// keeps it: with cert-manager no ingress would change while that is down.
func (c *controllers) loadBalancers() (*helm.Resource, error) {
	chart := helm.Chart{Repository: "https://aws.github.io/eks-charts", Name: loadBalancersName, Version: "3.5.0"}
	in, err := c.place(c.Accounts.LoadBalancer,
		pods{release: chart.Name, name: chart.Name, outside: true, webhook: admissionPort, metrics: 8080})
	if err != nil {
		return nil, err
	}
	group := 65534 // as the chart has it: the webhook's certificate is a volume
	values := loadBalancerValues{
		Cluster: c.ClusterName, Region: c.Region, VPC: c.VPC, Account: c.Accounts.LoadBalancer.values(), Tags: c.Tags,
		Replicas: c.replicas(), PodSecurity: restrictedPod(&group), Security: helm.Restricted(), Resources: helm.Takes("100m", "192Mi", "1", "512Mi"),
		TargetType: "ip", TLSPolicy: tlsPolicy,
		Shield: false, WAF: false, WAFv2: true, // its role can do no more
		Config: controllerConfig{features{ALBGateways: false, NLBGateways: false}},
		Class:  ingressClass, MakeClass: false, ClassParams: classParams{Create: false},
		IgnoreClassAnnotation: true, IgnoreGroupAnnotation: true, AdmissionPort: admissionPort,
		MutateServices: false, KeepCertificate: true,
	}
	if c.Production {
		values.Disruption = &unavailable{1}
	}
	return install(c, chart, in, values)
}
