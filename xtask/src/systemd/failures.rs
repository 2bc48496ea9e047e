//! What goes wrong in the life of a gateway, and what its service makes of it.

use super::journey::{Journey, has, lacks, same, until};
use super::user_service::{BARE, GATEWAY, READY, USER, listed};
use crate::TaskResult;

/// Longer than systemd waits before it starts a gateway again.
const OVER_RESTART: &str = "sleep 7";

/// A program that has the port of the gateway.
const OCCUPY: &str = "nohup perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => \"127.0.0.1\", LocalPort => 18789, Listen => 5, ReuseAddr => 1) or die; sleep 600' > /dev/null 2>&1 & echo $! > ~/occupier; until (exec 3<>/dev/tcp/127.0.0.1/18789) 2>/dev/null; do sleep 0.1; done";

/// A drop-in, as `systemctl edit` makes one; only a new start by systemd heeds it.
const SHORT_WATCHDOG: &str = "folder=~/.config/systemd/user/openclaw-gateway.service.d && mkdir $folder && printf '[Service]\\nWatchdogSec=3\\n' > $folder/watchdog.conf && systemctl --user daemon-reload && openclaw gateway install --force";
const USUAL_WATCHDOG: &str = "rm -r ~/.config/systemd/user/openclaw-gateway.service.d && systemctl --user daemon-reload && openclaw gateway install --force";

pub(super) fn run(journey: &mut Journey) -> TaskResult {
    killed(journey)?;
    hung(journey)?;
    changed(journey)?;
    second(journey)?;
    occupied(journey)?;
    broken_config(journey)?;
    removed_while_failed(journey)
}

fn killed(journey: &mut Journey) -> TaskResult {
    journey.step("kill -9: systemd brings it back", |machine| {
        let pid = GATEWAY.pid(machine)?;
        machine.say(BARE, &format!("kill -KILL {pid}"))?;
        GATEWAY.until(machine, "NRestarts", "1")?;
        until(machine, BARE, READY)?;
        let said = machine.say(USER, "openclaw gateway status")?;
        lacks(&said, "Service issue")?;
        Ok(format!("pid {pid}, then pid {}", GATEWAY.pid(machine)?))
    })
}

fn hung(journey: &mut Journey) -> TaskResult {
    journey.step(
        "a gateway that hangs: the watchdog ends it, systemd brings it back",
        |machine| {
            machine.say(USER, SHORT_WATCHDOG)?;
            same(
                "watchdog",
                &GATEWAY.property(machine, "WatchdogUSec")?,
                "3s",
            )?;
            let pid = GATEWAY.pid(machine)?;
            machine.say(BARE, &format!("kill -STOP {pid}"))?;
            GATEWAY.until(machine, "NRestarts", "1")?;
            until(machine, BARE, READY)?;
            let now = GATEWAY.pid(machine)?;
            let journal = "journalctl --user --no-pager --unit openclaw-gateway.service";
            has(&machine.say(USER, journal)?, "Watchdog timeout")?;
            machine.say(USER, USUAL_WATCHDOG)?;
            Ok(format!("pid {pid} was stopped, then pid {now}"))
        },
    )
}

fn changed(journey: &mut Journey) -> TaskResult {
    journey.step(
        "a unit changed by hand: status tells, install mends",
        |machine| {
            let unit = "~/.config/systemd/user/openclaw-gateway.service";
            machine.say(
                USER,
                &format!("sed -i s/RestartSec=5/RestartSec=50/ {unit}"),
            )?;
            let status = machine.say(USER, "openclaw gateway status")?;
            has(&status, "    - RestartSec=50\n    + RestartSec=5\n")?;
            has(
                &status,
                "Service issue: the service file changed, but the service manager has not reloaded it",
            )?;
            machine.say(USER, &format!("openclaw gateway install && rm {unit}.bak"))?;
            same(
                "RestartSec",
                &GATEWAY.property(machine, "RestartUSec")?,
                "5s",
            )?;
            lacks(
                &machine.say(USER, "openclaw gateway status")?,
                "Service issue",
            )?;
            Ok(
                "the line that differs, and that systemd has the older one; then neither"
                    .to_owned(),
            )
        },
    )
}

