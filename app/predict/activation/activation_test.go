package activation_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	gocloud "gocloud.dev/blob"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
	"github.com/script-ohio/platform/app/predict/activation"
	"github.com/script-ohio/platform/app/predict/pack"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// engine serves a version, or refuses with an error.
type engine struct {
	mu      sync.Mutex
	version string
	refuses error
	served  int
}

func (e *engine) Activate(_ context.Context, p *pack.Pack) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuses != nil {
		return e.refuses
	}
	e.version = p.Manifest.Version
	e.served++
	return nil
}

func (e *engine) PackVersion() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.version
}

// replica is a service with its engine, on what all replicas share.
type replica struct {
	*activation.Service
	engine *engine
	now    time.Time
	mu     sync.Mutex
	tried  []bool // whether each attempt succeeded
}

type shared struct {
	t      *testing.T
	pool   *pgxpool.Pool
	bucket *gocloud.Bucket
}

func newShared(t *testing.T) shared {
	t.Helper()
	bucket, err := blob.Open(t.Context(), "file://"+t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bucket.Close()) })
	return shared{t, postgrestest.New(t), bucket}
}

func (s shared) replica() *replica {
	s.t.Helper()
	embedded := variant(s.t, 0)
	r := &replica{engine: &engine{version: embedded.Manifest.Version}, now: time.Now()}
	r.Service = activation.New(s.pool, s.bucket, embedded, r.engine, activation.Options{
		Logger: slog.New(slog.DiscardHandler), Clock: func() time.Time { return r.now },
		Tried: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.tried = append(r.tried, err == nil)
		},
	})
	return r
}

// upload stores a variant of the embedded pack and gives its version.
func (s shared) upload(n int) string {
	s.t.Helper()
	p := variant(s.t, n)
	manifest, err := activation.Upload(s.t.Context(), s.bucket, p)
	require.NoError(s.t, err)
	require.Equal(s.t, contract.PrefixPacks+p.Manifest.Version+"/"+pack.ManifestFile, manifest)
	return p.Manifest.Version
}

// rows counts what is recorded.
func (s shared) rows() (n int) {
	s.t.Helper()
	require.NoError(s.t, s.pool.QueryRow(s.t.Context(), "select count(*) from pack_activations").Scan(&n))
	return n
}

func TestActivationsStackAndRollbacksUnwind(t *testing.T) {
	s := newShared(t)
	r, ctx := s.replica(), t.Context()
	embedded, one, two := variant(t, 0).Manifest.Version, s.upload(1), s.upload(2)

	type change struct {
		version           string // "" rolls back
		active, previous  string
		code              fault.Code
		said, sourceStart string
	}
	for i, c := range []change{
		{"", "", "", fault.Conflict, "no earlier pack", ""},
		{embedded, "", "", fault.Conflict, "active already", ""},
		{one, one, embedded, "", "", contract.PrefixPacks + one},
		{one, "", "", fault.Conflict, "active already", ""},
		{two, two, one, "", "", contract.PrefixPacks + two},
		{embedded, embedded, two, "", "", "embedded"},
		{"", two, one, "", "", contract.PrefixPacks + two},
		{"", one, embedded, "", "", contract.PrefixPacks + one},
		{two, two, one, "", "", contract.PrefixPacks + two},
		{"", one, embedded, "", "", contract.PrefixPacks + one},
		{"", embedded, "", "", "", "embedded"},
		{"", "", "", fault.Conflict, "no earlier pack", ""},
	} {
		serving, before := r.engine.PackVersion(), s.rows()
		var status activation.Status
		var err error
		if c.version == "" {
			status, err = r.Rollback(ctx, "tester")
		} else {
			status, err = r.Activate(ctx, c.version, "tester")
		}
		require.Equal(t, err == nil, r.tried[i], "step %d", i)
		if c.code != "" {
			require.Equal(t, c.code, fault.CodeOf(err), "step %d: %v", i, err)
			require.ErrorContains(t, err, c.said)
			require.Equal(t, serving, r.engine.PackVersion())
			require.Equal(t, before, s.rows())
			continue
		}
		require.NoError(t, err, "step %d", i)
		require.Equal(t, c.active, status.Version, "step %d", i)
		require.Equal(t, c.previous, status.Previous, "step %d", i)
		require.Contains(t, status.Source, c.sourceStart, "step %d", i)
		require.WithinDuration(t, time.Now(), status.ActivatedAt, time.Hour)
		require.Equal(t, c.active, r.engine.PackVersion(), "step %d", i)
		require.Equal(t, before+1, s.rows())

		other := s.replica()
		require.NoError(t, other.Follow(ctx))
		require.Equal(t, c.active, other.engine.PackVersion(), "another replica, step %d", i)
	}
	var by []string
	rows, err := s.pool.Query(ctx, "select distinct activated_by from pack_activations")
	require.NoError(t, err)
	for rows.Next() {
		var who string
		require.NoError(t, rows.Scan(&who))
		by = append(by, who)
	}
	require.Equal(t, []string{"tester"}, by)
}

