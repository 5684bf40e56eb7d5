#!/usr/bin/env bash
# Keeps a file as Keyhold has the configuration, all that stands under config/. A change is only a sign to read it again,
# so nothing here needs to understand JSON.
#
# usage: reload.sh [SERVER [FILE]]
set -u
server=${1:-http://127.0.0.1:3000}
file=${2:-config.json}
cursor=now    # where the next connection goes on
changed=yes   # whether the file is behind
delay=1

reload() {
  curl -sSf -m 10 -o "$file.new" "$server/keys?prefix=config/" || return
  mv "$file.new" "$file"
  printf 'reloaded: %s\n' "$(cat "$file")"   # Here a service would be told, as by kill -HUP.
}

while true; do
  ready=no event=
  # A heartbeat comes every 15 seconds: 45 without a byte mean that nobody is there.
  while read -r field value; do
    case $field in
      event:) event=$value ;;
      id:) cursor=$value ;;
      '')   # The end of an event, or of a heartbeat.
        case $event in
          put | delete | expire) changed=yes ;;
          reset) changed=yes ready=no ;;   # What was missed is not known any more: a snapshot follows, up to "ready".
          ready) ready=yes delay=1 ;;
        esac
        event=
        if [ "$ready$changed" = yesyes ] && reload; then changed=no; fi
        ;;
    esac
  done < <(curl -sSfN --connect-timeout 10 --speed-limit 1 --speed-time 45 \
    "$server/keys?watch&values=0&prefix=config/&since=$cursor")
  echo "not connected; again in about $delay s" >&2
  sleep "$delay.$((RANDOM % 10))"
  delay=$((delay * 2 > 30 ? 30 : delay * 2))
done
