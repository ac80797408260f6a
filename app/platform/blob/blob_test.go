package blob_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
		require.NoError(t, blob.WriteAll(t.Context(), bucket, "packs/1/manifest.json", []byte("{}")))
		got, err := bucket.ReadAll(t.Context(), "packs/1/manifest.json")
		require.NoError(t, err)
		require.Equal(t, "{}", string(got))
		require.NoError(t, bucket.Close())
	}
	_, err := os.Stat(filepath.Join(folder, "packs", "1", "manifest.json"))
	require.NoError(t, err)
}

// Dumps are nobody else's to read. A folder that is there stays as it is.
func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	require.NoError(t, os.Mkdir(there, 0o755))
	bucket := open(t, "file://localhost"+filepath.Join(there, "bucket"))
	require.NoError(t, blob.WriteAll(t.Context(), bucket, "one/a", []byte("{}")))
	require.NoError(t, blob.Upload(t.Context(), bucket, "one/two/b", strings.NewReader("{}"), 2))
	for path, want := range map[string]fs.FileMode{
		"": 0o755, "bucket": 0o700, "bucket/one": 0o700, "bucket/one/two": 0o700, "bucket/one/a": 0o600, "bucket/one/two/b": 0o600,
	} {
		info, err := os.Stat(filepath.Join(there, path))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestABucketThatIsNotThereIsToldApart(t *testing.T) {
	there := t.TempDir()
	for url, want := range map[string]bool{
		"file://" + there: false, "file://" + there + "/no": true, "file://localhost" + there + "/no": true, "file://" + there + "/a%20b": true,
		"s3://models": false, "mem://": false, "nonsense": false, "file:x": false, "%zz": false,
	} {
		folder, absent := blob.Absent(url)
		require.Equal(t, want, absent, url)
		require.True(t, !absent || strings.HasPrefix(folder, there), folder)
		require.Equal(t, url == "mem://", blob.Fleeting(url), url)
	}
	entries, err := os.ReadDir(there)
	require.NoError(t, err)
	require.Empty(t, entries, "asking makes nothing")
}

func TestS3OpensWithoutAskingTheNetwork(t *testing.T) {
	bucket, err := blob.Open(t.Context(), "s3://models?region=us-east-2")
	require.NoError(t, err)
	require.NoError(t, bucket.Close())
}

func TestUnusableURLsAreFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, url := range []string{"", "models", "ftp://models", "s3://key:hunter2@models", "s3://key:hunter2%zz@models", "file://" + file, "file://relative/x", "file://./x", "file:x", "s3://models?no_such_option=1"} {
		_, err := blob.Open(t.Context(), url)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), url)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), "mem:", "it would keep nothing")
	}
}
