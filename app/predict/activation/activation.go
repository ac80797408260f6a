// Package activation decides which model pack a deployment serves: it loads
// packs from blob storage, records who activated what in PostgreSQL, rolls
// back, and lets every replica follow.
package activation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	gocloud "gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/fault"
	"github.com/script-ohio/platform/app/platform/blob"
	"github.com/script-ohio/platform/app/platform/postgres"
	"github.com/script-ohio/platform/app/predict/pack"
)

// Engine serves one pack at a time; serving.Engine is one.
type Engine interface {
	Activate(ctx context.Context, p *pack.Pack) error
	PackVersion() string
}

// Status says which pack is active.
type Status struct {
	Version     string
	Previous    string // what a rollback would return to, "" for nothing
	Source      string
	ActivatedAt time.Time
}

// Service activates packs. It is safe for concurrent use; replicas agree
// through the database.
type Service struct {
	pool     *pgxpool.Pool
	bucket   *gocloud.Bucket // nil: the embedded pack only
	embedded *pack.Pack
	engine   Engine
	options  Options

	mu      sync.Mutex // one change of the engine at a time
	refused refusal
}

// Options of a Service.
type Options struct {
	Logger *slog.Logger     // required
	Clock  func() time.Time // default time.Now
	Tried  func(error)      // told how every attempt to serve another pack ended, at times by several at once; may be nil
	Record Recorder         // may be nil
}

// Recorder notes a change in the transaction that makes it; subject is
// pack/VERSION. Its error undoes the change.
type Recorder func(ctx context.Context, tx pgx.Tx, action, subject string, before, after any) error

// refusal is a version that could not be followed; it is left alone for a
// while, since trying means to download it.
type refusal struct {
	version string
	until   time.Time
	err     error
}

const retryAfter = 30 * time.Second

// New wires a service. embedded is the pack to begin with.
func New(pool *pgxpool.Pool, bucket *gocloud.Bucket, embedded *pack.Pack, engine Engine, o Options) *Service {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Tried == nil {
		o.Tried = func(error) {}
	}
	if o.Record == nil {
		o.Record = func(context.Context, pgx.Tx, string, string, any, any) error { return nil }
	}
	return &Service{pool: pool, bucket: bucket, embedded: embedded, engine: engine, options: o}
}

const sourceEmbedded = "embedded"

const (
	historySQL = `select id, version, source, activated_at, rollback_of from pack_activations order by id`
	insertSQL  = `insert into pack_activations (version, source, activated_by, rollback_of) values ($1, $2, $3, $4) returning id, activated_at`
	// One change at a time over all replicas.
	lockSQL = `lock table pack_activations in share row exclusive mode`
)

type row struct {
	id         int64
	version    string
	source     string
	at         time.Time
	rollbackOf *int64
}

// active is what a Recorder is told of a row.
func (r row) active() map[string]string {
	return map[string]string{"version": r.version, "source": r.source}
}

// stack replays the history: an activation pushes, a rollback pops. The
// embedded pack lies at the bottom.
func (s *Service) stack(ctx context.Context, q interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) ([]row, error) {
	rows, err := q.Query(ctx, historySQL)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the pack history could not be read")
	}
	history, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) {
		var v row
		err := r.Scan(&v.id, &v.version, &v.source, &v.at, &v.rollbackOf)
		return v, err
	})
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the pack history could not be read")
	}
	stack := []row{{version: s.embedded.Manifest.Version, source: sourceEmbedded}}
	for _, h := range history {
		if h.rollbackOf == nil {
			stack = append(stack, h)
		} else if len(stack) > 1 {
			stack = stack[:len(stack)-1]
		}
	}
	return stack, nil
}

func statusOf(stack []row) Status {
	top := stack[len(stack)-1]
	status := Status{Version: top.version, Source: top.source, ActivatedAt: top.at}
	if len(stack) > 1 {
		status.Previous = stack[len(stack)-2].version
	}
	return status
}

// Activate loads and checks a version, serves it and records who asked. On
// any fault the old pack serves on and nothing is recorded.
func (s *Service) Activate(ctx context.Context, version, by string) (_ Status, err error) {
	defer func() { s.options.Tried(err) }()
	p, source, err := s.load(ctx, version)
	if err != nil {
		return Status{}, err
	}
	return s.change(ctx, "pack.activate", func(tx pgx.Tx, stack []row) ([]row, *pack.Pack, error) {
		if stack[len(stack)-1].version == version {
			return nil, nil, fault.New(fault.Conflict, "pack %s is active already", version)
		}
		added := row{version: version, source: source}
		err := tx.QueryRow(ctx, insertSQL, version, source, by, nil).Scan(&added.id, &added.at)
		return append(stack, added), p, err
	})
}

// Rollback returns to the pack that was active before.
func (s *Service) Rollback(ctx context.Context, by string) (_ Status, err error) {
	defer func() { s.options.Tried(err) }()
	return s.change(ctx, "pack.rollback", func(tx pgx.Tx, stack []row) ([]row, *pack.Pack, error) {
		if len(stack) == 1 {
			return nil, nil, fault.New(fault.Conflict, "there is no earlier pack to roll back to")
		}
		undone, previous := stack[len(stack)-1], stack[len(stack)-2]
		p, source, err := s.load(ctx, previous.version)
		if err != nil {
			return nil, nil, err
		}
		stack = stack[:len(stack)-1]
		top := &stack[len(stack)-1]
		var id int64
		err = tx.QueryRow(ctx, insertSQL, previous.version, source, by, undone.id).Scan(&id, &top.at)
		return stack, p, err
	})
}

