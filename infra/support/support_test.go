package support_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/infra/support"
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestSupportEndsWithItsLastDay(t *testing.T) {
	for _, c := range []struct {
		now           string
		check, warned string
	}{
		{"2026-09-02T00:00:00Z", "", ""},
		{"2026-09-04T00:00:00Z", "", "EKS 1.34 leaves standard support on 2026-12-02: plan the upgrade"},
		{"2026-12-02T23:59:59Z", "", "EKS 1.34 leaves standard support on 2026-12-02: plan the upgrade"},
		{"2026-12-03T00:00:00Z", "EKS 1.34 left standard support on 2026-12-02: choose among 1.35, 1.36", ""},
		{"2036-01-01T00:00:00Z", "EKS 1.34 left standard support on 2026-12-02: choose among none: the table of support windows is out of date", ""},
	} {
		t.Run(c.now, func(t *testing.T) {
			err := support.Check(support.EKS, "1.34", at(c.now))
			if c.check == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, c.check)
			}
			require.Equal(t, c.warned, support.Warn(support.EKS, "1.34", at(c.now)))
		})
	}
}

func TestUnknownVersionsAreNamed(t *testing.T) {
	err := support.Check(support.Postgres, "14", at("2026-11-23T00:00:00Z"))
	require.EqualError(t, err, `RDS for PostgreSQL "14" is not known: choose among 17`)
	require.Empty(t, support.Warn(support.Postgres, "14", at("2026-11-23T00:00:00Z")))
}

func TestVersionsWithoutAnEndStay(t *testing.T) {
	require.NoError(t, support.Check(support.Redis, "7.1", at("2036-01-01T00:00:00Z")))
}

func TestTheTableIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range support.Windows() {
		require.NotEmpty(t, w.Source)
		require.False(t, w.Read.IsZero())
		key := string(w.Product) + w.Version
		require.False(t, seen[key], key)
		seen[key] = true
	}
}
