package alerts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/links"
	"github.com/script-ohio/platform/monitoring/rules"
	"github.com/script-ohio/platform/monitoring/source"
)

// key tells alerts of one name apart.
func key(name string, severity contract.Severity) string { return name + " (" + string(severity) + ")" }

func TestEveryAlertTellsItsStory(t *testing.T) {
	dir := t.TempDir()
	var files []string
	var titles []string
	fired, silent, resolved := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for name, stories := range stories() {
		for _, s := range stories {
			file := tell(t, dir, name, s)
			files, titles = append(files, file), append(titles, file, name+": "+s.about)
			silent[name] = silent[name] || len(s.quiet) > 0
			resolved[name] = resolved[name] || s.then != 0
			for _, f := range s.told {
				severity := f.severity
				if severity == "" {
					severity = severitiesOf(name)[0]
				}
				fired[key(name, severity)] = true
			}
		}
	}
	for _, a := range alerts.All() {
		require.True(t, fired[key(a.Name, a.Severity)], "no story lets %s fire", key(a.Name, a.Severity))
		require.True(t, silent[a.Name] || a.Name == watchdog, "no story keeps %s silent", a.Name)
		require.True(t, resolved[a.Name] || a.Name == watchdog, "no story ends %s", a.Name)
	}
	out, err := promtool(append([]string{"test", "rules"}, files...)...)
	require.NoError(t, err, "%s", strings.NewReplacer(titles...).Replace(failures(out)))
}

func TestAStoryThatIsNotTrueFails(t *testing.T) {
	for about, change := range map[string]func(*told){
		"another text":     func(f *told) { f.description += "?" },
		"another label":    func(f *told) { f.labels = labels{"pod": "a"} },
		"another severity": func(f *told) { f.labels = labels{"severity": "info"} },
	} {
		s := stories()["ServiceDown"][0]
		s.told = slices.Clone(s.told)
		change(&s.told[0])
		out, err := promtool("test", "rules", tell(t, t.TempDir(), "ServiceDown", s))
		require.Error(t, err, about)
		require.Contains(t, out, "FAILED", about)
	}
}

func TestRulesAreValid(t *testing.T) {
	file, err := rules.File(append(recording(), alerts.Groups(options)...)...)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rules.yml")
	write(t, path, file)
	out, err := promtool("check", "rules", "--lint=all", "--lint-fatal", path)
	require.NoError(t, err, "%s", out)
}

func TestEveryAlertSaysWhatIsNeeded(t *testing.T) {
	component := regexp.MustCompile(`^[a-z]+$`)
	for _, a := range alerts.All() {
		require.Regexp(t, `^([A-Z][a-z]*)+$`, a.Name)
		require.Contains(t, contract.Severities(), a.Severity, a.Name)
		require.Regexp(t, component, string(a.Component), a.Name)
		require.Contains(t, links.Dashboards(), a.Dashboard, a.Name)
		require.NotEmpty(t, a.Summary, a.Name)
		require.NotContains(t, a.Summary, "\n", a.Name)
		require.False(t, strings.HasSuffix(a.Summary, "."), "%s: a summary is a line, not a sentence", a.Name)
		require.True(t, strings.HasSuffix(a.Description, "."), "%s: a description is in sentences", a.Name)
		require.Greater(t, len(a.Description), len(a.Summary), a.Name)
	}
}

// A name has one meaning: those that share it share the component and the
// page, and differ in severity or in what they watch.
func TestAlertsOfOneNameBelongTogether(t *testing.T) {
	first, seen := map[string]alerts.Alert{}, map[string]bool{}
	for _, a := range alerts.All() {
		id := fmt.Sprint(a.Name, a.Severity, a.When)
		require.False(t, seen[id], "%s is listed twice", a.Name)
		seen[id] = true
		if f, ok := first[a.Name]; ok {
			require.Equal(t, f.Component, a.Component, a.Name)
			require.Equal(t, f.Dashboard, a.Dashboard, a.Name)
			require.Equal(t, f.Explains, a.Explains, a.Name)
			require.Equal(t, f.Same, a.Same, a.Name)
		}
		first[a.Name] = a
	}
}

var labelInText = regexp.MustCompile(`\$labels\.([a-z_]+)`)

