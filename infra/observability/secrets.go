package observability

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/script-ohio/platform/infra/externalsecret"
)

// Secrets of the namespace, all filled by External Secrets: none of their
// values is known to the program or its state.
const (
	storeName       = "aws-secrets"
	grafanaSecret   = "grafana-admin"
	messengerSecret = "alertmanager-messengers"
	routingSecret   = "alertmanager-routing"
	postgresAccess  = "postgres-exporter"
	redisAccess     = "redis-exporter"
	refresh         = "15m" // how long a rotated secret takes to arrive
	once            = "0"
)

// Keys of the secrets.
const (
	keyUser     = "username"
	keyPassword = "password"
	keyAddress  = "address"
)

// Variables of the contract that name what Alertmanager speaks to.
const (
	slackVariable     = "SLACK_WEBHOOK_URL"
	pagerDutyVariable = "PAGERDUTY_ROUTING_KEY"
	alertVariable     = "ALERT_TOKEN"
)

// secrets registers the store and what is read from it.
func (o *observability) secrets() error {
	store, err := o.custom("secrets", externalsecret.API, "SecretStore", o.meta(storeName, nil),
		externalsecret.SecretsManager(when(pulumi.String(o.Region), o.Secrets.Ready)), o.after())
	if err != nil {
		return err
	}
	generator, err := o.custom("grafana-password", externalsecret.GeneratorsAPI, "Password", o.meta(grafanaSecret, nil),
		externalsecret.Password{Length: 32, Digits: 8, Symbols: 0, Repeat: true, Encoding: when(pulumi.String("raw"), o.Secrets.Ready)}, o.after())
	if err != nil {
		return err
	}
	routing, err := o.routing()
	if err != nil {
		return err
	}
	for _, s := range []externalsecret.Secret{o.grafanaAdmin(), o.messengers(), routing, o.postgresLogin(), o.redisLogin()} {
		made, err := o.custom(s.Target.Name, externalsecret.API, "ExternalSecret", o.meta(s.Target.Name, nil), s, o.after(store, generator))
		if err != nil {
			return err
		}
		o.ready = append(o.ready, made)
	}
	return nil
}

// take reads a property once External Secrets serves.
func (o *observability) take(key string, from pulumi.StringInput, property string) externalsecret.Data {
	return externalsecret.Take(key, when(from, o.Secrets.Ready), property)
}

// grafanaAdmin is a login that is made in the cluster, once, and that an
// administrator of the cluster reads there. People look without one.
func (o *observability) grafanaAdmin() externalsecret.Secret {
	return externalsecret.Secret{
		Refresh: once, From: externalsecret.Made(grafanaSecret),
		Target: externalsecret.Owned(grafanaSecret, map[string]string{keyUser: "admin", keyPassword: "{{ .password }}"}),
	}
}

// messengers are what Alertmanager presents to those it tells, a file for each.
func (o *observability) messengers() externalsecret.Secret {
	s := externalsecret.Secret{Refresh: refresh, Store: externalsecret.In(storeName), Target: externalsecret.Owned(messengerSecret, map[string]string{})}
	for variable, on := range map[string]bool{alertVariable: true, slackVariable: o.Tell.Slack, pagerDutyVariable: o.Tell.PagerDuty} {
		if on {
			s.Target.Template.Data[variable] = "{{ ." + variable + " }}"
		}
	}
	for _, variable := range []string{alertVariable, slackVariable, pagerDutyVariable} {
		if s.Target.Template.Data[variable] != "" {
			s.Data = append(s.Data, o.take(variable, o.Secrets.App, variable))
		}
	}
	if m := o.Tell.Mail; m != nil {
		s.Target.Template.Data[mailPassword] = m.password()
		s.Data = append(s.Data, o.take(mailVariable, o.Secrets.App, mailVariable))
	}
	return s
}

// postgresLogin is how the exporter enters the database, encrypted and not
// verified: RDS presents a certificate of its own authority, which the image
// does not carry.
func (o *observability) postgresLogin() externalsecret.Secret {
	s := externalsecret.Secret{Refresh: refresh, Store: externalsecret.In(storeName), Target: externalsecret.Owned(postgresAccess, map[string]string{
		keyAddress: "postgresql://{{ .username }}:{{ .password }}@{{ .host }}:{{ .port }}/{{ .dbname }}?sslmode=require",
	})}
	for _, property := range []string{keyUser, keyPassword, "host", "port", "dbname"} {
		s.Data = append(s.Data, o.take(property, o.Secrets.Database, property))
	}
	return s
}

// redisLogin is how the exporter enters the cache.
func (o *observability) redisLogin() externalsecret.Secret {
	s := externalsecret.Secret{Refresh: refresh, Store: externalsecret.In(storeName), Target: externalsecret.Owned(redisAccess, map[string]string{
		keyAddress: "rediss://{{ .host }}:{{ .port }}", keyUser: "{{ .username }}", keyPassword: "{{ .password }}",
	})}
	for _, property := range []string{keyUser, keyPassword, "host", "port"} {
		s.Data = append(s.Data, o.take(property, o.Secrets.Cache, property))
	}
	return s
}
