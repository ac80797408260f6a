#!/usr/bin/env bash
# watch.sh: Prometheus and Alertmanager on this machine, with the rules and
# routes of the repository, watching a `make run` until interrupted.
# PROMETHEUS_LISTEN=, ALERTMANAGER_LISTEN=, APP=, APP_INTERNAL=, INTERVAL=.
set -euo pipefail
cd "$(dirname "$0")/.."

prometheus_listen="${PROMETHEUS_LISTEN:-127.0.0.1:9090}"
alertmanager_listen="${ALERTMANAGER_LISTEN:-127.0.0.1:9093}"
app="${APP:-127.0.0.1:8000}"
app_internal="${APP_INTERNAL:-127.0.0.1:9000}"
interval="${INTERVAL:-5s}"

tools/need.sh prometheus
find_alertmanager() { command -v alertmanager || command -v prometheus-alertmanager; }
if ! find_alertmanager >/dev/null; then
	name=alertmanager
	command -v apt-get >/dev/null && name=prometheus-alertmanager # Debian's name of it
	tools/need.sh "$name"
fi
alertmanager="$(find_alertmanager)"

dir="$(mktemp -d)"
pids=""
# shellcheck disable=SC2317 # it is called by the trap
stop() {
	trap - EXIT
	trap '' INT TERM
	for pid in $pids; do kill "$pid" 2>/dev/null || true; done
	for pid in $pids; do wait "$pid" || true; done
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 0' INT TERM

# answers ADDRESS: whether a server there is ready.
answers() {
	local status=""
	exec 3<>"/dev/tcp/${1%:*}/${1##*:}" || return 1
	printf 'GET /-/ready HTTP/1.0\r\n\r\n' >&3
	read -r -t 2 status <&3 || true
	exec 3>&-
	[[ "$status" == *" 200 "* ]]
} 2>/dev/null

# launch NAME ADDRESS COMMAND...: starts a server and waits until it is ready.
launch() {
	local name="$1" address="$2" pid
	shift 2
	"$@" >"$dir/$name.log" 2>&1 &
	pid=$!
	pids="$pids $pid"
	for _ in $(seq 150); do
		kill -0 "$pid" 2>/dev/null || break
		answers "$address" && return
		sleep 0.2
	done
	echo "$name does not start on $address:" >&2
	tail -n 5 "$dir/$name.log" >&2
	exit 1
}

for address in "$prometheus_listen" "$alertmanager_listen"; do
	if (exec 3<>"/dev/tcp/${address%:*}/${address##*:}") 2>/dev/null; then
		echo "another program uses $address: choose with PROMETHEUS_LISTEN= and ALERTMANAGER_LISTEN=" >&2
		exit 1
	fi
done

# Alertmanager shows the app what the app has as ALERT_TOKEN.
(umask 077 && printf '%s' "${ALERT_TOKEN:-}" >"$dir/alert_token")
go run ./monitoring/cmd/render --out "$dir/config" --interval "$interval" --app "$app_internal" \
	--prometheus "$prometheus_listen" --alertmanager "$alertmanager_listen" \
	--webhook-url "http://$app" --webhook-token-file "$dir/alert_token" >/dev/null

launch Alertmanager "$alertmanager_listen" "$alertmanager" --config.file="$dir/config/alertmanager.yml" \
	--storage.path="$dir/alertmanager" --cluster.listen-address= --web.listen-address="$alertmanager_listen"
launch Prometheus "$prometheus_listen" prometheus --config.file="$dir/config/prometheus.yml" \
	--storage.tsdb.path="$dir/prometheus" --storage.tsdb.retention.time=40d --web.listen-address="$prometheus_listen"

cat <<TEXT

Prometheus    http://$prometheus_listen/alerts  (targets: http://$prometheus_listen/targets)
Alertmanager  http://$alertmanager_listen

They watch http://$app_internal/metrics, which \`make run\` serves. Stop with Ctrl-C.
TEXT
alive() {
	for pid in $pids; do kill -0 "$pid" 2>/dev/null || return 1; done
}
while alive; do sleep 1 || true; done
echo "a server has ended:" >&2
tail -n 5 "$dir"/*.log >&2
exit 1
