package local

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/fault"
)

func TestSecondProgramIsRefused(t *testing.T) {
	dir := clusterDir(t)
	p := start(t, quiet(dir))
	_, err := Start(t.Context(), quiet(dir))
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.EqualError(t, err, fmt.Sprintf(
		"another ohio (pid %d) already runs on %s; stop it or use --data-dir", os.Getpid(), dir))
	require.Error(t, Remove(t.Context(), dir, p.logger), "nor may its cluster be removed")
	require.Equal(t, "1", query(t, p.URL(), "select '1'"), "the first is not disturbed")
}

// Readers of an instance test the lock; that must not turn a start away.
func TestReadersDoNotTurnAStartAway(t *testing.T) {
	dir := newDir(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = ReadInstance(dir)
			}
		}
	}()
	for range 50 {
		lock, err := lockDir(t.Context(), dir)
		require.NoError(t, err)
		lock.release()
	}
	close(stop)
	<-done
}
