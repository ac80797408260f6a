// Package routing says who is told of which alert, how soon and how often: the
// configuration of Alertmanager and the texts it sends, as values.
//
// The app's webhook hears of everything. Beyond that critical alerts wake
// somebody, warnings are read within the day and tickets come by mail in
// working hours. An alert whose severity nobody knows is a warning, so that it
// is seen. See https://prometheus.io/docs/alerting/latest/configuration/.
package routing

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
)

// The receivers. Those of severities bear the severity's name.
const (
	ReceiverWebhook   = "webhook"
	ReceiverHeartbeat = "heartbeat"
)

// Watchdog is the alert that always fires; its silence is the alarm.
const Watchdog = "Watchdog"

// workingHours names the hours in which tickets are sent.
const workingHours = "working-hours"

// pace is how alerts of a route are gathered and how often they are told.
type pace struct {
	groupBy                []string
	wait, interval, repeat time.Duration
}

// New makes the configuration; the error holds all that is wrong.
func New(o Options) (Config, error) {
	if err := o.Validate(); err != nil {
		return Config{}, fmt.Errorf("alert routing: %w", err)
	}
	webhook := route(ReceiverWebhook, pace{[]string{"alertname", "severity"}, 5 * time.Second, time.Minute, 4 * time.Hour})
	everything := Route{Receiver: ReceiverWebhook, Continue: true}

	tree := webhook
	tree.Routes = []Route{watchdog(o), everything}
	for _, severity := range contract.Severities() {
		if o.told(severity) {
			tree.Routes = append(tree.Routes, told(severity))
		}
	}
	c := Config{
		Route: tree, InhibitRules: inhibitions(alerts.All()), Receivers: receivers(o),
		Templates: []string{o.templates()},
	}
	if o.told(contract.Ticket) {
		c.TimeIntervals = []TimeInterval{hours()}
	}
	return c, nil
}

// watchdog goes to the dead-man service and nowhere else, as often as that
// wants to hear.
func watchdog(o Options) Route {
	r := Route{Receiver: ReceiverWebhook}
	if o.HeartbeatURLFile != "" {
		r = route(ReceiverHeartbeat, pace{[]string{"alertname"}, time.Second, time.Minute, 4 * time.Minute})
	}
	r.Matchers = []string{equals("alertname", Watchdog)}
	return r
}

// told is the route of a severity to people. Instances, pods and labels of an
// alert come together, so that one trouble is one page.
func told(s contract.Severity) Route {
	switch s {
	case contract.Critical:
		r := route(string(s), pace{[]string{"alertname", "severity"}, 15 * time.Second, 2 * time.Minute, time.Hour})
		r.Matchers = []string{equals("severity", string(s))}
		return r
	case contract.Ticket:
		// One mail of all, not one of each.
		r := route(string(s), pace{[]string{"severity"}, 5 * time.Minute, time.Hour, 3 * 24 * time.Hour})
		r.Matchers = []string{equals("severity", string(s))}
		r.ActiveTimeIntervals = []string{workingHours}
		return r
	}
	// Warnings, and what has no severity that is known here.
	r := route(string(contract.Warning), pace{[]string{"alertname", "severity"}, time.Minute, 5 * time.Minute, 12 * time.Hour})
	r.Matchers = []string{`severity!~"` + strings.Join(others(contract.Warning), "|") + `"`}
	return r
}

// others are the severities but one, and none, which alerts that come with
// kube-prometheus-stack have when nobody is to be told.
func others(but contract.Severity) []string {
	var names []string
	for _, s := range contract.Severities() {
		if s != but {
			names = append(names, string(s))
		}
	}
	return append(names, "none")
}

func route(receiver string, p pace) Route {
	return Route{
		Receiver: receiver, GroupBy: p.groupBy,
		GroupWait: model.Duration(p.wait), GroupInterval: model.Duration(p.interval), RepeatInterval: model.Duration(p.repeat),
	}
}

// hours are a working day in Ohio: in UTC, since Alertmanager's image need not
// know time zones, and so an hour later in summer.
func hours() TimeInterval {
	return TimeInterval{Name: workingHours, Intervals: []TimeOfWeeks{{
		Weekdays: []string{"monday:friday"}, Times: []TimeOfDay{{Start: "13:00", End: "22:00"}},
	}}}
}

func equals(label, value string) string { return label + `="` + value + `"` }

// YAML is the configuration as Alertmanager reads it.
func (c Config) YAML() ([]byte, error) {
	var text bytes.Buffer
	e := yaml.NewEncoder(&text)
	e.SetIndent(2)
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	return text.Bytes(), e.Close()
}
