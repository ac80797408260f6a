package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/platform/auth"
)

func TestKeysAreCreatedListedAndRevoked(t *testing.T) {
	onDatabase(t)
	made := decoded[keyView](t, "keys", "create", "--role", "operator", "--name", "deploys", "--rate", "12.5", "-o", "json")
	require.Equal(t, "operator", made.Role)
	require.InDelta(t, 12.5, *made.Rate, 0)
	require.NotEmpty(t, made.CreatedBy)
	secret, told := ohio(t, 0, "keys", "create", "--role=readonly", "--name=a dashboard")
	require.Equal(t, 1, strings.Count(secret, "\n"), "the key alone, for scripts")
	require.Contains(t, told, "only time")

	listed := decoded[[]keyView](t, "keys", "list", "-o", "json")
	require.Len(t, listed, 2)
	for _, key := range listed {
		require.Empty(t, key.Key, "a secret is shown once")
		require.Nil(t, key.RevokedAt)
	}
	ohio(t, 0, "keys", "revoke", made.ID)
	ohio(t, 0, "keys", "revoke", made.ID)
	table, _ := ohio(t, 0, "keys", "list")
	require.Contains(t, table, "deploys")
	require.NotContains(t, table, made.Key)
	for _, key := range decoded[[]keyView](t, "keys", "list", "-o", "json") {
		require.Equal(t, key.ID == made.ID, key.RevokedAt != nil)
	}
	_, complaint := ohio(t, 3, "keys", "revoke", "nosuchid")
	require.Contains(t, complaint, `"nosuchid"`)
	_, complaint = ohio(t, 2, "keys", "create", "--role=readonly", "--name=x", "--rate", "-4")
	require.Contains(t, complaint, "rate: must be above 0")
}

func TestCreatedKeysAuthenticate(t *testing.T) {
	onDatabase(t)
	made := decoded[keyView](t, "keys", "create", "--role", "developer", "--name", "x", "-o", "json")
	pool, err := instance{}.connect(t.Context())
	require.NoError(t, err)
	defer pool.Close()
	authenticator := auth.NewAuthenticator(auth.NewStore(pool), auth.Options{})
	defer authenticator.Close()
	who, err := authenticator.Authenticate(t.Context(), made.Key)
	require.NoError(t, err)
	require.Equal(t, made.ID, who.KeyID)
	require.Equal(t, "developer", who.Role.String())
}
