package monitoring_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/dashboards"
	"github.com/script-ohio/platform/monitoring/links"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/slo"
	"github.com/script-ohio/platform/monitoring/source"
)

const (
	root     = ".."
	runbooks = "docs/runbooks"
	guide    = "docs/monitoring.md"
)

// beside are the pages that are about no single alert.
var beside = []string{"README.md", "troubleshooting.md"}

// sections of a page, in their order.
var sections = []string{"Meaning", "Impact", "First look", "Likely causes", "Fix", "Escalate", "Over when"}

// tooLong are alerts whose condition fills a telephone: their pages show a part.
var tooLong = []string{"ErrorBudgetBurnFast", "ErrorBudgetBurnSlow", "BackupPartial", "JobFailing", "JobOverdue", "TargetMissing"}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	require.NoError(t, err)
	return string(text)
}

// byName gathers alerts that share a name, and so a page.
func byName() (names []string, all map[string][]alerts.Alert) {
	all = map[string][]alerts.Alert{}
	for _, a := range alerts.All() {
		if len(all[a.Name]) == 0 {
			names = append(names, a.Name)
		}
		all[a.Name] = append(all[a.Name], a)
	}
	return names, all
}

// pages of the folder, by name.
func pages(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(runbooks), "*"))
	require.NoError(t, err)
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

func TestEveryAlertHasOnePageAndEveryPageItsAlert(t *testing.T) {
	names, _ := byName()
	want := slices.Clone(beside)
	for _, name := range names {
		want = append(want, path.Base(links.RunbookFile(name)))
	}
	require.ElementsMatch(t, want, pages(t))
}

// The head of a page says what the alert is, as the alert says it.
func TestPagesAgreeWithTheirAlert(t *testing.T) {
	names, all := byName()
	for _, name := range names {
		text := read(t, links.RunbookFile(name))
		require.True(t, strings.HasPrefix(text, head(all[name])), "%s must begin with\n%s", links.RunbookFile(name), head(all[name]))
		if slices.Contains(tooLong, name) {
			continue
		}
		require.Len(t, all[name], 1, "%s: which condition does its page show?", name)
		meaning, _, _ := strings.Cut(text, "\n## Impact")
		shown := blocks(meaning, "promql")
		require.NotEmpty(t, shown, "%s shows no condition", name)
		require.Equal(t, parsed(t, all[name][0].When.String()).String(), parsed(t, shown[0]).String(), "%s shows another condition", name)
	}
}

func head(of []alerts.Alert) string {
	var severities []string
	for _, s := range contract.Severities() {
		if slices.ContainsFunc(of, func(a alerts.Alert) bool { return a.Severity == s }) {
			severities = append(severities, string(s))
		}
	}
	when := "at once"
	if of[0].For > 0 {
		when = "after " + model.Duration(of[0].For).String()
	}
	if of[0].KeepFiringFor > 0 {
		when += ", stays for " + model.Duration(of[0].KeepFiringFor).String()
	}
	return fmt.Sprintf("# %s\n\n**%s** · %s · %s · dashboard [%s](http://localhost:3000%[5]s)\n\n## Meaning\n",
		of[0].Name, strings.Join(severities, ", "), of[0].Component, when, of[0].Dashboard.Path())
}

func TestPagesHaveTheirSectionsInOrder(t *testing.T) {
	names, _ := byName()
	for _, name := range names {
		file := links.RunbookFile(name)
		text := read(t, file)
		var found []string
		for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(text, -1) {
			found = append(found, m[1])
		}
		require.Equal(t, sections, found, file)
		for _, part := range regexp.MustCompile(`(?m)^## .+$`).Split(text, -1)[1:] {
			require.NotEmpty(t, strings.TrimSpace(part), "%s has an empty section", file)
		}
		look := text[strings.Index(text, "## First look"):strings.Index(text, "## Likely causes")]
		require.NotEmpty(t, append(blocks(look, "sh"), blocks(look, "promql")...), "%s says where to look, and not how", file)
		require.LessOrEqual(t, strings.Count(text, "\n"), maxLines, "%s is too long to be read at night", file)
	}
}

const maxLines = 65

func TestTheIndexListsEveryAlert(t *testing.T) {
	index := read(t, runbooks+"/README.md")
	names, all := byName()
	for _, name := range names {
		var severities []string
		for _, s := range contract.Severities() {
			if slices.ContainsFunc(all[name], func(a alerts.Alert) bool { return a.Severity == s }) {
				severities = append(severities, string(s))
			}
		}
		row := fmt.Sprintf("\n| [%s](%s) | %s | ", name, path.Base(links.RunbookFile(name)), strings.Join(severities, ", "))
		require.Equal(t, 1, strings.Count(index, row), "the index lacks the row%s…", row)
	}
	require.Len(t, regexp.MustCompile(`(?m)^\| \[[A-Z]`).FindAllString(index, -1), len(names))
}

