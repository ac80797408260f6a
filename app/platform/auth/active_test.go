package auth

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestActiveUsersCountsDistinctKeysOfFifteenMinutes(t *testing.T) {
	now := time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC)
	a := NewActiveUsers(func() time.Time { return now })
	require.Zero(t, a.Count())
	a.Seen("a")
	a.Seen("a")
	a.Seen("b")
	require.Equal(t, 2, a.Count())
	now = now.Add(activeFor)
	a.Seen("b")
	require.Equal(t, 2, a.Count())
	now = now.Add(1)
	require.Equal(t, 1, a.Count())
}

func TestActiveUsersIsBounded(t *testing.T) {
	now := time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC)
	a := NewActiveUsers(func() time.Time { return now })
	for i := range maxActive + 100 {
		a.Seen(fmt.Sprint(i))
	}
	require.Equal(t, maxActive, a.Count())
	now = now.Add(activeFor + time.Second)
	a.Seen("new")
	require.Equal(t, 1, a.Count())
}

func TestActiveUsersIsSafeForConcurrentUse(t *testing.T) {
	a := NewActiveUsers(nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				a.Seen(fmt.Sprint(i % 50))
				a.Count()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 50, a.Count())
}
