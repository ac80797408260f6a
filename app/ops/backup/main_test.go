package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/contract"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		os.Exit(child())
	}
	postgrestest.Main(m)
}

// patience bounds waits for what must happen; no test depends on how long it
// takes.
const patience = time.Minute

func quiet(int64, int64, string) {}

// world is a service with its database and its bucket.
type world struct {
	*Service
	t *testing.T
	*site
	bucketURL string
	keyring   keyring
	log       *bytes.Buffer
	clock     *clock
}

// clock is the real time, moved.
type clock struct {
	mu    sync.Mutex
	moved time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.moved)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved += d
}

func newWorld(t *testing.T, on *site, keys keyring) *world {
	t.Helper()
	w := &world{t: t, site: on, bucketURL: on.newBucket(t), keyring: keys, log: new(bytes.Buffer), clock: &clock{}}
	databaseURL := patient(t, postgrestest.URL(t))
	w.Service = w.service(databaseURL, Options{
		Keys: keys.keys(t), Program: "v1-test", EmbeddedPack: func() ([]byte, error) { return []byte(`{"version":"s1"}`), nil },
		Config:  contract.Config{DatabaseURL: databaseURL, SecretKey: "hunter2hunter2", LogLevel: "info", RedisURL: "redis://u:hunter2@h"},
		Predict: predictWinner,
	})
	w.exec(seed)
	return w
}

// patient lets connections wait as long as tests do. Else a busy machine makes
// fault.Unavailable of them after ten seconds.
func patient(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("connect_timeout", strconv.Itoa(int(patience/time.Second)))
	u.RawQuery = q.Encode()
	return u.String()
}

// another makes a world with a database and a bucket of its own where this one
// has its.
func (w *world) another() *world { return newWorld(w.t, w.site, w.keyring) }

// service makes another service in the same bucket.
func (w *world) service(databaseURL string, options Options) *Service {
	w.t.Helper()
	return w.serviceIn(w.bucketURL, databaseURL, options)
}

func (w *world) serviceIn(bucketURL, databaseURL string, options Options) *Service {
	w.t.Helper()
	bucket := openBucket(w.t, bucketURL)
	s, err := New(Deps{
		DatabaseURL: databaseURL, Bucket: bucket, Clock: w.clock.now,
		Logger: slog.New(slog.NewTextHandler(&locked{w: w.log}, nil)),
	}, options)
	require.NoError(w.t, err)
	return s
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// predictWinner stands in for a model.
func predictWinner(ctx context.Context, restored *pgxpool.Pool) (winner string, err error) {
	err = restored.QueryRow(ctx, `select home_team from games order by home_points desc nulls last, id limit 1`).Scan(&winner)
	return winner, err
}

// seed has one of everything that a dump could lose: a few megabytes of rows,
// odd names, generated values, a dropped column, partitions, an empty table.
const seed = `
insert into games (id, season, week, season_type, start_date, neutral_site, conference_game, home_team, home_conference,
	home_division, home_points, away_team, away_conference, away_division, away_points)
select n, 2000 + n % 25, 1 + n % 15, 'regular', '2000-09-01'::timestamptz + n * interval '1 hour', n % 7 = 0, n % 3 = 0,
	'Home ' || n % 130, 'Big Ten', 'fbs', n % 60, 'Away ' || md5(n::text), 'SEC', 'fbs', n % 45
from generate_series(1, 20000) n;
create schema "Odd Schema";
create type "Odd Schema".mood as enum ('calm', 'it''s loud');
create table "Odd Schema"."Odd ""Table" (
	id bigint generated always as identity primary key, gone int, feeling "Odd Schema".mood not null default 'calm',
	twice int generated always as (id * 2) stored, blob bytea
);
alter table "Odd Schema"."Odd ""Table" drop column gone;
insert into "Odd Schema"."Odd ""Table" (feeling, blob) select 'it''s loud', decode(md5(n::text), 'hex') from generate_series(1, 100) n;
create table nothing (id serial primary key, note text);
create table parts (id int, season int) partition by range (season);
create table parts_old partition of parts for values from (0) to (2000);
create table parts_new partition of parts for values from (2000) to (3000);
insert into parts select n, 1990 + n from generate_series(1, 20) n;
create function points(n int) returns int language sql immutable as 'select n * 6';
create view winners as select home_team, points(1) from public.games where home_points > away_points;
create materialized view seasons as select season, count(*) from games group by 1;
`

// exec may also be used in a cleanup, when the test's context is over.
func (w *world) exec(sql string) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.DatabaseURL)
	require.NoError(w.t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	require.NoError(w.t, err)
}

// query asks one value of a database of the server; "" is the live one.
func (w *world) query(database, sql string) (value string) {
	w.t.Helper()
	config, err := pgx.ParseConfig(w.DatabaseURL)
	require.NoError(w.t, err)
	if database != "" {
		config.Database = database
	}
	conn, err := pgx.ConnectConfig(w.t.Context(), config)
	require.NoError(w.t, err)
	defer conn.Close(w.t.Context())
	require.NoError(w.t, conn.QueryRow(w.t.Context(), `select (`+sql+`)::text`).Scan(&value))
	return value
}

// databases lists those whose name begins like this one's.
func (w *world) databases(prefix string) string {
	w.t.Helper()
	return w.query("", fmt.Sprintf(`select coalesce(string_agg(datname, ' ' order by datname), '') from pg_database where starts_with(datname, '%s')`, prefix))
}

func (w *world) name() string {
	w.t.Helper()
	u, err := url.Parse(w.DatabaseURL)
	require.NoError(w.t, err)
	return strings.TrimPrefix(u.Path, "/")
}

// scratches lists the scratch databases of this world.
func (w *world) scratches() string {
	w.t.Helper()
	return w.databases(scratchPrefix + w.query("", `select oid from pg_database where datname = current_database()`) + "_")
}

// dropAfter drops a database that a restore made.
func (w *world) dropAfter(name string) {
	w.t.Cleanup(func() { require.NoError(w.t, w.dropAlways(context.Background(), name)) })
}

// created makes a backup that is complete.
func (w *world) created() Manifest {
	w.t.Helper()
	m, err := w.Create(w.t.Context(), quiet)
	require.NoError(w.t, err, w.log.String())
	require.Equal(w.t, Complete, m.Status)
	return m
}

// keys lists what lies in the bucket.
func (w *world) keys() (keys []string) {
	w.t.Helper()
	objects := w.Bucket.List(nil)
	for {
		object, err := objects.Next(w.t.Context())
		if err != nil {
			return keys
		}
		keys = append(keys, object.Key)
	}
}

func (w *world) object(m Manifest, c Component) Object {
	w.t.Helper()
	part, ok := m.Part(c)
	require.True(w.t, ok)
	require.Len(w.t, part.Objects, 1)
	return part.Objects[0]
}

func (w *world) readAll(key string) []byte {
	w.t.Helper()
	text, err := w.Bucket.ReadAll(w.t.Context(), key)
	require.NoError(w.t, err)
	return text
}

func (w *world) writeAll(key string, text []byte) {
	w.t.Helper()
	require.NoError(w.t, w.Bucket.WriteAll(w.t.Context(), key, text, nil))
}

// predictScored wants games that were played.
func predictScored(ctx context.Context, restored *pgxpool.Pool) (string, error) {
	var played int
	err := restored.QueryRow(ctx, `select count(*) from games where home_points > 0`).Scan(&played)
	if err == nil && played == 0 {
		err = errors.New("no game was played")
	}
	return "", err
}
