package run_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/activation"
	"github.com/script-ohio/platform/app/predict/pack"
)

// An operator's day: a new pack is activated over HTTP, a second replica
// follows, and a rollback brings both back.
func TestPacksChangeOnEveryReplica(t *testing.T) {
	database, folder := postgrestest.URL(t), t.TempDir()
	bucket := "MODELS_BUCKET=" + (&url.URL{Scheme: "file", Path: folder}).String()
	first, second := start(t, database, bucket), start(t, database, bucket)
	key := newKey(t, database, contract.Operator)
	here, there := newCaller(t, first.PublicURL(), key), newCaller(t, second.PublicURL(), key)
	embedded := packVersion(t, here)
	other := upload(t, folder)
	change := func(body map[string]any) (int, string) {
		t.Helper()
		return here.send(t, http.MethodPost, contract.RoutePack.Path, body)
	}
	follows := func(version string) {
		t.Helper()
		require.Equal(t, version, packVersion(t, here))
		require.Equal(t, version, here.ask(t, http.MethodPost, "/v1/predictions", rivalry())["pack_version"])
		require.Eventually(t, func() bool { return packVersion(t, there) == version }, patience, 10*time.Millisecond)
	}

	status, answer := change(map[string]any{"rollback": true})
	require.Equal(t, http.StatusConflict, status, answer)
	status, answer = change(map[string]any{"version": "s1999-nothing"})
	require.Equal(t, http.StatusNotFound, status, answer)
	developer := newCaller(t, first.PublicURL(), newKey(t, database, contract.Developer))
	status, answer = developer.send(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})
	require.Equal(t, http.StatusForbidden, status, answer)

	mend := corrupt(t, filepath.Join(folder, contract.PrefixPacks, other, "golden.json"))
	status, answer = change(map[string]any{"version": other})
	require.Equal(t, http.StatusUnprocessableEntity, status, answer)
	require.Contains(t, answer, "golden.json")
	follows(embedded)
	mend()

	activated := here.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})
	require.Equal(t, other, activated["version"])
	require.Equal(t, embedded, activated["previous"])
	require.NotEmpty(t, activated["activated_at"])
	follows(other)
	status, answer = change(map[string]any{"version": other})
	require.Equal(t, http.StatusConflict, status, answer)

	// A replica that starts now serves the active pack from the beginning.
	third := start(t, database, bucket)
	require.Equal(t, other, packVersion(t, newCaller(t, third.PublicURL(), "")))

	rolledBack := here.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"rollback": true})
	require.Equal(t, embedded, rolledBack["version"])
	follows(embedded)

	const activations = `script_ohio_pack_activations_total{result="`
	require.Equal(t, 2, counter(t, first, activations+`activated"}`))
	require.Equal(t, 4, counter(t, first, activations+`refused"}`))
	require.Equal(t, 2, counter(t, second, activations+`activated"}`))
	require.Zero(t, counter(t, second, activations+`refused"}`))
}

// A pack that is active but gone keeps nobody from starting, nor from
// following new games.
func TestLostPackLeavesTheEmbeddedOneServing(t *testing.T) {
	database, folder := postgrestest.URL(t), t.TempDir()
	bucket := "MODELS_BUCKET=" + (&url.URL{Scheme: "file", Path: folder}).String()
	first := newCaller(t, start(t, database, bucket).PublicURL(), newKey(t, database, contract.Operator))
	embedded, other := packVersion(t, first), upload(t, folder)
	first.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})
	require.NoError(t, os.RemoveAll(filepath.Join(folder, contract.PrefixPacks)))

	late := newCaller(t, start(t, database, bucket).PublicURL(), first.key)
	require.Equal(t, embedded, packVersion(t, late))
	asOf := func() any { return late.ask(t, http.MethodGet, "/v1/rankings", nil)["as_of"] }
	before := asOf()
	importWeek(t, database)
	require.Eventually(t, func() bool { return asOf() != before }, patience, 50*time.Millisecond)
}

// otherPack is the embedded pack without one team's history, which makes it
// another version with the same models.
var otherPack = sync.OnceValues(func() (*pack.Pack, error) {
	p, err := pack.Default()
	if err != nil {
		return nil, err
	}
	history := maps.Clone(p.History)
	delete(history, "Ohio State")
	return pack.New(pack.Contents{
		CreatedAt: p.Manifest.CreatedAt, ToolVersion: "test", FirstSeason: p.Manifest.FirstSeason, LastSeason: p.Manifest.LastSeason,
		Models: p.Models, State: p.State, History: history, Metrics: p.Manifest.Metrics,
	})
})

// upload stores otherPack below a folder and gives its version.
func upload(t *testing.T, folder string) string {
	t.Helper()
	p, err := otherPack()
	require.NoError(t, err)
	bucket, err := blob.Open(t.Context(), (&url.URL{Scheme: "file", Path: folder}).String())
	require.NoError(t, err)
	defer bucket.Close()
	_, err = activation.Upload(t.Context(), bucket, p)
	require.NoError(t, err)
	return p.Manifest.Version
}

// corrupt changes a byte of a file; mend changes it back.
func corrupt(t *testing.T, path string) (mend func()) {
	t.Helper()
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	bad := append([]byte{}, good...)
	bad[len(bad)/2] ^= 1
	require.NoError(t, os.WriteFile(path, bad, 0o600))
	return func() { require.NoError(t, os.WriteFile(path, good, 0o600)) }
}
