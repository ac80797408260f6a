#!/usr/bin/env bash
# rollback.sh STACK: configures the release that was deployed before the one
# that is configured, as the stack's history tells; `pulumi up` deploys it.
# Run twice, it goes forward again. Exit status 3: there is no other release.
set -euo pipefail

[ $# = 1 ] || {
	echo "usage: tools/rollback.sh STACK" >&2
	exit 2
}
stack=$1
keys='["image", "blueImage", "greenImage", "live", "workerImage"]'

release() { # of {"script-ohio:KEY": {"value": ...}}
	jq -c --argjson keys "$keys" '. as $config | [$keys[] | {key: ., value: ($config["script-ohio:" + .].value // "")}] | from_entries'
}

now=$(pulumi config --json --stack "$stack" | release)
before=""
while read -r config; do
	before=$(release <<<"$config")
	[ "$before" != "$now" ] && break
	before=""
done < <(pulumi stack history --json --page-size 100 --stack "$stack" |
	jq -c '.[] | select(.kind == "update" and .result == "succeeded") | .config')
[ -n "$before" ] || {
	echo "the history of $stack has no release other than $now" >&2
	exit 3
}

while IFS=$'\t' read -r key value; do
	if [ -n "$value" ]; then
		pulumi config set "$key" "$value" --stack "$stack"
	else
		pulumi config rm "$key" --stack "$stack" 2>/dev/null || true # was not set
	fi
done < <(jq -r 'to_entries[] | [.key, .value] | @tsv' <<<"$before")
echo "$stack: from $now to $before"
