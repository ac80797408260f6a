#!/usr/bin/env bash
# prove.sh: shows without a Docker engine that the image serves. bin/image
# follows the Dockerfile and fills a root directory; its entry point then runs
# there on a read-only mount, as the image's user without any capability, in
# namespaces of its own, against a real PostgreSQL outside.
#
# Stand-ins: this machine's Go and its module cache for the golang image, and
# for distroless static its accounts, CA certificates and time zones, written
# below. Layers, labels and the base images themselves are not proven.
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd)
image=$repository/bin/image
passed=0
# What `image assemble` says.
image_base='' image_user='' image_entrypoint=() image_cmd=() image_env=() image_ports=() image_healthcheck=() image_copied=()

ok() {
	passed=$((passed + 1))
	echo "ok: $*"
}
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# Outside of the namespaces: assemble, twice, and look at what came out.
prepare() {
	"$repository/tools/need.sh" postgres
	[ -x "$image" ] || (cd "$repository/tools/image" && go build -o "$image" .)
	base "$work/base"
	local commit time
	commit=$(git -C "$repository" rev-parse HEAD 2>/dev/null || echo unknown)
	time=$(TZ=UTC0 git -C "$repository" log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null || echo unknown)
	for copy in one two; do
		"$image" assemble -target serve -arg VERSION=proof -arg "COMMIT=$commit" -arg "BUILD_TIME=$time" \
			"$repository/Dockerfile" "$work/base" "$work/$copy" >"$work/$copy.sh"
	done
	# shellcheck source=/dev/null
	. "$work/one.sh"

	case "$image_base" in
	gcr.io/distroless/static-debian*:nonroot@sha256:*) ;;
	*) fail "there is no stand-in for the base $image_base; write one in base()" ;;
	esac
	[ "${image_copied[*]}" = "${image_entrypoint[0]}" ] || fail "the image holds ${image_copied[*]} instead of the program alone"
	[ "$image_user" = 65532:65532 ] || fail "the image's user is $image_user"
	ok "the image is $image_base, ${image_copied[*]} and nothing else"

	local program=$work/one/root${image_entrypoint[0]}
	cmp "$program" "$work/two/root${image_entrypoint[0]}" || fail "a second build gives other bytes"
	ok "two builds in two folders are the same $(stat -c %s "$program") bytes, $(sha256sum "$program" | cut -c1-16)…"
	if grep -qaF -e "$repository" -e "$work" -e "$HOME/" "$program"; then fail "the program holds paths of this machine"; fi
	if readelf --program-headers "$program" 2>/dev/null | grep -q INTERP; then fail "the program needs a dynamic loader"; fi
	ok "it is static and holds no path of this machine"
}

# base writes what distroless static has, as far as a program can tell.
base() {
	mkdir -p "$1"/{etc/ssl/certs,usr/share,home/nonroot,proc,tmp}
	printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
		nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$1/etc/passwd"
	printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >"$1/etc/group"
	echo 'hosts: files dns' >"$1/etc/nsswitch.conf"
	if [ -r /etc/ssl/certs/ca-certificates.crt ]; then cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"; fi
	if [ -d /usr/share/zoneinfo ]; then cp -a /usr/share/zoneinfo "$1/usr/share/"; fi
	chmod 1777 "$1/tmp"
}

