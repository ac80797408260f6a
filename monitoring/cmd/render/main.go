// Command render writes what Prometheus, Alertmanager and Grafana read into a
// folder, for where no operator runs them.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/render"
	"github.com/script-ohio/platform/monitoring/routing"
	"github.com/script-ohio/platform/monitoring/source"
)

// cli is the command line; the doc strings are its help.
type cli struct {
	Out   string `required:"" type:"path" placeholder:"DIR" help:"Folder to write to. Files of an earlier run that are no longer rendered are removed, others are left."`
	Check bool   `help:"Write nothing; tell how DIR differs and fail if it does."`

	Interval         time.Duration `group:"Scraping" default:"15s" help:"How often to scrape."`
	App              []string      `group:"Scraping" default:"app:9000" placeholder:"HOST:PORT" help:"Internal ports of ohio serve."`
	Worker           []string      `group:"Scraping" placeholder:"HOST:PORT" help:"Internal ports of ohio work."`
	PostgresExporter []string      `group:"Scraping" placeholder:"HOST:PORT" help:"postgres_exporter."`
	RedisExporter    []string      `group:"Scraping" placeholder:"HOST:PORT" help:"redis_exporter."`
	NodeExporter     []string      `group:"Scraping" placeholder:"HOST:PORT" help:"node_exporter."`
	Prometheus       string        `group:"Scraping" default:"prometheus:9090" placeholder:"HOST:PORT" help:"Prometheus itself."`
	Alertmanager     string        `group:"Scraping" default:"alertmanager:9093" placeholder:"HOST:PORT" help:"Alertmanager, which alerts are sent to."`

	WebhookURL       string   `group:"Notifications" name:"webhook-url" default:"http://app:8000" placeholder:"URL" help:"Root of the app, which hears of every alert."`
	WebhookTokenFile string   `group:"Notifications" default:"/run/secrets/alert_token" placeholder:"PATH" help:"File with the app's ALERT_TOKEN, as Alertmanager sees it; so are the other files."`
	WebhookToken     string   `group:"Notifications" placeholder:"TOKEN" help:"For development: the token itself, which is written to a file in DIR. Others see it in the list of processes."`
	PagerdutyKeyFile string   `group:"Notifications" placeholder:"PATH" help:"File with the routing key of PagerDuty, for critical alerts."`
	SlackURLFile     string   `group:"Notifications" name:"slack-url-file" placeholder:"PATH" help:"File with the URL of Slack's incoming webhook, for critical alerts and warnings."`
	SlackChannel     string   `group:"Notifications" placeholder:"CHANNEL" help:"Channel other than the webhook's own."`
	MailServer       string   `group:"Notifications" placeholder:"HOST:PORT" help:"Mail server with TLS, for tickets."`
	MailFrom         string   `group:"Notifications" placeholder:"ADDRESS" help:"Sender of mails."`
	MailTo           []string `group:"Notifications" placeholder:"ADDRESS" help:"Recipients of mails."`
	MailUser         string   `group:"Notifications" placeholder:"NAME" help:"User at the mail server."`
	MailPasswordFile string   `group:"Notifications" placeholder:"PATH" help:"File with the password at the mail server."`
	HeartbeatURLFile string   `group:"Notifications" name:"heartbeat-url-file" placeholder:"PATH" help:"File with the URL of a dead-man service. Needs Alertmanager 0.26."`
	TemplatesDir     string   `group:"Notifications" default:"templates" placeholder:"DIR" help:"Where Alertmanager sees the texts, if not beside its configuration."`

	Runbooks      string `group:"Links" default:"${runbooks}" placeholder:"URL" help:"Where docs/runbooks is published."`
	GrafanaURL    string `group:"Links" name:"grafana-url" default:"http://localhost:3000" placeholder:"URL" help:"Where people find Grafana."`
	LokiURL       string `group:"Links" name:"loki-url" placeholder:"URL" help:"Loki, as Grafana reaches it."`
	TempoURL      string `group:"Links" name:"tempo-url" placeholder:"URL" help:"Tempo, as Grafana reaches it."`
	DashboardsDir string `group:"Links" default:"/var/lib/grafana/dashboards" placeholder:"DIR" help:"Where Grafana sees DIR/dashboards."`
}

