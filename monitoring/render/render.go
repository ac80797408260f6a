// Package render makes the files that Prometheus, Alertmanager and Grafana
// read, for where no operator does so: on one machine and in containers. It
// writes nothing.
package render

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/routing"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
)

// Options say what is watched and who is told. What is empty does not run, and
// nothing is rendered for it.
type Options struct {
	// Targets are scraped, each job under a name of package source.
	Targets []Target
	// Interval is how often is scraped.
	Interval time.Duration
	// Prometheus and Alertmanager are where they are, as host:port. Both are
	// required: without them nobody is told.
	Prometheus   string
	Alertmanager string
	// Runbooks is where docs/runbooks is published, such as
	// dashboards.DefaultRunbooks.
	Runbooks string
	Routing  routing.Options
	Grafana  GrafanaOptions
}

// Target is where a job's metrics are, as host:port.
type Target struct {
	Job       string
	Addresses []string
}

// File is a file of the result; Path is relative and has slashes.
type File struct {
	Path string
	Data []byte
}

// Validate tells all that is wrong at once.
func (o Options) Validate() error {
	var wrong []error
	if o.Interval < time.Second {
		wrong = append(wrong, fmt.Errorf("interval %s: it must be a second or more", o.Interval))
	}
	address := func(what, text string) {
		if host, port, err := net.SplitHostPort(text); err != nil || host == "" || port == "" {
			wrong = append(wrong, fmt.Errorf("%s %q: it must be HOST:PORT", what, text))
		}
	}
	for what, text := range map[string]string{"runbooks": o.Runbooks, "Grafana": o.Grafana.URL} {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			wrong = append(wrong, fmt.Errorf("address of %s %q: it must look like https://example.org", what, text))
		}
	}
	address("Prometheus", o.Prometheus)
	address("Alertmanager", o.Alertmanager)
	for _, t := range o.Targets {
		for _, text := range t.Addresses {
			address("target of "+t.Job, text)
		}
	}
	return errors.Join(append(wrong, o.Routing.Validate())...)
}

// Files gives every file, sorted by path. The same options give the same
// bytes.
func Files(o Options) ([]File, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	var files []File
	for _, part := range []func(Options) ([]File, error){prometheusFiles, ruleFiles, alertmanagerFiles, dashboardFiles, provisioningFiles} {
		made, err := part(o)
		if err != nil {
			return nil, err
		}
		files = append(files, made...)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	for i, f := range files {
		if i > 0 && f.Path == files[i-1].Path {
			return nil, fmt.Errorf("two files would be called %s", f.Path)
		}
	}
	return files, nil
}

// ruleFiles has a file for each source of rules, so that a finding of promtool
// says where to look.
func ruleFiles(o Options) ([]File, error) {
	var files []File
	for name, groups := range map[string][]rules.Group{
		"recording": rules.Groups(),
		"slo":       slo.Groups(),
		"alerts":    alerts.Groups(alerts.Options{Runbooks: o.Runbooks, Grafana: o.Grafana.URL}),
	} {
		text, err := rules.File(groups...)
		if err != nil {
			return nil, err
		}
		files = append(files, File{"rules/" + name + ".yml", append([]byte(header), text...)})
	}
	return files, nil
}

func alertmanagerFiles(o Options) ([]File, error) {
	config, err := routing.New(o.Routing)
	if err != nil {
		return nil, err
	}
	file, err := yamlFile("alertmanager.yml", config)
	if err != nil {
		return nil, err
	}
	templates, err := routing.Templates()
	if err != nil {
		return nil, err
	}
	files := []File{file}
	for name, text := range templates {
		files = append(files, File{"templates/" + name, text})
	}
	return files, nil
}

func dashboardFiles(o Options) ([]File, error) {
	var files []File
	for _, d := range dashboards.New(dashboards.Options{Runbooks: o.Runbooks}) {
		text, err := d.JSON()
		if err != nil {
			return nil, err
		}
		files = append(files, File{path.Join("dashboards", d.Folder, string(d.UID)+".json"), text})
	}
	return files, nil
}

// header is the first line of every file that may have one.
const header = "# Rendered; what is changed here is lost.\n"

func yamlFile(name string, value any) (File, error) {
	text := bytes.NewBufferString(header)
	e := yaml.NewEncoder(text)
	e.SetIndent(2)
	if err := e.Encode(value); err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := e.Close(); err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return File{name, text.Bytes()}, nil
}
