#!/bin/sh
# Prints the lines of roomtone.acl that let a kit write in its own room alone:
#     sh kit-acl.sh SITE ROOM NODE
# They take the place of the lines that begin with `pattern write`; docs/mosquitto.md says how.
set -eu
if [ $# -ne 3 ]; then
    echo "usage: sh kit-acl.sh SITE ROOM NODE" >&2
    exit 2
fi
echo
echo "user $3"
for kind in state data timebase health config/reported command/result; do
    echo "topic write roomtone/1/$1/$2/$3/$kind"
done
