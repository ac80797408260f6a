package observability

import (
	"path"
	"strconv"

	"github.com/script-ohio/platform/infra/externalsecret"
	"github.com/script-ohio/platform/monitoring/routing"
)

const (
	// configFolder is where the operator puts what is in the secret of the
	// configuration, and secretsFolder where it mounts other secrets.
	// https://prometheus-operator.dev/docs/platform/platform-guide/#managing-alertmanager-configuration
	configFolder  = "/etc/alertmanager/config"
	secretsFolder = "/etc/alertmanager/secrets"
	configKey     = "alertmanager.yaml"
)

// routing is the configuration of Alertmanager and its texts. It names the
// files of its credentials and holds none; it stands in a Secret because the
// operator takes it from one. The whole of it is literal, but the mail server;
// without one External Secrets still wants something to read.
func (o *observability) routing() (externalsecret.Secret, error) {
	none := externalsecret.Secret{}
	config, err := routing.New(o.routes())
	if err != nil {
		return none, err
	}
	text, err := config.YAML()
	if err != nil {
		return none, err
	}
	files, err := routing.Templates()
	if err != nil {
		return none, err
	}
	values := map[string]string{configKey: externalsecret.Literal(string(text))}
	for name, text := range files {
		values[name] = externalsecret.Literal(string(text))
	}
	read := o.take("unused", o.Secrets.App, alertVariable)
	if m := o.Tell.Mail; m != nil {
		values[configKey] = m.filled(values[configKey])
		read = o.take(mailVariable, o.Secrets.App, mailVariable)
	}
	return externalsecret.Secret{
		Refresh: refresh, Store: externalsecret.In(storeName), Target: externalsecret.Owned(routingSecret, values),
		Data: []externalsecret.Data{read},
	}, nil
}

// routes say where Alertmanager finds what it is told to use.
func (o *observability) routes() routing.Options {
	file := func(variable string) string { return path.Join(secretsFolder, messengerSecret, variable) }
	r := routing.Options{
		Webhook:      routing.WebhookOptions{URL: "http://" + o.App.Service + "." + o.App.Namespace + ".svc", TokenFile: file(alertVariable)},
		TemplatesDir: configFolder,
	}
	if o.Tell.Slack {
		r.Slack.URLFile = file(slackVariable)
	}
	if o.Tell.PagerDuty {
		r.PagerDuty.RoutingKeyFile = file(pagerDutyVariable)
	}
	if m := o.Tell.Mail; m != nil {
		r.Mail = routing.MailOptions{
			Smarthost: mailHost + ":" + strconv.Itoa(m.Port), From: m.From, To: m.To, Username: mailUser, PasswordFile: file(mailPassword),
		}
	}
	return r
}