func TestTheGuideNamesEverythingThereIs(t *testing.T) {
	text := read(t, guide)
	for _, m := range contract.Metrics() {
		require.Contains(t, text, "\n| `"+m.Name+"` | "+strings.Join(m.Labels, ", "))
	}
	for _, o := range slo.Objectives() {
		require.Contains(t, text, fmt.Sprintf("\n| `%s` | %.4g%% | %s |\n", o.Name, 100*o.Target, o.Summary))
	}
	for _, d := range dashboards.All() {
		require.Contains(t, text, "\n| `"+d.UID.Path()+"` | ")
	}
	for _, s := range contract.Severities() {
		require.Contains(t, text, "\n| "+string(s)+" | ")
	}
}

// documents are all that this test judges.
func documents(t *testing.T) []string {
	all := []string{guide}
	for _, page := range pages(t) {
		all = append(all, runbooks+"/"+page)
	}
	return all
}

// What is to be pasted into Prometheus parses, and reads metrics and labels
// that exist.
func TestQueriesReadWhatIsDeclared(t *testing.T) {
	declared, queries := declared(), 0
	for _, file := range documents(t) {
		for _, query := range blocks(read(t, file), "promql") {
			queries++
			parser.Inspect(parsed(t, query), func(n parser.Node, _ []parser.Node) error {
				if s, ok := n.(*parser.VectorSelector); ok {
					judge(t, file, s, declared)
				}
				return nil
			})
		}
	}
	require.Greater(t, queries, 100)
}

func judge(t *testing.T, file string, s *parser.VectorSelector, declared map[string][]string) {
	name := slices.IndexFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel })
	require.NotEqual(t, -1, name, "%s: %s reads every metric", file, s)
	known := false
	for metric, own := range declared {
		if !s.LabelMatchers[name].Matches(metric) {
			continue
		}
		known = true
		for _, m := range s.LabelMatchers {
			if s.Name != "" && own != nil && m.Name != model.MetricNameLabel {
				require.Contains(t, own, m.Name, "%s: %s has no label %s", file, metric, m.Name)
			}
		}
	}
	require.True(t, known, "%s reads %s, which nobody exports or records", file, s)
}

// declared are the metrics that exist with their labels; nil where any may be.
func declared() map[string][]string {
	all := map[string][]string{}
	for _, m := range append(contract.Metrics(), source.Metrics()...) {
		with := slices.Concat(m.Labels, source.TargetLabels())
		all[m.Name] = with
		if m.Type == contract.Histogram {
			all[m.Name+"_count"], all[m.Name+"_sum"], all[m.Name+"_bucket"] = with, with, append(slices.Clone(with), "le")
		}
	}
	for _, g := range append(rules.Groups(), slo.Groups()...) {
		for _, r := range g.Rules {
			all[r.Record] = nil
		}
	}
	return all
}

func parsed(t *testing.T, query string) parser.Expr {
	t.Helper()
	e, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	require.NoError(t, err, query)
	return e
}

// blocks are the code blocks of a language.
func blocks(text, language string) (found []string) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// Links lead to files, and to headings in them.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]+)\)`)
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, heading, _ := strings.Cut(m[1], "#")
			if target == "" {
				target = path.Base(file)
			}
			target = path.Join(path.Dir(file), target)
			if !strings.HasSuffix(target, ".md") {
				_, err := os.Stat(filepath.Join(root, filepath.FromSlash(target)))
				require.NoError(t, err, "%s: %s", file, m[1])
				continue
			}
			if text := read(t, target); heading != "" {
				require.Contains(t, anchors(text), heading, "%s: %s", file, m[1])
			}
		}
	}
}

// anchors are those that GitHub gives headings.
func anchors(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

// Commands name what the stack deploys: namespaces, deployments and routes.
func TestCommandsNameWhatIsDeployed(t *testing.T) {
	namespaces := []string{contract.ServiceName, "monitoring", "node-monitoring", "kube-system", "cert-manager", "external-dns", "external-secrets", "NAMESPACE"}
	deployments := []string{"serve", "aws-load-balancer-controller", "external-dns", "cert-manager", "cert-manager-webhook", "cert-manager-cainjector",
		"kps-operator", "prometheus-postgres-exporter", "prometheus-redis-exporter"}
	for _, q := range contract.Queues() {
		deployments = append(deployments, "worker-"+string(q))
	}
	paths := []string{"/v1/admin/", "/v1/ops/"}
	for _, r := range contract.Routes() {
		paths = append(paths, r.Path)
	}
	for _, file := range documents(t) {
		text := read(t, file)
		for _, m := range regexp.MustCompile(`kubectl -n (\S+)`).FindAllStringSubmatch(text, -1) {
			require.Contains(t, namespaces, m[1], "%s: %s", file, m[0])
		}
		for _, m := range regexp.MustCompile(`deploy/([\w-]+)`).FindAllStringSubmatch(text, -1) {
			require.Contains(t, deployments, m[1], "%s: %s", file, m[0])
		}
		for _, m := range regexp.MustCompile(`\$DOMAIN(/[a-z][\w/-]*)`).FindAllStringSubmatch(text, -1) {
			require.True(t, slices.ContainsFunc(paths, func(p string) bool { return matches(p, m[1]) }), "%s asks for %s, which is no route", file, m[1])
		}
	}
}

// matches says whether a path is one of a route's.
func matches(route, asked string) bool {
	return regexp.MustCompile(`^` + regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(route), `[^/]+`) + `$`).MatchString(asked)
}
