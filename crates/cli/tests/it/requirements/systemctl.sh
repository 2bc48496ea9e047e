#!/bin/bash
# `systemctl --user` as far as units of one machine need it: it runs what they say, and ends it.
units=$HOME/.config/systemd/user state=$HOME/.systemd
mkdir -p "$state"
words=()
for word; do case $word in --*) ;; *) words+=("$word") ;; esac; done
unit=${words[1]}
process() { cat "$state/$unit.pid" 2>/dev/null; }
runs() { [ -n "$(process)" ] && kill -0 "$(process)" 2>/dev/null; }
start() {
  runs && return 0
  (
    while IFS= read -r line; do
      case $line in
        Environment=*) eval "export ${line#Environment=}" ;;
        ExecStart=*) program=${line#ExecStart=} ;;
      esac
    done < "$units/$unit"
    eval "exec setsid ${program//%%/%}"
  ) > "$state/$unit.log" 2>&1 < /dev/null &
  echo $! > "$state/$unit.pid"
}
stop() {
  runs || return 0
  kill "$(process)"
  while runs; do sleep 0.02; done
  rm -f "$state/$unit.pid"
}
case ${words[0]} in
  show)
    [ -e "$state/$unit.enabled" ] && echo UnitFileState=enabled || echo UnitFileState=disabled
    runs && echo ActiveState=active || echo ActiveState=inactive
    runs && echo "MainPID=$(process)"
    exit 0
    ;;
  daemon-reload) ;;
  enable) [ -e "$units/$unit" ] && touch "$state/$unit.enabled" ;;
  disable) rm -f "$state/$unit.enabled" ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
esac
