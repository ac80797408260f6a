package routing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/monitoring/alerts"
	"github.com/script-ohio/platform/monitoring/routing"
)

// Each alert of the platform reaches the app, and the people of its severity.
func TestEveryAlertHasItsReceiver(t *testing.T) {
	path := written(t, func() routing.Options { o := full(); o.HeartbeatURLFile = ""; return o }())
	c, err := config.LoadFile(path)
	require.NoError(t, err)
	asked := map[string]bool{}
	for _, a := range alerts.All() {
		labels := fmt.Sprintf("alertname=%s severity=%s component=%s", a.Name, a.Severity, a.Component)
		want := []string{routing.ReceiverWebhook}
		switch a.Severity {
		case contract.Critical, contract.Warning, contract.Ticket:
			want = append(want, string(a.Severity))
		case contract.Info:
		default:
			t.Errorf("%s has the severity %q, which nobody routes", a.Name, a.Severity)
		}
		require.Equal(t, want, routes(c, labels), labels)
		if !asked[labels] {
			asked[labels] = true
			arguments := append([]string{"config", "routes", "test", "--config.file=" + path}, strings.Fields(labels)...)
			require.Equal(t, strings.Join(want, ","), amtool(t, arguments...), labels)
		}
	}
	require.True(t, slices.ContainsFunc(alerts.All(), func(a alerts.Alert) bool { return a.Name == routing.Watchdog }), "the heartbeat has its alert")
}

// What an alert explains is silenced with the labels that both bear.
func TestExplainedAlertsAreSilenced(t *testing.T) {
	c, err := config.LoadFile(written(t, full()))
	require.NoError(t, err)
	// silences says whether a source with labels silences a target.
	silences := func(source, target model.LabelSet) bool {
		for _, r := range c.InhibitRules {
			holds := agree(r.Equal, source, target)
			for _, m := range r.SourceMatchers {
				holds = holds && m.Matches(string(source[model.LabelName(m.Name)]))
			}
			for _, m := range r.TargetMatchers {
				holds = holds && m.Matches(string(target[model.LabelName(m.Name)]))
			}
			if holds {
				return true
			}
		}
		return false
	}
	known := map[string]bool{}
	for _, a := range alerts.All() {
		known[a.Name] = true
	}
	for _, a := range alerts.All() {
		for _, symptom := range a.Explains {
			require.True(t, known[symptom], "%s explains %s, which is no alert", a.Name, symptom)
			cause := model.LabelSet{"alertname": model.LabelValue(a.Name), "severity": "warning"}
			effect := model.LabelSet{"alertname": model.LabelValue(symptom), "severity": "ticket"}
			for _, l := range a.Same {
				cause[model.LabelName(l)], effect[model.LabelName(l)] = "one", "one"
			}
			require.True(t, silences(cause, effect), "%s does not silence %s", a.Name, symptom)
			for _, l := range a.Same {
				effect[model.LabelName(l)] = "another"
				require.False(t, silences(cause, effect), "%s silences %s of another %s", a.Name, symptom, l)
			}
		}
	}

	critical := model.LabelSet{"alertname": "JobFailing", "severity": "critical", "task": "database-backup"}
	require.True(t, silences(critical, model.LabelSet{"alertname": "JobFailing", "severity": "warning", "task": "database-backup"}))
	require.False(t, silences(critical, model.LabelSet{"alertname": "JobFailing", "severity": "warning", "task": "games-sync"}), "another job")
	require.False(t, silences(critical, model.LabelSet{"alertname": "Else", "severity": "warning", "task": "database-backup"}))
	require.False(t, silences(model.LabelSet{"alertname": "JobFailing", "severity": "warning", "task": "a"}, model.LabelSet{"alertname": "JobFailing", "severity": "critical", "task": "a"}))
}

func agree(equal []string, a, b model.LabelSet) bool {
	for _, l := range equal {
		if a[model.LabelName(l)] != b[model.LabelName(l)] {
			return false
		}
	}
	return true
}

// The texts name the annotations that alerts have.
func TestTextsUseWhatAlertsBring(t *testing.T) {
	templates, err := routing.Templates()
	require.NoError(t, err)
	var all strings.Builder
	for _, text := range templates {
		all.Write(text)
	}
	for _, name := range []string{alerts.AnnotationSummary, alerts.AnnotationDescription, alerts.AnnotationDashboard, alerts.AnnotationRunbook} {
		require.Contains(t, all.String(), "Annotations."+name)
	}
	require.Contains(t, all.String(), "CommonLabels."+alerts.LabelSeverity)
}
