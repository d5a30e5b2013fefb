#!/bin/sh
# Wounds one of the servers whose process ids stand in the files of a folder, at random: kills it, or makes it stand still for
# some seconds, longer at times than a session lives. Whoever started the servers starts again what was killed.
#
#   hurt-servers.sh FOLDER
folder="$1"

heal() {
  for file in "$folder"/*.pid; do kill -CONT "$(cat "$file")" 2>/dev/null; done
}
trap 'heal; exit 0' TERM INT

# A number from 0 to $1 - 1.
any() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }

rest() {
  sleep "$1" &
  wait $!
}

count=$(ls "$folder"/*.pid | wc -l)
victim="$(ls "$folder"/*.pid | sed -n "$(($(any "$count") + 1))p")"
pid="$(cat "$victim")"
rest $((2 + $(any 5)))
if [ "$(any 2)" = 0 ]; then
  kill -KILL "$pid" 2>/dev/null && echo "killed $pid"
else
  seconds=$((1 + $(any 9)))
  kill -STOP "$pid" 2>/dev/null && echo "paused $pid for $seconds s"
  rest "$seconds"
  heal
fi
