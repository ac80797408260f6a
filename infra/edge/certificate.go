package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// validationTTL is short, so that a mistake in the zone is mended soon.
	validationTTL = 60 // seconds
	// authoritiesTTL lets resolvers remember who may issue.
	authoritiesTTL = 3600 // seconds
	// issued is how long to wait for the certificate. It never comes while the
	// zone is not delegated.
	issued = "30m"
)

// authorities may issue certificates for the name: Amazon by each of its names,
// for load balancers, and Let's Encrypt, for cert-manager.
// https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
func authorities() []string {
	return []string{
		`0 issue "amazon.com"`, `0 issue "amazonaws.com"`, `0 issue "amazontrust.com"`, `0 issue "awstrust.com"`, `0 issue "letsencrypt.org"`,
	}
}

// certificate registers the certificate of the domain, the record that proves
// the domain to be ours, and who else may issue one. It returns the ARN of the
// issued certificate, which a load balancer can use at once. ACM renews it as
// long as the record stands.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (e *edge) certificate() (pulumi.StringOutput, error) {
	name, child, none := e.Name("certificate"), pulumi.Parent(e), pulumi.StringOutput{}
	zone := pulumi.String(e.Config.HostedZoneID)
	allowed, err := route53.NewRecord(e.ctx, e.Name("authorities"), &route53.RecordArgs{
		ZoneId: zone, Name: pulumi.String(e.Config.Domain), Type: pulumi.String("CAA"),
		Ttl: pulumi.Int(authoritiesTTL), Records: pulumi.ToStringArray(authorities()),
		AllowOverwrite: pulumi.Bool(true), // of another stack of this domain, in a recovery
	}, child)
	if err != nil {
		return none, err
	}
	certificate, err := acm.NewCertificate(e.ctx, name, &acm.CertificateArgs{
		DomainName: pulumi.String(e.Config.Domain), ValidationMethod: pulumi.String("DNS"),
		Tags: pulumi.StringMap{"Name": pulumi.String(name)},
	}, child, pulumi.DependsOn([]pulumi.Resource{allowed}))
	if err != nil {
		return none, err
	}
	// A certificate of one name has one proof, the same for all its lives.
	proof := certificate.DomainValidationOptions.Index(pulumi.Int(0))
	record, err := route53.NewRecord(e.ctx, name, &route53.RecordArgs{
		ZoneId: zone, Name: proof.ResourceRecordName().Elem(), Type: proof.ResourceRecordType().Elem(),
		Ttl: pulumi.Int(validationTTL), Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
		AllowOverwrite: pulumi.Bool(true),
	}, child)
	if err != nil {
		return none, err
	}
	valid, err := acm.NewCertificateValidation(e.ctx, name, &acm.CertificateValidationArgs{
		CertificateArn: certificate.Arn, ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
	}, child, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: issued}))
	if err != nil {
		return none, err
	}
	return valid.CertificateArn, nil
}
