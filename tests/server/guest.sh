#!/bin/bash
# Runs in the Debian of tests/server/run, as root, after it has booted. Each check prints a line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
trap 'systemctl poweroff --force --force' EXIT

now() { cut -d. -f1 /proc/uptime; }
failed() { echo "FAILED $*"; exit 1; }
check() { # check SENTENCE COMMAND...: the command's words are printed; it has to end well
    local sentence=$1
    shift
    "$@" 2>&1 || failed "$sentence: $*"
    echo "ok: $sentence"
}

ip link set lo up
began=$(now)
check "roomtone server install has made a server" \
    roomtone server install --site our-school --name roomtone.school.example --https caddy-internal \
    --administrator ada@school.example
echo "ok: that took $(($(now) - began)) s in here"

services="roomtone-authority roomtone-enrolment roomtone-ingest roomtone-score roomtone-dashboard mosquitto chrony caddy"
for name in $services; do
    systemctl is-active --quiet "$name" || failed "$name does not run: $(journalctl -u "$name" -n 20 --no-pager)"
    systemctl is-enabled --quiet "$name" || failed "$name would not start with the computer"
done
echo "ok: every service runs, and starts with the computer"
check "the doctor finds nothing wrong" roomtone doctor
check "a second installation changes nothing" sh -c \
    'roomtone server install --site our-school --name roomtone.school.example --https caddy-internal >/tmp/again \
    && ! grep -E "^(write|change|link|make|copy) |restart" /tmp/again'
check "the pages answer under their name by HTTPS" python3 -c '
import http.client, ssl
pages = http.client.HTTPSConnection("roomtone.school.example", context=ssl._create_unverified_context())
pages.request("GET", "/sign-in", headers={"Accept": "text/html"})
assert pages.getresponse().status == 200'
check "nobody but root and its user reads the keys" sh -c \
    '! runuser -u nobody -- cat /etc/roomtone/server.key && ! runuser -u roomtone -- ls /var/lib/roomtone-authority'

main=$(systemctl show --property MainPID --value roomtone-score)
kill -KILL "$main"
for _ in $(seq 60); do
    again=$(systemctl show --property MainPID --value roomtone-score)
    [ "$again" != "$main" ] && systemctl is-active --quiet roomtone-score && break
    sleep 2
done
check "a service that was killed is started again" systemctl is-active roomtone-score

mkdir -p /mnt/backup
check "a room is described" roomtone room add room-12 --seats 30
check "a backup goes off" roomtone server backup --to /mnt/backup/roomtone
check "the timer's service makes one as well, within its unit" systemctl start roomtone-backup.service
check "a restore is rehearsed within its unit" systemctl start roomtone-rehearsal.service
check "the doctor knows both" sh -c \
    'roomtone doctor >/tmp/said && grep -q "^ok *backup: the last one" /tmp/said && grep -q "^ok *restore: was rehearsed" /tmp/said'

# A second release, as `make install-server` would put it beside the first.
cd /opt/roomtone/releases || failed "there is no release"
old=$(ls) new=99991231T000000Z
cp -a "$old" "$new"
grep -rlI "/releases/$old/" "$new/bin" | xargs sed -i "s|/releases/$old/|/releases/$new/|"
check "an upgrade starts the new release" roomtone server upgrade
check "it runs" sh -c "readlink /opt/roomtone/current | grep -q $new && roomtone room list | grep -q room-12"
check "a rollback starts the old one" roomtone server rollback
check "it runs again" sh -c "readlink /opt/roomtone/current | grep -q $old && roomtone doctor"
# One that does not work.
printf '#!/bin/sh\ncase "$*" in score*) exit 1 ;; *) exec /opt/roomtone/releases/%s/bin/python -m roomtone "$@" ;; esac\n' \
    "$new" >"$new/bin/roomtone"
if roomtone server upgrade; then failed "a release without scores was taken"; fi
check "a release that does not work is taken back by itself" sh -c "readlink /opt/roomtone/current | grep -q $old && roomtone doctor"
echo "ok: ALL IS DONE after $(now) s"
echo "ALL IS DONE"
