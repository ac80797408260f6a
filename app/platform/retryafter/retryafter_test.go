package retryafter_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/retryafter"
)

func TestOf(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-1": 0, "2147483648": 0, "99999999999999999999": 0, "soon": 0,
		"Sat, 28 Nov 2026 12:01:00 GMT": time.Minute, "Sat, 28 Nov 2026 11:59:00 GMT": 0,
	} {
		require.Equal(t, want, retryafter.Of(http.Header{"Retry-After": {value}}, now), value)
	}
	require.Zero(t, retryafter.Of(nil, now))
}
