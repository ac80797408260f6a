package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// desk is a Keys that can be away or slow, with the clock that goes with it.
type desk struct {
	mu      sync.Mutex
	now     time.Time
	keys    map[hash]Key
	away    bool
	finds   int
	touches map[string][]time.Time
	gate    chan struct{} // when set, Find waits for it
}

func newDesk() *desk {
	return &desk{now: time.Date(2025, 9, 6, 16, 0, 0, 0, time.UTC), keys: map[hash]Key{}, touches: map[string][]time.Time{}}
}

func (d *desk) Find(ctx context.Context, sha256 []byte) (Key, error) {
	d.mu.Lock()
	d.finds++
	away, gate := d.away, d.gate
	key, ok := d.keys[hash(sha256)]
	d.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return Key{}, ctx.Err()
		}
	}
	switch {
	case away:
		return Key{}, fault.Wrap(fault.Unavailable, errors.New("connection refused"), "the database is away")
	case !ok:
		return Key{}, fault.New(fault.NotFound, "no such key")
	}
	return key, nil
}

func (d *desk) Touch(_ context.Context, ids []string, at []time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, id := range ids {
		d.touches[id] = append(d.touches[id], at[i])
	}
	return nil
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// do changes the desk under its lock.
func (d *desk) do(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

func (d *desk) advance(by time.Duration) { d.do(func() { d.now = d.now.Add(by) }) }

func (d *desk) asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.finds
}

func (d *desk) issue() string {
	id, secret := newSecret()
	d.do(func() { d.keys[hashOf(secret)] = Key{ID: id, Name: "ci", Role: contract.Developer} })
	return secret
}

func (d *desk) revoke(secret string) {
	d.do(func() {
		key := d.keys[hashOf(secret)]
		at := d.now
		key.RevokedAt = &at
		d.keys[hashOf(secret)] = key
	})
}

func (d *desk) authenticator(t *testing.T) *Authenticator {
	a := NewAuthenticator(d, Options{Clock: d.clock})
	t.Cleanup(a.Close)
	return a
}

func requireCode(t *testing.T, code fault.Code, a *Authenticator, secret string) {
	t.Helper()
	_, err := a.Authenticate(t.Context(), secret)
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err))
	if len(secret) == secretLength {
		require.NotContains(t, err.Error(), secret[secretLength-43:])
	}
}

func requireKnown(t *testing.T, a *Authenticator, secret string) {
	t.Helper()
	p, err := a.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, Principal{KeyID: secret[5:13], Name: "ci", Role: contract.Developer}, p)
}

func TestAKnownKeyIsAskedAboutOnce(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	for range 10 {
		requireKnown(t, a, secret)
	}
	require.Equal(t, 1, d.asked())
}

func TestMalformedKeysCostNoQuery(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	for _, s := range []string{"", "ohio_", "Bearer " + secret, secret + " ", secret[1:]} {
		requireCode(t, fault.Unauthenticated, a, s)
	}
	require.Zero(t, d.asked())
}

func TestUnknownKeysAreRememberedForFiveSeconds(t *testing.T) {
	d := newDesk()
	a := d.authenticator(t)
	_, secret := newSecret()
	requireCode(t, fault.Unauthenticated, a, secret)
	d.advance(unknownFor - 1)
	requireCode(t, fault.Unauthenticated, a, secret)
	require.Equal(t, 1, d.asked())
	d.advance(1)
	requireCode(t, fault.Unauthenticated, a, secret)
	require.Equal(t, 2, d.asked())
}

func TestARevokedKeyStopsWithinTenSeconds(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	requireKnown(t, a, secret)
	d.revoke(secret)
	requireKnown(t, a, secret) // not yet noticed
	d.advance(freshFor)
	requireCode(t, fault.Unauthenticated, a, secret)
	requireCode(t, fault.Unauthenticated, a, secret)
	require.Equal(t, 2, d.asked(), "the refusal is remembered")
}

func TestAKeyInUseIsRefreshedInTheBackground(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	requireKnown(t, a, secret)
	gate := make(chan struct{})
	d.do(func() { d.gate = gate })
	d.advance(refreshAfter)
	requireKnown(t, a, secret) // does not wait for the gate
	requireKnown(t, a, secret)
	require.Eventually(t, func() bool { return d.asked() == 2 }, 30*time.Second, time.Millisecond)
	d.do(func() { d.gate = nil })
	close(gate)

	// Once it has arrived, the answer is fresh for another ten seconds.
	require.Eventually(t, func() bool {
		k, ok := a.known.GetIfPresent(hashOf(secret))
		return ok && k.checked.Equal(d.clock())
	}, 30*time.Second, time.Millisecond)
	d.advance(refreshAfter - 1)
	requireKnown(t, a, secret)
	require.Equal(t, 2, d.asked())
}

