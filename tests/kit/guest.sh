#!/bin/bash
# Runs in the booted Debian, as root; each line with `ok:` or FAILED is a result.
set -u

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then
        echo "ok: $what"
    else
        echo "FAILED: $what"
        systemctl status --no-pager --full roomtone-edge
        journalctl --no-pager -n 40 -u roomtone-edge -u roomtone-release
        systemctl poweroff
        exit 1
    fi
}

until_so() { # until_so SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.5
    done
}

shown() { systemctl show --property="$1" --value roomtone-edge; }
is_active() { [ "$(systemctl is-active roomtone-edge)" = active ]; }
is() { [ "$1" = "$2" ]; }
has() { [[ $1 == *$2* ]]; }
current() { basename "$(readlink /opt/roomtone/current)"; }
says_link() { has "$(shown StatusText)" "no connection"; }
runs_another_than() { [ "$(current)" != "$1" ]; }
has_restarted() { [ "$(shown NRestarts)" -ge 1 ] && is_active; }

first_boot() {
    check "not enrolled, the agent does not run, and nothing has failed" is "$(shown ConditionResult) $(shown Result)" "no success"
    install -o roomtone -g roomtone -m 600 /root/edge.toml /etc/roomtone/edge.toml
    check "enrolled, it starts and is ready" systemctl start roomtone-edge
    check "it runs as its own user" is "$(stat -c %U "/proc/$(shown MainPID)")" roomtone
    until_so 20 says_link
    check "it says how it is: $(shown StatusText)" has "$(shown StatusText)" "hubs up: 0 of 1"
    check "it holds its outbox" test -e /var/lib/roomtone/outbox/runs

    mkdir -p /run/systemd/system/roomtone-edge.service.d
    printf '[Service]\nWatchdogSec=6\nRestartSec=1\n' >/run/systemd/system/roomtone-edge.service.d/fast.conf
    systemctl daemon-reload
    systemctl restart roomtone-edge
    sleep 10
    check "an agent that works is left alone by a watchdog of 6 s" is "$(shown NRestarts)" 0
    kill -STOP "$(shown MainPID)"
    check "a hung agent is started again" until_so 60 has_restarted
    check "the journal says why" has "$(journalctl --no-pager -u roomtone-edge)" "Watchdog timeout"
    kill -KILL "$(shown MainPID)"
    check "a killed agent is started again" until_so 60 is_active
    rm -r /run/systemd/system/roomtone-edge.service.d
    systemctl daemon-reload
    systemctl restart roomtone-edge

    local first=$(current)
    python3 /root/spoil.py /root/fine fine
    roomtone release install --wheels /root/fine
    check "a good release is kept" test "$(current)" != "$first"
    local good=$(current)
    python3 /root/spoil.py /root/unfit unfit
    roomtone release install --wheels /root/unfit
    check "one that does not read the settings is never started" is "$?-$(current)" "3-$good"
    python3 /root/spoil.py /root/crashes crashes
    roomtone release install --wheels /root/crashes
    check "one that crashes is taken back" is "$?-$(current)" "3-$good"
    check "because it failed while it ran" has "$(roomtone release list)" "it failed 3 times"
    check "and the good one runs" is_active
    roomtone release list
    check "the list says so" is "$?" 3

    roomtone release install --again --wheels /root/crashes &
    check "tried again, it is on trial" until_so 300 test -e /opt/roomtone/trial.json
    check "and switched to" until_so 60 runs_another_than "$good"
    cp /opt/roomtone/trial.json /root/trial.json
    echo "$good" >/root/good
    sync
    echo "CUT THE POWER"
    sleep 60
}

second_boot() {
    local good=$(cat /root/good)
    check "the power went in the middle of the trial" grep -q "$good" /root/trial.json
    check "a trial that a power cut ended is judged at boot" until_so 300 test ! -e /opt/roomtone/trial.json
    check "by the unit for that" has "$(journalctl --boot --no-pager -u roomtone-release)" "was taken back"
    check "and the bad release is taken back" is "$(current)" "$good"
    check "the good one runs" until_so 30 is_active
    dpkg --remove roomtone-edge >/dev/null 2>&1
    check "the package goes, and its units" test ! -e /etc/systemd/system/roomtone-edge.service -a ! -e /opt/roomtone
    check "settings stay until they are purged" test -e /etc/roomtone/edge.toml
    dpkg --purge roomtone-edge >/dev/null 2>&1
    check "a purge takes them too" test ! -e /etc/roomtone -a ! -e /var/lib/roomtone
    echo "ALL IS DONE"
    systemctl poweroff
}

if [ -e /root/good ]; then second_boot; else first_boot; fi