func TestWhatCannotBeLoadedIsRefused(t *testing.T) {
	s := newShared(t)
	r, ctx := s.replica(), t.Context()
	one := s.upload(1)
	folder := contract.PrefixPacks + one + "/"
	// Each spoils the bucket; the upload afterwards mends it.
	for name, test := range map[string]struct {
		spoil   func() error
		version string
		code    fault.Code
		says    string
	}{
		"unknown":         {nil, "s1999-000000", fault.NotFound, "s1999-000000/manifest.json"},
		"climbing":        {nil, "../../" + one, fault.NotFound, "models bucket"},
		"corrupt file":    {func() error { return s.bucket.WriteAll(ctx, folder+"golden.json", []byte("[]"), nil) }, one, fault.Invalid, "golden.json does not have the checksum"},
		"lost file":       {func() error { return s.bucket.Delete(ctx, folder+"golden.json") }, one, fault.NotFound, "golden.json"},
		"no manifest":     {func() error { return s.bucket.Delete(ctx, folder+pack.ManifestFile) }, one, fault.NotFound, pack.ManifestFile},
		"broken manifest": {func() error { return s.bucket.WriteAll(ctx, folder+pack.ManifestFile, []byte("{"), nil) }, one, fault.Invalid, "no valid JSON"},
		"manifest alone": {func() error {
			return s.bucket.Copy(ctx, contract.PrefixPacks+"alone/"+pack.ManifestFile, folder+pack.ManifestFile, nil)
		}, "alone", fault.NotFound, "packs/alone/"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.spoil != nil {
				require.NoError(t, test.spoil())
			}
			_, err := r.Activate(ctx, test.version, "tester")
			require.Equal(t, test.code, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, test.says)
			require.Equal(t, variant(t, 0).Manifest.Version, r.engine.PackVersion())
			require.Zero(t, s.rows())
			s.upload(1)
		})
	}
	_, err := r.Activate(ctx, one, "tester")
	require.NoError(t, err, "mended")
}

// A folder that holds another version than its name says.
func TestMovedPackIsRefused(t *testing.T) {
	s := newShared(t)
	one := s.upload(1)
	files, err := variant(t, 1).Files()
	require.NoError(t, err)
	for name, data := range files {
		require.NoError(t, s.bucket.WriteAll(t.Context(), path.Join(contract.PrefixPacks, "moved", name), data, nil))
	}
	_, err = s.replica().Activate(t.Context(), "moved", "tester")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, one)
}

func TestWithoutBucketThereIsTheEmbeddedPackOnly(t *testing.T) {
	s := newShared(t)
	s.bucket = nil
	r := s.replica()
	_, err := r.Activate(t.Context(), "s2023-123456", "tester")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorContains(t, err, "MODELS_BUCKET")
	_, err = r.Activate(t.Context(), r.engine.PackVersion(), "tester")
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.NoError(t, r.Follow(t.Context()))
}

// What the engine will not serve is not recorded, so nobody follows it.
func TestEngineThatRefusesLeavesNoRecord(t *testing.T) {
	s := newShared(t)
	r, one := s.replica(), s.upload(1)
	r.engine.refuses = errors.New("no")
	_, err := r.Activate(t.Context(), one, "tester")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	require.ErrorIs(t, err, r.engine.refuses)
	require.Zero(t, s.rows())
	require.Equal(t, []bool{false}, r.tried)
}

