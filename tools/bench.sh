#!/usr/bin/env bash
# bench.sh: speed ratios measured in one run, as one table.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds="${1:-2s}"

# Training against the reference figures, where the reference data is.
go test -count 1 -v -run 'Reference|MatchesXGBoost' ./app/predict/gbt ./app/predict/ratings | grep -E '^ +[a-z_]+\.go:|^ok' || true

{
	go test -run '^$' -bench '^(BenchmarkMargin|BenchmarkMarginBatch|BenchmarkNaive)$/^trained$' -benchtime "$seconds" -count 3 ./app/predict/gbt
	go test -run '^$' -bench '^(BenchmarkSingle|BenchmarkBatch)$' -benchtime "$seconds" -count 3 ./app/run
	# In turns, so that a change of the machine's speed meets both alike.
	for _ in 1 2 3; do
		go test -run '^$' -bench '^(BenchmarkBareGin|BenchmarkService)$' -benchtime "$seconds" ./app/run
	done
	# A gigabyte, three times; it needs three gigabytes of disk.
	go test -run '^$' -bench '^BenchmarkBackup$' -benchtime 3x -timeout 30m ./app/cmd/ohio
} | tee /dev/stderr | awk '
function median(name, unit) { return middle(name, values[name, unit]) }

# pairs gives the ratios of two benchmarks turn by turn.
function pairs(name, other, unit,   n, i, a, b, ratios) {
	n = split(values[name, unit], a, " ")
	split(values[other, unit], b, " ")
	for (i = 1; i <= n; i++) ratios = ratios " " a[i] / b[i]
	return middle(name, ratios)
}

function middle(name, list,   n, i, j, t, a) {
	n = split(list, a, " ")
	for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] + 0 < a[i] + 0) { t = a[i]; a[i] = a[j]; a[j] = t }
	if (n == 0) { print "no figures for " name > "/dev/stderr"; exit 1 }
	return a[int((n + 1) / 2)]
}
/^Benchmark/ {
	name = $1; sub(/-[0-9]+$/, "", name)
	for (i = 3; i < NF; i += 2) values[name, $(i + 1)] = values[name, $(i + 1)] " " $i
}
END {
	print ""
	printf "%-44s %12s\n", "medians of three", ""
	printf "%-44s %12.0f ns, %d allocations\n", "tree evaluation, a row", median("BenchmarkMargin/trained", "ns/op"), median("BenchmarkMargin/trained", "allocs/op")
	printf "%-44s %12.1f x\n", "  against a naive node walk", median("BenchmarkNaive/trained", "ns/op") / median("BenchmarkMargin/trained", "ns/op")
	printf "%-44s %12.1f x\n", "  in batches, against a naive node walk", median("BenchmarkNaive/trained", "ns/op") / median("BenchmarkMarginBatch/trained", "ns/row")
	printf "%-44s %12.2f us, %d allocations\n", "single prediction", median("BenchmarkSingle", "ns/op") / 1000, median("BenchmarkSingle", "allocs/op")
	printf "%-44s %12.0f a second and core\n", "batch predictions", median("BenchmarkBatch", "predictions/s")
	printf "%-44s %12.0f requests a second\n", "POST /v1/predictions", median("BenchmarkService", "req/s")
	printf "%-44s %12.0f %%\n", "  of a bare handler with a constant answer", 100 * pairs("BenchmarkService", "BenchmarkBareGin", "req/s")
	printf "%-44s %12.1f s\n", "backup of " median("BenchmarkBackup", "MB") " MB", median("BenchmarkBackup", "s")
	printf "%-44s %12.2f of its time\n", "  against pg_dump, fastest compression", median("BenchmarkBackup", "of-fastest")
	printf "%-44s %12.2f of its time\n", "  encrypted", median("BenchmarkBackup", "encrypted-of-fastest")
	printf "%-44s %12.2f of its time\n", "  against pg_dump, usual compression", median("BenchmarkBackup", "of-usual")
	printf "%-44s %12.2f of its size\n", "  against pg_dump, usual compression", median("BenchmarkBackup", "size-of-usual")
	printf "%-44s %12.0f MB\n", "  most memory", median("BenchmarkBackup", "peak-MB")
}'
