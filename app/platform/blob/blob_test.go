package blob_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
)

func TestBucketsKeepWhatIsWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	for _, url := range []string{"mem://", "file://" + folder} {
		bucket, err := blob.Open(t.Context(), url)
		require.NoError(t, err, url)
		require.NoError(t, bucket.WriteAll(t.Context(), "packs/1/manifest.json", []byte("{}"), nil))
		got, err := bucket.ReadAll(t.Context(), "packs/1/manifest.json")
		require.NoError(t, err)
		require.Equal(t, "{}", string(got))
		require.NoError(t, bucket.Close())
	}
	_, err := os.Stat(filepath.Join(folder, "packs", "1", "manifest.json"))
	require.NoError(t, err)
}

func TestS3OpensWithoutAskingTheNetwork(t *testing.T) {
	bucket, err := blob.Open(t.Context(), "s3://models?region=us-east-2")
	require.NoError(t, err)
	require.NoError(t, bucket.Close())
}

func TestUnusableURLsAreFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, url := range []string{"", "models", "ftp://models", "s3://key:hunter2@models", "s3://key:hunter2%zz@models", "file://" + file, "s3://models?no_such_option=1"} {
		_, err := blob.Open(t.Context(), url)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
