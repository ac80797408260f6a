package dashboards

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/script-ohio/platform/app/contract"
)

// Logs are log lines in Loki: those of some containers, narrowed by fields of
// their JSON. The labels namespace and container are those that the collector
// of logs sets.
type Logs struct {
	Containers []string // empty: all
	Fields     []Field  // of the app's log lines
}

// Field is a condition on one field of a log line, such as status >= 500.
type Field struct{ Name, Op, Value string }

// The containers of the workload, as infra/workload names them.
const (
	containerServe  = "serve"
	containerWorker = "worker"
)

// String is the query in LogQL.
func (l Logs) String() string { return l.in("$" + varNamespace) }

func (l Logs) in(namespace string) string {
	containers := ".+" // Loki wants one matcher that does not match nothing
	if len(l.Containers) > 0 {
		containers = strings.Join(l.Containers, "|")
	}
	text := "{" + varNamespace + "=~" + strconv.Quote(namespace) + ", container=~" + strconv.Quote(containers) + "}"
	if len(l.Fields) > 0 {
		text += " | json"
	}
	for _, f := range l.Fields {
		text += " | " + f.Name + " " + f.Op + " " + f.Value
	}
	return text
}

// lines are the app's log lines of the containers.
func lines(containers []string, fields ...Field) Logs {
	return Logs{Containers: containers, Fields: fields}
}

func texts(name, pattern string) Field { return Field{name, "=~", strconv.Quote(pattern)} }

func atLeastStatus(status int) Field { return Field{"status", ">=", strconv.Itoa(status)} }

// Traces are traces in Tempo: conditions on attributes of a span of the app.
type Traces []string

// String is the query in TraceQL.
func (t Traces) String() string {
	conditions := append([]string{`resource.service.name = "` + contract.ServiceName + `"`}, t...)
	return "{ " + strings.Join(conditions, " && ") + " }"
}

// pane is one side of Grafana's Explore, as its address holds it.
type pane struct {
	Datasource string      `json:"datasource"`
	Queries    []paneQuery `json:"queries"`
	Range      paneRange   `json:"range"`
}

type paneQuery struct {
	RefID     string `json:"refId"`
	Expr      string `json:"expr,omitempty"`
	QueryType string `json:"queryType"`
	Query     string `json:"query,omitempty"`
}

type paneRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func logsURL(l Logs) string {
	return explore(varLogs, paneQuery{RefID: "A", QueryType: "range", Expr: l.in("${" + varNamespace + ":regex}")})
}

func tracesURL(t Traces) string {
	return explore(varTraces, paneQuery{RefID: "A", QueryType: "traceql", Query: t.String()})
}

// explore is the address of Explore with a query over the time shown.
func explore(variable string, query paneQuery) string {
	panes := map[string]pane{"a": {
		Datasource: "${" + variable + "}", Queries: []paneQuery{query}, Range: paneRange{From: "${__from}", To: "${__to}"},
	}}
	text, err := json.Marshal(panes)
	if err != nil {
		panic(err) // strings are always JSON
	}
	return "/explore?schemaVersion=1&panes=" + escape(string(text))
}

// escape writes a text for a query string, all but the variables, which
// Grafana fills in.
func escape(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(strings.ReplaceAll(url.QueryEscape(before), "+", "%20"))
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		b.WriteString("${" + name + "}")
		text = after
	}
}