func TestKnownKeysGoOnForAnHourWithoutTheDatabase(t *testing.T) {
	d := newDesk()
	a, secret, stranger := d.authenticator(t), d.issue(), d.issue()
	requireKnown(t, a, secret)
	d.do(func() { d.away = true })
	for _, step := range []time.Duration{freshFor, time.Second, time.Minute, 58 * time.Minute} {
		d.advance(step)
		requireKnown(t, a, secret)
		requireCode(t, fault.Unavailable, a, stranger)
	}
	d.advance(time.Minute)
	requireCode(t, fault.Unavailable, a, secret)

	d.do(func() { d.away = false })
	requireKnown(t, a, secret)
	requireKnown(t, a, stranger)
}

// While the database is away nobody waits for it again and again.
func TestAnOutageIsNoticedOnceAndWatchedInTheBackground(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	requireKnown(t, a, secret)
	d.do(func() { d.away = true })
	d.advance(freshFor)
	requireKnown(t, a, secret) // waits, and learns
	require.Equal(t, 2, d.asked())

	gate := make(chan struct{})
	d.do(func() { d.gate = gate })
	d.advance(time.Second)
	for range 3 {
		requireKnown(t, a, secret) // would hang on the gate if it waited
	}
	require.Eventually(t, func() bool { return d.asked() == 3 }, 30*time.Second, time.Millisecond)
	d.do(func() { d.away, d.gate = false, nil })
	d.revoke(secret)
	close(gate) // that question still fails

	require.Eventually(t, func() bool {
		d.advance(time.Second)
		_, err := a.Authenticate(t.Context(), secret)
		return fault.CodeOf(err) == fault.Unauthenticated && err != nil
	}, 30*time.Second, time.Millisecond)
}

func TestAStampedeAsksOnce(t *testing.T) {
	d := newDesk()
	gate := make(chan struct{})
	d.gate = gate
	a, secret := d.authenticator(t), d.issue()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			_, err := a.Authenticate(t.Context(), secret)
			require.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return d.asked() > 0 }, 30*time.Second, time.Millisecond)
	close(gate)
	wg.Wait()
	require.Equal(t, 1, d.asked())
}

// A caller that hangs up must not spoil the answer for those who wait with it.
func TestACanceledCallerDoesNotFailTheLookup(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Authenticate(ctx, secret)
	require.NoError(t, err)
}

func TestLastUseIsNotedInTheBackground(t *testing.T) {
	d := newDesk()
	a, secret := d.authenticator(t), d.issue()
	start := d.clock()
	for range 3 {
		requireKnown(t, a, secret)
	}
	d.advance(touchEvery)
	requireKnown(t, a, secret)
	a.Close() // writes what is left
	require.Subset(t, []time.Time{start, start.Add(touchEvery)}, d.touches[secret[5:13]])
	require.Contains(t, d.touches[secret[5:13]], start.Add(touchEvery))
	require.LessOrEqual(t, len(d.touches[secret[5:13]]), 2)
	a.Close()
	requireKnown(t, a, secret) // a closed one still answers, without background work
}

func TestAuthenticatorOnPostgres(t *testing.T) {
	store, ctx := NewStore(postgrestest.New(t)), t.Context()
	rate := 3.5
	key, secret, err := store.Create(ctx, "partner", contract.Operator, &rate, "cli")
	require.NoError(t, err)
	d := newDesk() // for its clock
	a := NewAuthenticator(store, Options{Clock: d.clock})
	defer a.Close()

	p, err := a.Authenticate(ctx, secret)
	require.NoError(t, err)
	require.Equal(t, Principal{KeyID: key.ID, Name: "partner", Role: contract.Operator, Rate: &rate}, p)
	require.Eventually(t, func() bool {
		keys, err := store.List(ctx)
		return err == nil && keys[0].LastUsedAt != nil && keys[0].LastUsedAt.Equal(d.clock())
	}, 30*time.Second, time.Millisecond)

	require.NoError(t, store.Revoke(ctx, key.ID))
	d.advance(freshFor)
	requireCode(t, fault.Unauthenticated, a, secret)

	_, kept, err := store.Create(ctx, "ci", contract.Developer, nil, "cli")
	require.NoError(t, err)
	requireKnown(t, a, kept)
	store.pool.Close() // the database goes away
	d.advance(freshFor)
	requireKnown(t, a, kept)
	_, stranger := newSecret()
	requireCode(t, fault.Unavailable, a, stranger)
}

func BenchmarkAuthenticate(b *testing.B) {
	d := newDesk()
	secret := d.issue()
	a := NewAuthenticator(d, Options{})
	defer a.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.Authenticate(b.Context(), secret); err != nil {
				b.Error(err)
			}
		}
	})
}