// Exit statuses.
const (
	done    = 0
	failed  = 1 // or DIR differs
	invalid = 2 // the command line
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

func execute(args []string, stdout, stderr io.Writer) int {
	var flags cli
	status := -1
	parser, err := kong.New(&flags, kong.Name("render"), kong.Writers(stdout, stderr), kong.Exit(func(code int) { status = code }),
		kong.Vars{"runbooks": dashboards.DefaultRunbooks},
		kong.Description("Write the configuration of Prometheus, Alertmanager and Grafana. Exit status: 0 done, 1 it could not be written or, with --check, differs, 2 bad input."))
	if err != nil {
		fmt.Fprintln(stderr, "render:", err)
		return failed
	}
	_, err = parser.Parse(args)
	if status >= 0 { // --help has been printed
		return status
	}
	if err != nil {
		fmt.Fprintf(stderr, "render: %v; see --help\n", err)
		return invalid
	}
	var token []render.File
	if flags.WebhookToken != "" {
		token = []render.File{{Path: "alert_token", Data: []byte(flags.WebhookToken)}}
		flags.WebhookTokenFile = filepath.Join(flags.Out, token[0].Path)
	}
	files, err := render.Files(flags.options())
	files = append(token, files...)
	if err != nil {
		fmt.Fprintln(stderr, "render:", err)
		return invalid
	}
	if flags.Check {
		return check(flags.Out, files, stdout, stderr)
	}
	if err := write(flags.Out, files); err != nil {
		fmt.Fprintln(stderr, "render:", err)
		return failed
	}
	fmt.Fprintf(stdout, "%d files in %s\n", len(files), flags.Out)
	return done
}

func check(dir string, files []render.File, stdout, stderr io.Writer) int {
	lines, err := drift(dir, files)
	if err != nil {
		fmt.Fprintln(stderr, "render:", err)
		return failed
	}
	for _, line := range lines {
		fmt.Fprintln(stdout, line)
	}
	if len(lines) > 0 {
		fmt.Fprintf(stderr, "render: %s differs from what would be rendered; run it without --check\n", dir)
		return failed
	}
	return done
}

func (c cli) options() render.Options {
	o := render.Options{
		Interval: c.Interval, Prometheus: c.Prometheus, Alertmanager: c.Alertmanager,
		Runbooks: c.Runbooks,
		Routing: routing.Options{
			Webhook:          routing.WebhookOptions{URL: c.WebhookURL, TokenFile: c.WebhookTokenFile},
			PagerDuty:        routing.PagerDutyOptions{RoutingKeyFile: c.PagerdutyKeyFile},
			Slack:            routing.SlackOptions{URLFile: c.SlackURLFile, Channel: c.SlackChannel},
			Mail:             routing.MailOptions{Smarthost: c.MailServer, From: c.MailFrom, To: c.MailTo, Username: c.MailUser, PasswordFile: c.MailPasswordFile},
			HeartbeatURLFile: c.HeartbeatURLFile, TemplatesDir: c.TemplatesDir,
		},
		Grafana: render.GrafanaOptions{URL: c.GrafanaURL, Loki: c.LokiURL, Tempo: c.TempoURL, DashboardsDir: c.DashboardsDir},
	}
	for _, t := range []render.Target{
		{Job: source.JobServe, Addresses: c.App},
		{Job: source.JobWork, Addresses: c.Worker},
		{Job: source.JobPostgres, Addresses: c.PostgresExporter},
		{Job: source.JobRedis, Addresses: c.RedisExporter},
		{Job: source.JobNodeExporter, Addresses: c.NodeExporter},
	} {
		if len(t.Addresses) > 0 {
			o.Targets = append(o.Targets, t)
		}
	}
	return o
}
