#!/usr/bin/env bash
# The program alone in a read-only root: started, asked, stopped, started again, as an engine does it.
# $2/root holds the program and what it is linked with, and an empty /data; $2/state becomes /data.
set -euo pipefail
root=$2/root state=$2/state log=$2/log
chroot=$(command -v chroot)

ip link set lo up
mount --bind "$root" "$root"
mount --bind "$state" "$root/data"
mount -o remount,bind,ro "$root"
if touch "$root/openclaw.new" 2>/dev/null; then echo "the root can be written"; exit 1; fi

# In a user namespace with one user there is no other user to become.
as=()
if [ "$(awk 'NR == 1 { print $3 }' /proc/self/uid_map)" -gt 65532 ]; then
    chown 65532:65532 "$state"
    as=(--userspec=65532:65532 --groups=65532)
fi
# Words, not a function: what runs in the background is then the program itself, and gets the signals.
inside=(env -i HOME=/data OPENCLAW_STATE_DIR=/data OPENCLAW_IN_CONTAINER=1 "$chroot" "${as[@]}" "$root")
if "${inside[@]}" /bin/sh -c true 2>/dev/null; then echo "there is a shell in the root"; exit 1; fi
if "${inside[@]}" /openclaw health --exit-code 2>/dev/null; then echo "healthy before it runs"; exit 1; fi

start() {
    "${inside[@]}" /openclaw gateway run >"$log.$1" 2>&1 </dev/null &
    gateway=$!
    until [ "$("${inside[@]}" /openclaw health --exit-code 2>/dev/null)" = ready ]; do
        kill -0 "$gateway" || { cat "$log.$1"; exit 1; }
    done
}
stop() {
    kill -TERM "$gateway"
    wait "$gateway" || { echo "ended with $?"; cat "$log.$1"; exit 1; }
    if "${inside[@]}" /openclaw health --exit-code 2>/dev/null; then echo "healthy after its end"; exit 1; fi
}

start first
"${inside[@]}" /openclaw gateway status >"$log.status"
grep -q 'bind=lan (default in a container' "$log.status" || { cat "$log.status"; exit 1; }
grep -q 'Listening: .*0\.0\.0\.0:18789' "$log.status" || { cat "$log.status"; exit 1; }
# No /tmp in this root: the log is beside the state, and is found there.
grep -q '^File logs: /data/logs/' "$log.status" || { cat "$log.status"; exit 1; }
token=$(sed -n 's/^Token (shown this once): //p' "$log.first")
[ "${#token}" -eq 64 ] || { cat "$log.first"; exit 1; }
[ "$("${inside[@]}" /openclaw config get gateway.auth.token)" = "$token" ]
grep -q 'bind=lan because this is a container (OPENCLAW_IN_CONTAINER' "$log.first" || { cat "$log.first"; exit 1; }
stop first
start second
if grep -q "$token" "$log.second"; then echo "the token was shown again"; exit 1; fi
stop second
echo "empty root complete"
