#!/usr/bin/env bash
# Usage: tour.sh <openclaw binary> <empty folder>. Runs inside fresh user, network, mount and pid namespaces.
set -euo pipefail
openclaw=$1 homes=$2
mkdir -p "$homes/one" "$homes/two"

fail() {
    echo "FAILED: $*" >&2
    for log in "$homes"/*.log; do echo "--- $log" >&2; tail -n 40 "$log" >&2; done
    exit 1
}
# until_seen <what> <command…>: repeats the command until it succeeds, for at most 60 seconds.
until_seen() {
    local what=$1 end=$((SECONDS + 60)); shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "$what did not happen"
        read -rt 0.05 <> <(:) || true
    done
}

# Two machines: this namespace, and one more, joined by a cable. No other way leads from one to the other.
unshare --net sleep 600 &
second_pid=$!
own_namespace=$(readlink /proc/self/ns/net)
is_elsewhere() { [ "$(readlink "/proc/$second_pid/ns/net")" != "$own_namespace" ]; }
until_seen "second namespace" is_elsewhere
ip link set lo up
ip link add cable0 type veth peer name cable1
ip link set cable1 netns "$second_pid"
ip addr add 10.77.0.1/24 dev cable0
ip link set cable0 up
nsenter --net=/proc/$second_pid/ns/net ip link set lo up
nsenter --net=/proc/$second_pid/ns/net ip addr add 10.77.0.2/24 dev cable1
nsenter --net=/proc/$second_pid/ns/net ip link set cable1 up

one() { HOME=$homes/one TMPDIR=$homes "$openclaw" "$@"; }
two() { HOME=$homes/two TMPDIR=$homes nsenter --net=/proc/$second_pid/ns/net "$openclaw" "$@"; }

# Machine one: everything that is missing is made, the gateway runs.
start_gateway() {
    HOME=$homes/one TMPDIR=$homes "$openclaw" up --bind lan --port 18789 >>"$homes/gateway.log" 2>&1 &
    gateway_pid=$!
    until_seen "gateway start" one health
}
start_gateway
token=$(one config get gateway.auth.token)
[ "${#token}" -ge 32 ] || fail "no token was made"
until_seen "own machine as a node" sh -c "HOME='$homes/one' '$openclaw' nodes status --json | grep -q '\"connected\": *true'"

# Machine two: asks to come in as a node and shows a code.
HOME=$homes/two TMPDIR=$homes OPENCLAW_GATEWAY_TOKEN=$token nsenter --net=/proc/$second_pid/ns/net \
    "$openclaw" node run --host 10.77.0.1 --port 18789 --display-name second >"$homes/node.log" 2>&1 &
node_pid=$!
until_seen "pairing code" grep -Eq 'pairing approve [A-Z2-9]{8}' "$homes/node.log"
code=$(grep -Eo 'pairing approve [A-Z2-9]{8}' "$homes/node.log" | head -1 | cut -d' ' -f3)
one pairing list | grep -q "$code" || fail "the code is not shown on the gateway"
one pairing approve "$code" || fail "approve"
connected() { one nodes status --json --connected | grep -q '"second"'; }
until_seen "second machine as a node" connected

# From machine one, through the gateway, on machine two.
one approvals allowlist add "$(command -v uname)" --node second >/dev/null || fail "allowlist"
answer=$(one nodes run --node second -- uname -a) || fail "nodes run"
[ "$answer" = "$(uname -a)" ] || fail "unexpected answer: $answer"
echo "answer: $answer"

# The gateway is killed without warning and started again: the node is back by itself, still paired.
kill -9 "$gateway_pid"
wait "$gateway_pid" 2>/dev/null || true
start_gateway
until_seen "node back after kill -9" connected
[ "$(one nodes run --node second -- uname -n)" = "$(uname -n)" ] || fail "nodes run after the restart"
one devices list --json | grep -q '"pending": *\[\]' || fail "something waits for approval after the restart"
one audit verify >/dev/null || fail "audit log"

# Orderly ends.
kill -TERM "$node_pid"; wait "$node_pid" || fail "node host did not end cleanly"
kill -TERM "$gateway_pid"; wait "$gateway_pid" || fail "gateway did not end cleanly"
kill "$second_pid"
echo "tour complete"
