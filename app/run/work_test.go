package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// The health check asks for the bucket of backups where backups are made, and
// nowhere else.
func TestTheHealthCheckAsksForTheBackupBucket(t *testing.T) {
	s := &Service{}
	for _, check := range s.checks() {
		require.NotEqual(t, "backup bucket", check.Name)
	}
	config := contract.Config{DatabaseURL: postgrestest.URL(t), BackupBucket: "file://" + t.TempDir()}
	backups, err := OpenBackups(t.Context(), config, Build{}, silent())
	require.NoError(t, err)
	s.backups = backups
	checks := s.checks()
	bucket := checks[len(checks)-1]
	require.Equal(t, "backup bucket", bucket.Name)
	require.NoError(t, bucket.Ask(t.Context()))
	backups.Close()
	require.ErrorContains(t, bucket.Ask(t.Context()), "backup bucket")
}