# Inside: mode is root, rootless or chroot.
inside() {
	mode=$1 work=$2 root=$2/one/root public=8000 internal=9000 database=5432
	trap stop EXIT
	# shellcheck source=/dev/null
	. "$work/one.sh"
	listen=()
	if [ "$mode" = chroot ]; then
		echo "no namespaces here: a chroot with the same user and without capabilities; WEAKER: the root is only kept from the user by permissions, ports are chosen"
		public=$((20000 + RANDOM % 10000)) internal=$((public + 1)) database=$((public + 2))
		listen=("LISTEN=127.0.0.1:$public" "INTERNAL_LISTEN=127.0.0.1:$internal")
	else
		"$image" up
		mount --bind "$root" "$root"
		mount --rbind /proc "$root/proc"
		mount -o remount,bind,ro,nosuid,nodev "$root"
	fi
	postgres
	in_image "${image_entrypoint[@]}" migrate
	ok "\`ohio migrate\` in the image brings the schema up to date"

	in_image "${image_entrypoint[@]}" "${image_cmd[@]}" 2>"$work/service.log" &
	service=$!
	local ohio=$root${image_entrypoint[0]} key
	key=$(in_image "${image_entrypoint[@]}" keys create --role readonly --name proof 2>/dev/null)
	OHIO_API_KEY=$key "$ohio" smoke "http://127.0.0.1:$public" --wait 30s || fail "\`ohio smoke\` from outside"
	ok "\`ohio smoke\` passes from outside"
	in_image "${image_healthcheck[@]:1}" || fail "the HEALTHCHECK ${image_healthcheck[*]:1}"
	ok "the HEALTHCHECK passes inside: ${image_healthcheck[*]:1}"

	if [ "$mode" != chroot ]; then
		for port in "${image_ports[@]}"; do
			(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || fail "nothing listens on port $port, which is exposed"
		done
		ok "the exposed ports are listened on: ${image_ports[*]}"
	fi
	confined
	kill -TERM "$service"
	wait "$service" || fail "SIGTERM ends the service with status $?"
	service=
	ok "SIGTERM ends it with status 0"
	echo "$passed passed, 0 failed"
}

# in_image runs a program as the image's user in its root, with its
# environment and nothing of this one.
in_image() {
	local as=()
	if [ "$mode" = rootless ]; then
		# No other user can be had: this one is called by the image's number.
		as=(unshare --user "--map-user=${image_user%:*}" "--map-group=${image_user#*:}" --keep-caps)
	fi
	exec_env=("${image_env[@]}" "DATABASE_URL=postgres://ohio:$(cat "$work/password")@127.0.0.1:$database/postgres?sslmode=disable" SHUTDOWN_PAUSE=1 "${listen[@]}")
	if [ "$BASHPID" = "$$" ]; then
		env -i "${exec_env[@]}" "${as[@]}" "$image" enter "$image_user" "$root" "$@"
	else # in the background: this shell becomes the program, which gets the signals
		exec env -i "${exec_env[@]}" "${as[@]}" "$image" enter "$image_user" "$root" "$@"
	fi
}

# confined looks at the running service with the eyes of the kernel.
confined() {
	local status=/proc/$service/status uid=${image_user%:*} wrong
	case "$mode" in
	rootless) [ "$(awk '{print $1}' "/proc/$service/uid_map")" = "$uid" ] || fail "the user is not $uid" ;;
	*) [ "$(awk '/^[UG]id:/ {print $2, $3, $4, $5}' "$status" | sort -u)" = "$uid $uid $uid $uid" ] || fail "the user is not $uid: $(grep -E '^[UG]id' "$status")" ;;
	esac
	ok "it runs as $image_user"
	wrong=$(awk '/^Cap(Inh|Prm|Eff|Bnd|Amb):/ && $2 !~ /^0+$/; /^NoNewPrivs:/ && $2 != 1; /^Groups:/ && NF > 1' "$status")
	[ "$mode" = rootless ] && wrong=$(grep -v '^Groups:' <<<"$wrong" || true) # a user namespace cannot drop those
	[ -z "$wrong" ] || fail "it has privileges left: $wrong"
	ok "it has no capability, not even in its bounding set, no group beside, and can gain no privilege"
	if [ "$mode" = chroot ]; then
		if setpriv "--reuid=$uid" "--regid=$uid" --clear-groups touch "$root/written" 2>/dev/null; then fail "its user can write to the root"; fi
		ok "its user cannot write to the root (by permissions)"
	else
		# Through the service's own mounts, with more rights than it has.
		local said
		for path in / /etc/ /tmp/ /usr/local/bin/; do
			if said=$(touch "/proc/$service/root${path}written" 2>&1); then fail "$path can be written to"; fi
			grep -q 'Read-only file system' <<<"$said" || fail "$path: $said"
		done
		ok "its root is read-only, /tmp too"
	fi
}

# postgres starts a server that lives no longer than this script.
postgres() {
	local bin user=()
	bin=${OHIO_PG_BIN:-$(find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -1)}
	bin=${bin:-$(dirname "$(command -v initdb)")}
	mkdir "$work/postgres"
	head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$work/password"
	case "$mode" in # PostgreSQL refuses to be root
	rootless) user=(unshare --user --map-user=1000 --map-group=1000) ;;
	*)
		local account=postgres
		id postgres >/dev/null 2>&1 || account=nobody
		chown "$account" "$work/postgres" "$work/password"
		user=(setpriv "--reuid=$account" --regid="$(id -g "$account")" --clear-groups)
		;;
	esac
	(
		cd "$work/postgres"
		"${user[@]}" "$bin/initdb" --pgdata=data --username=ohio --auth=scram-sha-256 --pwfile="$work/password" --no-sync --locale=C --encoding=UTF8 >initdb.log ||
			fail "initdb: $(cat initdb.log)"
		exec "${user[@]}" "$bin/postgres" -D data -c listen_addresses=127.0.0.1 -c port="$database" \
			-c unix_socket_directories= -c fsync=off >server.log 2>&1
	) &
	server=$!
	for _ in $(seq 300); do
		if "$bin/pg_isready" --quiet --host=127.0.0.1 --port="$database"; then return; fi
		kill -0 "$server" 2>/dev/null || break
		sleep 0.1
	done
	fail "PostgreSQL does not start: $(cat "$work/postgres/server.log" 2>/dev/null)"
}

# stop ends what inside started; a PID namespace would, a chroot does not.
stop() {
	local status=$?
	for pid in ${service:-} ${server:-}; do
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	if [ "$status" != 0 ] && [ -s "$work/service.log" ]; then
		echo "the log of the service ends:" >&2
		tail -5 "$work/service.log" >&2
	fi
	exit "$status"
}

if [ "${1:-}" = inside ]; then
	passed=$4
	inside "$2" "$3"
	exit
fi

work=$(mktemp -d)
chmod 711 "$work"
trap 'rm -rf "$work"' EXIT
umask 022
prepare
spaces=(unshare --mount --pid --net --ipc --uts --fork --kill-child --mount-proc)
if [ "$(id -u)" = 0 ] && "${spaces[@]}" true 2>/dev/null; then
	"${spaces[@]}" "$0" inside root "$work" "$passed"
elif [ "$(id -u)" != 0 ] && "${spaces[@]}" --user --map-root-user true 2>/dev/null; then
	"${spaces[@]}" --user --map-root-user "$0" inside rootless "$work" "$passed"
elif [ "$(id -u)" = 0 ]; then
	"$0" inside chroot "$work" "$passed"
elif sudo -n true 2>/dev/null; then
	sudo -n "${spaces[@]}" "$0" inside root "$work" "$passed" && sudo -n rm -rf "$work/postgres"
else
	fail "this needs root, sudo without a password, or user namespaces"
fi