fn second(journey: &mut Journey) -> TaskResult {
    journey.step("exit code 78: systemd does not try again", |machine| {
        machine.say(
            USER,
            "openclaw gateway stop && { nohup openclaw gateway run > by-hand.log 2>&1 & } && sleep 0.1",
        )?;
        until(machine, BARE, READY)?;
        let told = machine.ends(USER, "openclaw gateway start", 1)?;
        has(&told, "a gateway runs outside its service (pid ")?;
        has(&told, "Fix: openclaw gateway stop, then start again")?;
        // Not by us, but by systemd itself.
        let start = GATEWAY.systemctl("start openclaw-gateway.service");
        machine.ends(BARE, &start, 1)?;
        machine.say(BARE, OVER_RESTART)?;
        for (property, value) in [("ActiveState", "failed"), ("ExecMainStatus", "78"), ("NRestarts", "0")] {
            same(property, &GATEWAY.property(machine, property)?, value)?;
        }
        let said = machine.say(USER, "openclaw gateway stop && openclaw gateway start")?;
        has(&said, "Stopped the gateway that ran without a service (pid ")?;
        machine.say(BARE, READY)?;
        Ok("failed with 78, not started again; stop ends the one by hand, start works".to_owned())
    })
}

fn occupied(journey: &mut Journey) -> TaskResult {
    journey.step(
        "a port that somebody has: start says why, and it comes up once the port is free",
        |machine| {
            machine.say(USER, "openclaw gateway stop")?;
            machine.say(USER, OCCUPY)?;
            let told = machine.ends(USER, "openclaw gateway start", 1)?;
            has(
                &told,
                "Gateway start failed: openclaw-gateway.service failed to start:",
            )?;
            has(
                &told,
                "\nGateway failed to start: Port 18789 is already in use.\n",
            )?;
            lacks(&told, "run it yourself")?;
            machine.say(USER, "kill $(cat ~/occupier)")?;
            GATEWAY.until(machine, "ActiveState", "active")?;
            machine.say(BARE, READY)?;
            Ok(told.lines().skip(1).collect::<Vec<_>>().join(" | "))
        },
    )
}

fn broken_config(journey: &mut Journey) -> TaskResult {
    journey.step("a config that cannot be used: no restart, and what runs goes on", |machine| {
        let pid = GATEWAY.pid(machine)?;
        machine.say(
            USER,
            "cd ~/.openclaw && cp openclaw.json ~/good.json && echo '{ broken' > openclaw.json && rm -f openclaw.json.last-good openclaw.json.bak*",
        )?;
        let told = machine.ends(USER, "openclaw gateway restart", 1)?;
        has(&told, "Gateway restart failed: the gateway stays as it is: the config cannot be used")?;
        same("pid", &GATEWAY.pid(machine)?, &pid)?;
        machine.say(BARE, READY)?;
        machine.say(USER, "cp ~/good.json ~/.openclaw/openclaw.json && openclaw gateway restart")?;
        same("pid", &GATEWAY.pid(machine)?, &pid)?;
        Ok(format!("still pid {pid}; with the good config it restarts"))
    })
}

fn removed_while_failed(journey: &mut Journey) -> TaskResult {
    journey.step("uninstalling a service that failed leaves no trace of it", |machine| {
        machine.say(USER, "openclaw gateway stop && { nohup openclaw gateway run > by-hand.log 2>&1 & } && sleep 0.1")?;
        until(machine, BARE, READY)?;
        machine.ends(BARE, &GATEWAY.systemctl("start openclaw-gateway.service"), 1)?;
        machine.say(USER, "openclaw gateway uninstall")?;
        lacks(&listed(machine)?, "openclaw-gateway")?;
        // The one by hand is not the service's.
        machine.say(BARE, READY)?;
        let refused = machine.ends(USER, "openclaw gateway install", 1)?;
        has(&refused, "a gateway runs without a service (pid ")?;
        machine.say(USER, "openclaw gateway install --force")?;
        until(machine, BARE, "openclaw nodes status | grep 'Connected: 1'")?;
        Ok("nothing listed; install --force takes over from the one by hand".to_owned())
    })
}