// A pack that others serve but this replica cannot load is not downloaded
// again and again.
func TestFollowLeavesABadPackAloneForAWhile(t *testing.T) {
	s := newShared(t)
	a, b, one, ctx := s.replica(), s.replica(), s.upload(1), t.Context()
	_, err := a.Activate(ctx, one, "tester")
	require.NoError(t, err)
	manifest := contract.PrefixPacks + one + "/" + pack.ManifestFile
	require.NoError(t, s.bucket.Delete(ctx, manifest))

	refused := b.Follow(ctx)
	require.Equal(t, fault.NotFound, fault.CodeOf(refused))
	s.upload(1)
	b.now = b.now.Add(29 * time.Second)
	require.Equal(t, refused, b.Follow(ctx))
	require.Equal(t, []bool{false}, b.tried, "one attempt")
	b.now = b.now.Add(time.Second)
	require.NoError(t, b.Follow(ctx))
	require.Equal(t, one, b.engine.PackVersion())
	require.NoError(t, b.Follow(ctx))
	require.Equal(t, 1, b.engine.served)
	require.Equal(t, []bool{false, true}, b.tried)

	// Another pack is tried at once.
	require.NoError(t, s.bucket.Delete(ctx, manifest))
	c, two := s.replica(), s.upload(2)
	require.Error(t, c.Follow(ctx))
	_, err = a.Activate(ctx, two, "tester")
	require.NoError(t, err)
	require.NoError(t, c.Follow(ctx))
	require.Equal(t, two, c.engine.PackVersion())
}

// Replicas that change at the same time agree in the end, and the record is
// one line of history.
func TestConcurrentChangesAgree(t *testing.T) {
	s := newShared(t)
	versions := []string{s.upload(1), s.upload(2), variant(t, 0).Manifest.Version}
	replicas := make([]*replica, 3)
	var wg sync.WaitGroup
	for i := range replicas {
		r := s.replica()
		replicas[i] = r
		wg.Go(func() {
			for n := range 6 {
				var err error
				if n%3 == 2 {
					_, err = r.Rollback(t.Context(), "tester")
				} else {
					_, err = r.Activate(t.Context(), versions[(i+n)%3], "tester")
				}
				if err != nil && fault.CodeOf(err) != fault.Conflict {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if err := r.Follow(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, r := range replicas {
		require.NoError(t, r.Follow(t.Context()))
		require.Equal(t, replicas[0].engine.PackVersion(), r.engine.PackVersion())
	}
}

func TestDatabaseAway(t *testing.T) {
	s := newShared(t)
	r, one := s.replica(), s.upload(1)
	s.pool.Close()
	_, err := r.Activate(t.Context(), one, "tester")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	_, err = r.Rollback(t.Context(), "tester")
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, fault.Unavailable, fault.CodeOf(r.Follow(t.Context())))
	require.Equal(t, []bool{false, false}, r.tried, "a follower that knows of no change attempts nothing")
	require.Zero(t, r.engine.served)
}

var variants = sync.OnceValues(func() ([]*pack.Pack, error) {
	embedded, err := pack.Default()
	if err != nil {
		return nil, err
	}
	packs := []*pack.Pack{embedded}
	for _, team := range []string{"Ohio State", "Michigan"} {
		history := maps.Clone(embedded.History)
		delete(history, team)
		m := embedded.Manifest
		p, err := pack.New(pack.Contents{
			CreatedAt: m.CreatedAt, ToolVersion: "test", FirstSeason: m.FirstSeason, LastSeason: m.LastSeason,
			Models: embedded.Models, State: embedded.State, History: history, Metrics: m.Metrics,
		})
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
	}
	return packs, nil
})

// variant is the embedded pack for 0; 1 and 2 lack the history of a team,
// which makes them other versions with the same models.
func variant(t *testing.T, n int) *pack.Pack {
	t.Helper()
	packs, err := variants()
	require.NoError(t, err)
	return packs[n]
}
