package auth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func TestKeysAreCreatedFoundListedAndRevoked(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t)), t.Context()
	rate := 12.5
	plain, plainSecret, err := store.Create(ctx, "ci", contract.ReadOnly, nil, "operator:ann")
	require.NoError(t, err)
	own, ownSecret, err := store.Create(ctx, "partner", contract.Operator, &rate, "cli")
	require.NoError(t, err)
	require.NotEqual(t, plainSecret, ownSecret)

	require.Equal(t, "ohio_"+own.ID+"_", ownSecret[:14])
	require.True(t, wellFormed(ownSecret))
	require.Equal(t, Key{ID: own.ID, Name: "partner", Role: contract.Operator, Rate: &rate, CreatedAt: own.CreatedAt, CreatedBy: "cli"}, own)
	require.False(t, own.CreatedAt.IsZero())

	h := hashOf(ownSecret)
	found, err := store.Find(ctx, h[:])
	require.NoError(t, err)
	require.Equal(t, own, found)

	require.NoError(t, store.Revoke(ctx, own.ID))
	first, err := store.Find(ctx, h[:])
	require.NoError(t, err)
	require.NotNil(t, first.RevokedAt)
	require.NoError(t, store.Revoke(ctx, own.ID), "again")
	again, err := store.Find(ctx, h[:])
	require.NoError(t, err)
	require.Equal(t, first, again, "the first revocation stands")

	keys, err := store.List(ctx)
	require.NoError(t, err)
	require.Equal(t, []Key{again, plain}, keys)
}

func TestOnlyTheHashOfASecretIsStored(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	_, secret, err := NewStore(pool).Create(ctx, "ci", contract.Developer, nil, "cli")
	require.NoError(t, err)
	var row string
	require.NoError(t, pool.QueryRow(ctx, `select api_keys::text from api_keys`).Scan(&row))
	require.NotContains(t, row, secret[len("ohio_12345678_"):])
}

// A change and its record stand or fall together; the secret is in neither.
func TestChangesAreRecordedInTheirTransaction(t *testing.T) {
	pool, ctx := postgrestest.New(t), t.Context()
	var told []string
	var refuses error
	store := NewStore(pool).Recording(func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error {
		text, err := json.Marshal([]any{before, after})
		require.NoError(t, err)
		told = append(told, action+" "+subject+" "+string(text))
		var there bool
		id := strings.TrimPrefix(subject, "api_key/")
		require.NoError(t, tx.QueryRow(ctx, `select exists (select 1 from api_keys where id = $1)`, id).Scan(&there))
		require.True(t, there, "the transaction of the change")
		return refuses
	})
	key, secret, err := store.Create(ctx, "ci", contract.Developer, nil, "cli")
	require.NoError(t, err)
	require.NoError(t, store.Revoke(ctx, key.ID))
	require.NoError(t, store.Revoke(ctx, key.ID), "again, which changes nothing")
	require.Equal(t, fault.NotFound, fault.CodeOf(store.Revoke(ctx, "nobody")))
	require.Len(t, told, 2)
	const state = `{"name":"ci","role":"developer","created_by":"cli"`
	require.Equal(t, "key.create api_key/"+key.ID+" [null,"+state+"}]", told[0])
	require.True(t, strings.HasPrefix(told[1], "key.revoke api_key/"+key.ID+" ["+state+"},"+state+`,"revoked_at":"`), told[1])
	h := hashOf(secret)
	for _, hidden := range []string{secret, secret[len("ohio_12345678_"):], hex.EncodeToString(h[:])} {
		require.NotContains(t, told[0]+told[1], hidden)
	}

	refuses = fault.New(fault.Internal, "not recorded")
	_, _, err = store.Create(ctx, "second", contract.Developer, nil, "cli")
	require.ErrorIs(t, err, refuses)
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	other, _, err := NewStore(pool).Create(ctx, "third", contract.Developer, nil, "cli")
	require.NoError(t, err)
	require.ErrorIs(t, store.Revoke(ctx, other.ID), refuses)
	keys, err := store.List(ctx)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Nil(t, keys[0].RevokedAt)
}

func TestFaultsOfTheStore(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t)), t.Context()
	_, err := store.Find(ctx, make([]byte, 32))
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, fault.NotFound, fault.CodeOf(store.Revoke(ctx, "nobody")))

	rate := func(r float64) *float64 { return &r }
	for _, tc := range []struct {
		name  string
		role  contract.Role
		rate  *float64
		where string
	}{
		{"", contract.ReadOnly, nil, "name"},
		{" \t", contract.ReadOnly, nil, "name"},
		{"a\x00b", contract.ReadOnly, nil, "name"},
		{"a\xffb", contract.ReadOnly, nil, "name"},
		{strings.Repeat("n", 101), contract.ReadOnly, nil, "name"},
		{"n", contract.Anonymous, nil, "role"},
		{"n", contract.Role(9), nil, "role"},
		{"n", contract.ReadOnly, rate(0), "rate"},
		{"n", contract.ReadOnly, rate(-1), "rate"},
		{"n", contract.ReadOnly, rate(math.NaN()), "rate"},
		{"n", contract.ReadOnly, rate(math.Inf(1)), "rate"},
	} {
		_, _, err := store.Create(ctx, tc.name, tc.role, tc.rate, "cli")
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, fault.Invalid, f.Code)
		require.Len(t, f.Details, 1)
		require.Equal(t, tc.where, f.Details[0].Location)
	}
	keys, err := store.List(ctx)
	require.NoError(t, err)
	require.Empty(t, keys)

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = store.List(canceled)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
}

func TestLastUseIsNotedOnceAMinute(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t)), t.Context()
	key, _, err := store.Create(ctx, "ci", contract.ReadOnly, nil, "cli")
	require.NoError(t, err)
	start := time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC)
	for _, tc := range []struct{ used, noted time.Duration }{
		{0, 0}, {59 * time.Second, 0}, {time.Minute, time.Minute}, {0, time.Minute},
	} {
		require.NoError(t, store.Touch(ctx, []string{"gone", key.ID}, slices.Repeat([]time.Time{start.Add(tc.used)}, 2)))
		keys, err := store.List(ctx)
		require.NoError(t, err)
		require.Equal(t, start.Add(tc.noted), keys[0].LastUsedAt.UTC())
	}
}

func FuzzWellFormed(f *testing.F) {
	_, secret := newSecret()
	f.Add(secret)
	f.Add("")
	f.Add("ohio_")
	f.Add(secret[:len(secret)-1] + "=")
	f.Add(strings.ToUpper(secret))
	f.Fuzz(func(t *testing.T, s string) {
		if wellFormed(s) {
			require.Len(t, s, secretLength)
			require.True(t, strings.HasPrefix(s, "ohio_"))
		}
	})
}

func TestEveryKeyHasOneSpelling(t *testing.T) {
	_, secret := newSecret()
	require.True(t, wellFormed(secret))
	// The last character carries two bits that must be zero.
	last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", secret[len(secret)-1])
	require.Zero(t, last%4)
	require.False(t, wellFormed(secret[:len(secret)-1]+"B"))
	for i := range secretPrefix {
		require.False(t, wellFormed(secret[:i]+"!"+secret[i+1:]))
	}
	require.False(t, wellFormed(secret+"A"))
	require.False(t, wellFormed(secret[:13]+"-"+secret[14:]))
	require.False(t, wellFormed(secret[:20]+"\n"+secret[21:]))
}