// change serves the pack that decide picks before the record is committed, so
// that nothing is recorded which cannot be served. Should the commit or the
// Recorder fail, the next Follow returns to what is recorded.
func (s *Service) change(ctx context.Context, action string, decide func(pgx.Tx, []row) ([]row, *pack.Pack, error)) (Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var status Status
	err := postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL); err != nil {
			return err
		}
		stack, err := s.stack(ctx, tx)
		if err != nil {
			return err
		}
		before := stack[len(stack)-1]
		stack, next, err := decide(tx, stack)
		if err != nil {
			return err
		}
		status = statusOf(stack)
		if err := s.serve(ctx, next); err != nil {
			return err
		}
		after := stack[len(stack)-1]
		return s.options.Record(ctx, tx, action, "pack/"+after.version, before.active(), after.active())
	})
	if err != nil {
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return Status{}, err
		}
		return Status{}, fault.Wrap(fault.Unavailable, err, "the activation could not be recorded; the old pack serves on")
	}
	return status, nil
}

// serve hands a pack to the engine, unless it is there already.
func (s *Service) serve(ctx context.Context, p *pack.Pack) error {
	if p.Manifest.Version == s.engine.PackVersion() {
		return nil
	}
	if err := s.engine.Activate(ctx, p); err != nil {
		return fault.Wrap(fault.Invalid, err, "the pack is refused: %s cannot be continued through the games of the database", p.Manifest.Version)
	}
	return nil
}

// Follow serves what the database says is active, if it is not served yet. A
// version that cannot be served is tried again after half a minute; until then
// the same error comes back.
func (s *Service) Follow(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	stack, err := s.stack(ctx, s.pool)
	if err != nil {
		return err
	}
	active := stack[len(stack)-1].version
	if active == s.engine.PackVersion() {
		return nil
	}
	if active == s.refused.version && s.options.Clock().Before(s.refused.until) {
		return s.refused.err
	}
	s.options.Logger.InfoContext(ctx, "following the active pack", "pack", active)
	p, _, err := s.load(ctx, active)
	if err == nil {
		err = s.serve(ctx, p)
	}
	s.options.Tried(err)
	s.refused = refusal{}
	if err != nil {
		s.refused = refusal{active, s.options.Clock().Add(retryAfter), err}
	}
	return err
}

// load finds a version: the embedded pack, or a folder of the bucket.
func (s *Service) load(ctx context.Context, version string) (*pack.Pack, string, error) {
	if version == s.embedded.Manifest.Version {
		return s.embedded, sourceEmbedded, nil
	}
	if s.bucket == nil {
		return nil, "", fault.New(fault.Invalid, "no pack %q: MODELS_BUCKET is not set, so there is the embedded %s only", version, s.embedded.Manifest.Version)
	}
	prefix := contract.PrefixPacks + version + "/"
	folder, err := s.download(ctx, prefix)
	if err != nil {
		return nil, "", err
	}
	p, err := pack.Load(folder)
	if err != nil {
		return nil, "", err
	}
	if p.Manifest.Version != version {
		return nil, "", fault.New(fault.Invalid, "the pack is refused: folder %s holds version %s", prefix, p.Manifest.Version)
	}
	return p, prefix, nil
}

// download reads the files that the manifest names; nothing else is listed or
// read.
func (s *Service) download(ctx context.Context, prefix string) (fs.FS, error) {
	folder := fstest.MapFS{}
	read := func(name string) error {
		data, err := s.bucket.ReadAll(ctx, prefix+name)
		if gcerrors.Code(err) == gcerrors.NotFound {
			return fault.Wrap(fault.NotFound, err, "no %s in the models bucket", prefix+name)
		}
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "%s could not be read from the models bucket", prefix+name)
		}
		folder[name] = &fstest.MapFile{Data: data}
		return nil
	}
	if err := read(pack.ManifestFile); err != nil {
		return nil, err
	}
	manifest, err := pack.ParseManifest(folder[pack.ManifestFile].Data)
	if err != nil {
		return nil, err
	}
	for name := range manifest.Files {
		if err := read(name); err != nil {
			return nil, err
		}
	}
	return folder, nil
}

// Upload stores a pack in a bucket, the manifest last.
func Upload(ctx context.Context, bucket *gocloud.Bucket, p *pack.Pack) (string, error) {
	files, err := p.Files()
	if err != nil {
		return "", err
	}
	prefix := contract.PrefixPacks + p.Manifest.Version + "/"
	put := func(name string) error {
		if err := blob.WriteAll(ctx, bucket, prefix+name, files[name]); err != nil {
			return fault.Wrap(fault.Unavailable, err, "%s could not be written", prefix+name)
		}
		return nil
	}
	for name := range p.Manifest.Files {
		if err := put(name); err != nil {
			return "", err
		}
	}
	if err := put(pack.ManifestFile); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s%s", prefix, pack.ManifestFile), nil
}
