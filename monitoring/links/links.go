// Package links says where dashboards and runbooks are found.
package links

import (
	"strings"
	"unicode"
)

// Dashboard is the UID of a dashboard in Grafana.
type Dashboard string

// The dashboards.
const (
	Overview    Dashboard = "overview"
	SLO         Dashboard = "slo"
	Predictions Dashboard = "predictions"
	Operations  Dashboard = "operations"
	PostgreSQL  Dashboard = "postgresql"
	Redis       Dashboard = "redis"
	Kubernetes  Dashboard = "kubernetes"
	Security    Dashboard = "security"
)

// Dashboards lists every dashboard.
func Dashboards() []Dashboard {
	return []Dashboard{Overview, SLO, Predictions, Operations, PostgreSQL, Redis, Kubernetes, Security}
}

// Path is the dashboard's page below Grafana's address.
func (d Dashboard) Path() string { return "/d/" + string(d) }

// RunbookFile is the page on an alert, from the root of the repository.
func RunbookFile(alert string) string { return "docs/runbooks/" + Kebab(alert) + ".md" }

// RunbookURL is the page on an alert below base, where docs/runbooks is
// published.
func RunbookURL(base, alert string) string {
	return strings.TrimSuffix(base, "/") + "/" + Kebab(alert) + ".md"
}

// Kebab writes a name in camel case with hyphens: HTTPErrorRate is
// http-error-rate, and PVCFillingUp pvc-filling-up.
func Kebab(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		begins := i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if begins {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
