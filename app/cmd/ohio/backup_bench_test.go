package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/script-ohio/platform/app/ops/backup/pgclient"
	"github.com/script-ohio/platform/app/platform/postgres/postgrestest"
)

// fillGigabyte makes rows like those of games until the database has a
// gigabyte.
const fillGigabyte = `
insert into games (id, season, week, season_type, start_date, neutral_site, conference_game, home_team, home_conference,
	home_division, home_points, away_team, away_conference, away_division, away_points, spread, total_line)
select n, 1960 + n % 65, 1 + n % 15, 'regular', '1960-09-01'::timestamptz + n * interval '7 minutes', n % 7 = 0, n % 3 = 0,
	'University of ' || md5((n % 130)::text), 'Conference ' || n % 12, 'fbs', (random() * 60)::int, 'State ' || md5((n % 4000)::text),
	'Conference ' || n % 12, 'fcs', (random() * 50)::int, round((random() * 40 - 20)::numeric, 1), round((30 + random() * 40)::numeric, 1)
from generate_series($1::bigint, $2::bigint) n`

// BenchmarkBackup compares `ohio backup create`, as a process of its own, with
// pg_dump writing the same database to a file: with the fastest compression
// that it has, and with its usual one, whose dumps are nearest in size to
// backups. Before version 16 both are gzip, level 1 and 6; then they are zstd,
// level 1 and 3.
func BenchmarkBackup(b *testing.B) {
	url := postgrestest.URL(b)
	conn, err := pgx.Connect(b.Context(), url)
	require.NoError(b, err)
	defer conn.Close(b.Context())
	_, err = conn.Exec(b.Context(), `drop index games_week, games_start, games_home, games_away`)
	require.NoError(b, err)
	const step = 500_000
	size := int64(0)
	for next := int64(1); size < 1<<30; next += step {
		_, err = conn.Exec(b.Context(), fillGigabyte, next, next+step-1)
		require.NoError(b, err)
		require.NoError(b, conn.QueryRow(b.Context(), `select pg_table_size('games')`).Scan(&size))
	}
	_, err = conn.Exec(b.Context(), `vacuum (freeze, analyze) games`)
	require.NoError(b, err)
	_, err = conn.Exec(b.Context(), `checkpoint`)
	require.NoError(b, err)
	client, err := pgclient.Find(b.Context(), 0)
	require.NoError(b, err)
	fastest, usual := "--compress=1", "--compress=6"
	if client.Major >= 16 {
		fastest, usual = "--compress=zstd:1", "--compress=zstd:3"
	}
	identity, err := age.GenerateX25519Identity()
	require.NoError(b, err)
	target, err := pgclient.ParseTarget(url)
	require.NoError(b, err)

	dump := func(compress string) (took time.Duration, size int64) {
		path := filepath.Join(b.TempDir(), "dump")
		began := time.Now()
		require.NoError(b, client.Run(b.Context(), pgclient.Call{
			Program: pgclient.Dump, Args: []string{"--format=custom", compress, "--file=" + path}, Target: &target,
		}))
		took = time.Since(began)
		info, err := os.Stat(path)
		require.NoError(b, err)
		require.NoError(b, os.Remove(path))
		return took, info.Size()
	}
	create := func(recipient string) (took time.Duration, size, peak int64) {
		dir := b.TempDir()
		cmd := exec.Command(os.Args[0], "backup", "create", "--bucket", "file://"+dir, "-o", "json")
		cmd.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL="+url, "BACKUP_RECIPIENT="+recipient, "MODELS_BUCKET=")
		began := time.Now()
		out, err := cmd.Output()
		took = time.Since(began)
		require.NoError(b, err)
		var made shown
		require.NoError(b, json.Unmarshal(out, &made))
		require.NoError(b, os.RemoveAll(dir))
		return took, made.Bytes, maxRSS(cmd)
	}
	var times struct{ fastest, usual, plain, encrypted time.Duration }
	var sizes struct{ usual, plain int64 }
	var peak int64
	b.ResetTimer()
	for b.Loop() {
		// In turns, so that a change of the machine's speed meets all alike.
		took, _ := dump(fastest)
		times.fastest += took
		took, stored, most := create("")
		times.plain, sizes.plain, peak = times.plain+took, stored, max(peak, most)
		took, sizes.usual = dump(usual)
		times.usual += took
		took, _, most = create(identity.Recipient().String())
		times.encrypted, peak = times.encrypted+took, max(peak, most)
	}
	b.ReportMetric(float64(size)/(1<<20), "MB")
	b.ReportMetric(times.plain.Seconds()/float64(b.N), "s")
	b.ReportMetric(float64(times.plain)/float64(times.fastest), "of-fastest")
	b.ReportMetric(float64(times.encrypted)/float64(times.fastest), "encrypted-of-fastest")
	b.ReportMetric(float64(times.plain)/float64(times.usual), "of-usual")
	b.ReportMetric(float64(sizes.plain)/float64(sizes.usual), "size-of-usual")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
	b.Logf("pg_dump %s, %s and %s", client.Version, fastest, usual)
}

// maxRSS is the most memory that a process had, in bytes.
func maxRSS(cmd *exec.Cmd) int64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		panic(fmt.Sprintf("%T", cmd.ProcessState.SysUsage()))
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
