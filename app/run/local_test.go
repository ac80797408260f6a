package run_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/local"
	"github.com/script-ohio/platform/app/run"
)

// All of a local instance, on a data directory whose name needs quoting.
func TestLocalBringsAllAlongAndKeepsItsData(t *testing.T) {
	dir := filepath.Join(passable(t), "data #1? 100% &c=+")
	first, err := run.StartLocal(t.Context(), configure(t), build(), dir, discard())
	require.NoError(t, err)
	defer func() { _ = first.Stop(context.Background()) }()

	instance, err := local.ReadInstance(dir)
	require.NoError(t, err)
	require.Equal(t, first.PublicURL(), instance.PublicURL)
	require.Equal(t, first.InternalURL(), instance.InternalURL)
	require.Equal(t, os.Getpid(), instance.PID)

	developer := newCaller(t, first.PublicURL(), first.DevelopmentKey)
	developer.ask(t, http.MethodPost, "/v1/predictions", rivalry())
	developer.ask(t, http.MethodPost, "/v1/predictions/batch", map[string]any{"games": []any{rivalry()}})
	games := importWeek(t, instance.DatabaseURL)

	operator := newCaller(t, first.PublicURL(), newKey(t, instance.DatabaseURL, contract.Operator))
	other := upload(t, filepath.Join(dir, contract.BucketModels))
	operator.ask(t, http.MethodPost, contract.RoutePack.Path, map[string]any{"version": other})

	_, err = run.StartLocal(t.Context(), configure(t), build(), dir, discard())
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
	developer.ask(t, http.MethodGet, contract.ReadyPath, nil)

	require.NoError(t, first.Stop(t.Context()))
	require.NoError(t, first.Stop(t.Context()), "again")
	require.NoError(t, first.Err())
	_, err = local.ReadInstance(dir)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	second, err := run.StartLocal(t.Context(), configure(t), build(), dir, discard())
	require.NoError(t, err)
	defer func() { require.NoError(t, second.Stop(context.Background())) }()
	require.Equal(t, first.DevelopmentKey, second.DevelopmentKey)
	again := newCaller(t, second.PublicURL(), second.DevelopmentKey)
	require.Len(t, again.ask(t, http.MethodGet, "/v1/games", nil)["games"], len(games))
	require.Equal(t, other, packVersion(t, again), "the active pack is remembered")
}

func TestLocalRefusesATakenPortBeforeAnythingElse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	dir := filepath.Join(passable(t), "data")
	_, err = run.StartLocal(t.Context(), configure(t, "INTERNAL_LISTEN="+taken.Addr().String()), build(), dir, discard())
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, taken.Addr().String())
	require.NoDirExists(t, dir)
}

// A start that is interrupted leaves nothing running.
func TestInterruptedLocalStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := passable(t)
	_, err := run.StartLocal(ctx, configure(t), build(), dir, discard())
	require.Error(t, err)
	_, err = local.ReadInstance(dir)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Zero(t, postmaster(t, dir))
}
