package render

import (
	"github.com/prometheus/common/model"

	"github.com/script-ohio/platform/monitoring/source"
)

// configuration is prometheus.yml, as far as it is used here.
// See https://prometheus.io/docs/prometheus/latest/configuration/configuration/.
type configuration struct {
	Global    global   `yaml:"global"`
	RuleFiles []string `yaml:"rule_files"`
	Alerting  alerting `yaml:"alerting"`
	Scrapes   []scrape `yaml:"scrape_configs"`
}

type global struct {
	ScrapeInterval     model.Duration `yaml:"scrape_interval"`
	ScrapeTimeout      model.Duration `yaml:"scrape_timeout"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
}

type alerting struct {
	Alertmanagers []receivers `yaml:"alertmanagers"`
}

type receivers struct {
	Static []targets `yaml:"static_configs"`
}

type scrape struct {
	Job    string    `yaml:"job_name"`
	Static []targets `yaml:"static_configs"`
}

type targets struct {
	Targets []string `yaml:"targets,flow"`
}

func prometheusFiles(o Options) ([]File, error) {
	interval := model.Duration(o.Interval)
	c := configuration{
		Global:    global{ScrapeInterval: interval, ScrapeTimeout: min(interval, scrapeTimeout), EvaluationInterval: interval},
		RuleFiles: []string{"rules/*.yml"},
		Alerting:  alerting{[]receivers{{at(o.Alertmanager)}}},
	}
	for _, t := range o.Targets {
		c.Scrapes = append(c.Scrapes, scrape{t.Job, at(t.Addresses...)})
	}
	c.Scrapes = append(c.Scrapes, scrape{source.JobPrometheus, at(o.Prometheus)}, scrape{source.JobAlertmanager, at(o.Alertmanager)})
	file, err := yamlFile("prometheus.yml", c)
	return []File{file}, err
}

// scrapeTimeout is Prometheus' own default.
const scrapeTimeout = model.Duration(10e9)

func at(addresses ...string) []targets { return []targets{{addresses}} }
