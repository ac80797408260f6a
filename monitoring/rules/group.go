// Package rules holds the recording rules, and the shape in which rules of
// every kind are handed to Prometheus.
package rules

import (
	"bytes"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/script-ohio/platform/monitoring/query"
)

// Group is a list of rules that are evaluated in turn, each Interval.
type Group struct {
	Name     string
	Interval time.Duration
	Rules    []Rule
}

// Rule records a metric or raises an alert: one of Record and Alert is set.
type Rule struct {
	Record        string
	Alert         string
	Expr          string
	For           time.Duration // pending before it fires, for alerts
	KeepFiringFor time.Duration // firing after the condition has gone, for alerts
	Labels        map[string]string
	Annotations   map[string]string
}

// Recording is the rule that makes a recorded metric.
func Recording(r query.Recorded) Rule {
	return Rule{Record: r.Metric.Name, Expr: r.From.String(), Labels: r.Labels}
}

// File writes groups as a rule file of Prometheus.
func File(groups ...Group) ([]byte, error) {
	var f file
	for _, g := range groups {
		written := groupYAML{Name: g.Name, Interval: duration(g.Interval)}
		for _, r := range g.Rules {
			written.Rules = append(written.Rules, ruleYAML{
				Record: r.Record, Alert: r.Alert, Expr: r.Expr, For: duration(r.For), KeepFiringFor: duration(r.KeepFiringFor),
				Labels: r.Labels, Annotations: r.Annotations,
			})
		}
		f.Groups = append(f.Groups, written)
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("the rule file cannot be written: %w", err)
	}
	return out.Bytes(), e.Close()
}

type file struct {
	Groups []groupYAML `yaml:"groups"`
}

type groupYAML struct {
	Name     string     `yaml:"name"`
	Interval string     `yaml:"interval,omitempty"`
	Rules    []ruleYAML `yaml:"rules"`
}

type ruleYAML struct {
	Record        string            `yaml:"record,omitempty"`
	Alert         string            `yaml:"alert,omitempty"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for,omitempty"`
	KeepFiringFor string            `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]string `yaml:"labels,omitempty"`
	Annotations   map[string]string `yaml:"annotations,omitempty"`
}

func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return model.Duration(d).String()
}