func TestTextsNameLabelsThatExist(t *testing.T) {
	for _, a := range alerts.All() {
		for _, m := range labelInText.FindAllStringSubmatch(a.Summary+a.Description, -1) {
			require.Contains(t, a.When.Labels(), m[1], "%s", a.Name)
		}
		require.NotContains(t, a.When.Labels(), alerts.LabelComponent, "%s: the alert's own component would replace it", a.Name)
		require.NotContains(t, a.When.Labels(), alerts.LabelSeverity, "%s: the alert's own severity would replace it", a.Name)
	}
}

func TestAlertsReadWhatIsDeclared(t *testing.T) {
	known := map[string]bool{}
	for _, m := range append(contract.Metrics(), source.Metrics()...) {
		known[m.Name] = true
	}
	for _, g := range recording() {
		for _, r := range g.Rules {
			known[r.Record] = true
		}
	}
	for _, a := range alerts.All() {
		_, err := parser.NewParser(parser.Options{}).ParseExpr(a.When.String())
		require.NoError(t, err, a.Name)
		for _, name := range a.When.Metrics() {
			require.True(t, known[name], "%s reads %s, which nobody exports or records", a.Name, name)
		}
	}
}

func TestWhatExplainsAndIsExplainedExists(t *testing.T) {
	byName := map[string][]alerts.Alert{}
	for _, a := range alerts.All() {
		byName[a.Name] = append(byName[a.Name], a)
	}
	for _, a := range alerts.All() {
		for _, symptom := range a.Explains {
			require.NotEmpty(t, byName[symptom], "%s explains %s, which is no alert", a.Name, symptom)
			require.NotEqual(t, a.Name, symptom)
			for _, l := range a.Same {
				require.Contains(t, a.When.Labels(), l, a.Name)
				for _, s := range byName[symptom] {
					require.Contains(t, s.When.Labels(), l, "%s explains %s", a.Name, symptom)
				}
			}
		}
	}
}

// The severities of the jobs and the limits of the contract are those of the
// alerts, in the expression and in the text.
func TestLimitsComeFromTheContract(t *testing.T) {
	percent := func(share float64) string { return fmt.Sprintf("%g%%", share*100) }
	for name, limit := range map[string]struct{ expr, text string }{
		"ErrorRateAboveObjective": {fmt.Sprint("> ", contract.MaxErrorRate), percent(contract.MaxErrorRate)},
		"HighErrorRate":           {"> 0.05", "5%"},
		"HighResponseTime":        {fmt.Sprint("> ", contract.LatencyTarget(contract.SLOBrowse).Seconds()), "two seconds"},
		"SlowPredictions":         {fmt.Sprint("> ", contract.LatencyTarget(contract.SLOPrediction).Seconds()), "300 ms"},
		"DatabaseConnectionsHigh": {fmt.Sprint("> ", contract.ConnectionsWarning), ""},
		"CacheHitRatioLow":        {fmt.Sprint("< ", contract.MinCacheHitRatio), percent(contract.MinCacheHitRatio)},
		"CFBDBudgetLow":           {"< 100", "a tenth"},
	} {
		a := named(t, name)
		require.Contains(t, a.When.String(), limit.expr, name)
		require.Contains(t, a.Description, limit.text, name)
	}
	overdue := map[string]alerts.Alert{}
	for _, a := range alerts.All() {
		for _, j := range contract.Jobs() {
			if strings.Contains(a.When.String(), fmt.Sprintf("task=%q})) > %v", j.Name, j.DeadMan().Seconds())) {
				overdue[j.Name] = a
			}
		}
	}
	for _, j := range contract.Jobs() {
		require.Contains(t, overdue, j.Name, "nobody is told when %s does not run", j.Name)
		require.Equal(t, j.Severity, overdue[j.Name].Severity, j.Name)
	}
}

func TestEveryAlertHasARunbook(t *testing.T) {
	for _, a := range alerts.All() {
		_, err := os.Stat(filepath.Join("../..", links.RunbookFile(a.Name)))
		require.NoError(t, err, "%s has no page", a.Name)
	}
}

const watchdog = "Watchdog"

func named(t *testing.T, name string) alerts.Alert {
	for _, a := range alerts.All() {
		if a.Name == name {
			return a
		}
	}
	require.Fail(t, "no alert "+name)
	return alerts.Alert{}
}

func severitiesOf(name string) (all []contract.Severity) {
	for _, a := range alerts.All() {
		if a.Name == name {
			all = append(all, a.Severity)
		}
	}
	return all
}
