#!/usr/bin/env bash
# build.sh: builds the programs of a control plane into
# bin/controlplane/<versions>/, beside them the custom resource definitions of
# crds.txt and the stages of KWOK's nodes, and points bin/controlplane/current
# at it. What is there already stays.
set -euo pipefail
cd "$(dirname "$0")"
export GOFLAGS="${GOFLAGS:-} -trimpath"
TIMEFORMAT='%Rs, %U+%S s of CPU'

version() { go list -m -f '{{.Version}}' "$1"; }
kubernetes="$(version k8s.io/kubernetes)"
etcd="$(version go.etcd.io/etcd/server/v3)"
kwok="$(version sigs.k8s.io/kwok)"
root="$(cd ../.. && pwd)/bin/controlplane"
out="$root/kubernetes-${kubernetes}_etcd-${etcd}_kwok-${kwok}"
mkdir -p "$out"
new="$(mktemp -d "$out/.new.XXXXXX")"
trap 'chmod -R u+w "$new"; rm -rf "$new"' EXIT

# The API server refuses to serve APIs without knowing its own version.
component=k8s.io/component-base/version
minor="${kubernetes#v1.}"
ldflags="-s -w -X $component.gitVersion=$kubernetes -X $component.gitMajor=1 -X $component.gitMinor=${minor%%.*}"

build() { # name package
	[ -x "$out/$1" ] && return
	printf '%-26s' "$1" >&2
	time go build -ldflags "$ldflags" -o "$new/$1" "$2"
	mv "$new/$1" "$out/$1"
}
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
build kube-scheduler k8s.io/kubernetes/cmd/kube-scheduler
build kwok sigs.k8s.io/kwok/cmd/kwok

# One field of what `go mod download -json` printed.
field() { sed -n "s/^[[:space:]]*\"$1\": \"\(.*\)\",*$/\1/p" <<<"$2"; }

if [ ! -d "$out/stages" ]; then
	mkdir "$new/stages"
	cp "$(field Dir "$(go mod download -json sigs.k8s.io/kwok)")"/kustomize/stage/node/{fast/node-initialize,heartbeat-with-lease/node-heartbeat-with-lease}.yaml "$new/stages/"
	chmod -R u+w "$new/stages"
	mv "$new/stages" "$out/stages"
fi

definitions() {
	mkdir "$new/crds"
	while read -r module version sum files; do
		case "$module" in '' | '#'*) continue ;; esac
		# Away from our go.mod: what a controller needs is not what we build.
		fetched="$(cd "$new" && go mod download -json "$module@$version")"
		if [ "$(field Sum "$fetched")" != "$sum" ]; then
			echo "$module@$version has checksum $(field Sum "$fetched"), crds.txt expects $sum: find out which is right" >&2
			exit 1
		fi
		into="$new/crds/$(basename "$module")-$version"
		mkdir "$into"
		# shellcheck disable=SC2086 # files is a pattern
		(cd "$(field Dir "$fetched")" && cp $files "$into/")
	done <crds.txt
	chmod -R u+w "$new/crds"
	cp crds.txt "$new/crds/"
	rm -rf "$out/crds"
	mv "$new/crds" "$out/crds"
}
if ! cmp -s crds.txt "$out/crds/crds.txt"; then
	printf '%-26s' "definitions" >&2
	time definitions
fi

ln -sfn "$(basename "$out")" "$root/current"
