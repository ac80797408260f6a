package contract_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
)

func TestRoutesAreUniqueAndLimited(t *testing.T) {
	ids, paths := map[string]bool{}, map[string]bool{}
	for _, r := range contract.Routes() {
		key := r.Method + " " + r.Path
		require.False(t, ids[r.ID] || paths[key], "%s is declared twice", key)
		ids[r.ID], paths[key] = true, true
		require.NotEmpty(t, r.Summary)
		_, limited := contract.RateFor(r.Rate, contract.Anonymous)
		require.Equal(t, r.Rate != contract.RateNone, limited, key)
		if r.SLO != contract.SLONone {
			require.Positive(t, contract.LatencyTarget(r.SLO), key)
		}
	}
}

func TestBudgetsGrowWithTheRole(t *testing.T) {
	for _, class := range []contract.RateClass{contract.RatePredict, contract.RateBatch, contract.RateBrowse, contract.RateAlerts, contract.RateAdmin} {
		last := contract.Rate{}
		for role := contract.Anonymous; role <= contract.Operator; role++ {
			rate, ok := contract.RateFor(class, role)
			require.True(t, ok)
			require.GreaterOrEqual(t, rate.PerSecond, last.PerSecond, "%s %s", class, role)
			require.GreaterOrEqual(t, rate.Burst, last.Burst, "%s %s", class, role)
			last = rate
		}
	}
}

func TestMetricsFollowPrometheusNaming(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	seen := map[string]bool{}
	for _, m := range contract.Metrics() {
		require.Regexp(t, name, m.Name)
		require.False(t, seen[m.Name], "%s is declared twice", m.Name)
		seen[m.Name] = true
		require.NotEmpty(t, m.Help)
		if m.Type == contract.Counter {
			require.True(t, strings.HasSuffix(m.Name, "_total"), m.Name)
		}
		if m.Unit != "" {
			require.True(t, strings.HasSuffix(m.Name, "_"+m.Unit), m.Name)
		}
		require.Equal(t, m.Type == contract.Histogram, len(m.Buckets) > 0, m.Name)
		require.True(t, slices.IsSorted(m.Buckets), m.Name)
	}
}

// The objective of a latency class can only be measured where a bucket ends.
func TestLatencyTargetsAreBucketBounds(t *testing.T) {
	for _, class := range []contract.SLOClass{contract.SLOPrediction, contract.SLOBrowse} {
		require.Contains(t, contract.HTTPRequestDuration.Buckets, contract.LatencyTarget(class).Seconds())
	}
}

func TestConfigurationIsDocumentedAndDefaultsAgree(t *testing.T) {
	byName := map[string]contract.Variable{}
	for _, v := range contract.Variables() {
		require.NotEmpty(t, v.Name, v.Field)
		require.NotEmpty(t, v.Doc, v.Name)
		require.NotContains(t, byName, v.Name)
		if v.Secret {
			require.Empty(t, v.Default, "%s is a secret and may have no default", v.Name)
		}
		if v.Queue != "" {
			require.Contains(t, contract.Queues(), v.Queue, v.Name)
			require.True(t, v.Secret, "%s is held by every pod", v.Name)
		}
		byName[v.Name] = v
	}
	require.Equal(t, fmt.Sprintf(":%d", contract.PublicPort), byName["LISTEN"].Default)
	require.Equal(t, fmt.Sprintf(":%d", contract.InternalPort), byName["INTERNAL_LISTEN"].Default)
	require.Equal(t, contract.ShutdownPause, seconds(t, byName["SHUTDOWN_PAUSE"].Default))
	require.Equal(t, contract.ShutdownDrain, seconds(t, byName["SHUTDOWN_DRAIN"].Default))
}

func seconds(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s + "s")
	require.NoError(t, err)
	return d
}

func TestRolesParse(t *testing.T) {
	for _, r := range contract.KeyRoles() {
		got, err := contract.ParseRole(r.String())
		require.NoError(t, err)
		require.Equal(t, r, got)
	}
	_, err := contract.ParseRole("anonymous")
	require.ErrorContains(t, err, "readonly, developer, operator")
}
