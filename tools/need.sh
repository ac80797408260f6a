#!/usr/bin/env bash
# need.sh PROGRAM...: makes sure that programs are there, by apt or brew if not.
set -eu

found() {
	case "$1" in
	postgres)
		[ -n "${OHIO_PG_BIN:-}" ] || [ -n "${DATABASE_URL:-}" ] && return 0
		command -v initdb >/dev/null && command -v postgres >/dev/null && return 0
		ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb /usr/local/opt/postgresql*/bin/initdb >/dev/null 2>&1
		;;
	*) command -v "$1" >/dev/null ;;
	esac
}

package() {
	case "$1-$2" in
	postgres-apt) echo postgresql ;;
	postgres-brew) echo postgresql@17 ;;
	redis-server-brew) echo redis ;;
	node-apt) echo nodejs ;;
	promtool-*) echo prometheus ;;
	amtool-apt) echo prometheus-alertmanager ;;
	amtool-brew | prometheus-alertmanager-brew) echo alertmanager ;;
	npm-brew) echo node ;;
	*) echo "$1" ;;
	esac
}

for program in "$@"; do
	found "$program" && continue
	if command -v apt-get >/dev/null; then
		sudo=""
		if [ "$(id -u)" != 0 ]; then
			if ! sudo -n true 2>/dev/null; then
				echo "$program is missing: run 'sudo apt-get install $(package "$program" apt)'" >&2
				exit 1
			fi
			sudo="sudo"
		fi
		echo "installing $(package "$program" apt)" >&2
		$sudo apt-get update -qq >/dev/null
		# Installing must not start a server of the system's own.
		$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$(package "$program" apt)" >/dev/null
	elif command -v brew >/dev/null; then
		brew install "$(package "$program" brew)"
	fi
	found "$program" || {
		echo "$program is missing and could not be installed; install $(package "$program" apt)" >&2
		exit 1
	}
done
