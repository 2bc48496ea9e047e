//! A gateway as a service of the machine: for an ordinary user, for root, and with the unit of deploy/.

use std::fs;

use super::journey::{Journey, Unit, has, lacks, same, until};
use super::machine::{Machine, Who};
use super::user_service::{BARE, ONBOARD, PROCESSES, READY, USER};
use crate::TaskResult;
use crate::setup::root;

const GATEWAY: Unit = Unit {
    who: Who::Root,
    name: "openclaw-gateway.service",
};
const NODE: Unit = Unit {
    who: Who::Root,
    name: "openclaw-node.service",
};

pub(super) fn run(journey: &mut Journey) -> TaskResult {
    install(journey)?;
    live(journey)?;
    reboot(journey)?;
    remove(journey)?;
    of_root(journey)?;
    of_deploy(journey)
}

fn install(journey: &mut Journey) -> TaskResult {
    journey.step("root installs gateway and node of the machine, for that user", |machine| {
        machine.say(Who::Root, "loginctl disable-linger molty")?;
        let said = machine.say(Who::Root, "openclaw gateway install --system --user molty && openclaw node install --system --user molty")?;
        has(&said, "It runs as molty.")?;
        has(&said, "Check, as molty: openclaw gateway status")?;
        machine.say(Who::Root, "systemd-analyze verify openclaw-gateway.service openclaw-node.service")?;
        let pid = GATEWAY.pid(machine)?;
        let user = machine.say(Who::Root, &format!("stat --format %U /proc/{pid}"))?;
        same("user", &user, "molty")?;
        let exposure = machine.say(Who::Root, "systemd-analyze security openclaw-gateway.service --no-pager | tail -n 1")?;
        let status = machine.say(USER, "openclaw gateway status")?;
        has(&status, "Service: systemd (enabled, of the machine)")?;
        lacks(&status, "Service issue")?;
        until(machine, USER, "openclaw nodes status | grep 'Connected: 1'")?;
        Ok(format!("runs as molty, node connected; {}", exposure.trim_start_matches(|c: char| !c.is_ascii()).trim()))
    })
}

fn live(journey: &mut Journey) -> TaskResult {
    journey.step(
        "its user restarts it in place and may not stop it",
        |machine| {
            let pid = GATEWAY.pid(machine)?;
            machine.say(USER, "openclaw gateway restart")?;
            same("pid", &GATEWAY.pid(machine)?, &pid)?;
            let told = machine.ends(USER, "openclaw gateway stop", 1)?;
            has(
                &told,
                "Fix: run it yourself: sudo systemctl stop openclaw-gateway.service",
            )?;
            same("pid", &GATEWAY.pid(machine)?, &pid)?;
            Ok(format!("same pid {pid}; stop names the sudo command"))
        },
    )?;
    journey.step("onboarding again leaves it to that service", |machine| {
        let said = machine.say(USER, ONBOARD)?;
        has(&said, "A systemd system service runs this gateway already")?;
        let told = machine.ends(USER, "openclaw gateway install", 1)?;
        has(
            &told,
            "To replace it by a systemd service: openclaw gateway install --force",
        )?;
        Ok("exit code 0, nothing installed twice".to_owned())
    })?;
    journey.step(
        "root stops and starts it, and kill -9 brings it back",
        |machine| {
            machine.say(Who::Root, "openclaw gateway stop --system")?;
            same(
                "state",
                &GATEWAY.property(machine, "ActiveState")?,
                "inactive",
            )?;
            machine.say(
                Who::Root,
                "openclaw gateway start --system && openclaw gateway restart --system",
            )?;
            let pid = GATEWAY.pid(machine)?;
            machine.say(Who::Root, &format!("kill -KILL {pid}"))?;
            GATEWAY.until(machine, "NRestarts", "1")?;
            until(machine, BARE, READY)?;
            Ok(format!("pid {pid}, then pid {}", GATEWAY.pid(machine)?))
        },
    )
}

fn reboot(journey: &mut Journey) -> TaskResult {
    journey.step(
        "the machine starts again: up without any manager of that user",
        |machine| {
            machine.reboot()?;
            until(machine, BARE, READY)?;
            same(
                "sessions",
                &machine.say(Who::Root, "loginctl list-sessions --no-legend")?,
                "",
            )?;
            same(
                "manager of the user",
                &machine.ends(Who::Root, "systemctl is-active user@1000.service", 3)?,
                "inactive",
            )?;
            until(machine, BARE, "openclaw nodes status | grep 'Connected: 1'")?;
            Ok(format!(
                "gateway pid {}, node pid {}",
                GATEWAY.pid(machine)?,
                NODE.pid(machine)?
            ))
        },
    )
}

fn remove(journey: &mut Journey) -> TaskResult {
    journey.step("root uninstalls both", |machine| {
        machine.say(
            Who::Root,
            "openclaw node uninstall --system && openclaw gateway uninstall --system",
        )?;
        nothing(machine)?;
        Ok("no unit, no link, no process".to_owned())
    })
}

fn of_root(journey: &mut Journey) -> TaskResult {
    journey.step(
        "root onboards without a login, then logs in and does so again",
        |machine| {
            let said = machine.say(Who::Root, ONBOARD)?;
            has(&said, "Installed systemd system service: ")?;
            let pid = GATEWAY.pid(machine)?;
            let again = machine.say(
                Who::RootLogin,
                &format!("{ONBOARD} && openclaw gateway install"),
            )?;
            has(&again, "Gateway service already enabled.")?;
            same("pid", &GATEWAY.pid(machine)?, &pid)?;
            machine.say(Who::RootLogin, "openclaw gateway uninstall")?;
            nothing(machine)?;
            Ok(format!(
                "one service of the machine, pid {pid}; uninstalled"
            ))
        },
    )
}

fn of_deploy(journey: &mut Journey) -> TaskResult {
    let file = root().join("deploy/systemd/openclaw.service");
    journey.step("the unit of deploy/systemd, as its head says", |machine| {
        let place = machine.path("/etc/systemd/system/openclaw.service");
        fs::copy(&file, &place).map_err(|error| format!("{}: {error}", file.display()))?;
        machine.say(
            Who::Root,
            "useradd --system --home-dir /var/lib/openclaw --shell /usr/sbin/nologin openclaw && systemctl daemon-reload && systemd-analyze verify --man=no openclaw.service && systemctl enable --now openclaw",
        )?;
        machine.say(BARE, READY)?;
        machine.say(
            Who::Root,
            "setpriv --reuid openclaw --regid openclaw --init-groups env HOME=/var/lib/openclaw openclaw gateway status | grep 'OpenClaw gateway: up' && systemctl disable --now openclaw && rm /etc/systemd/system/openclaw.service && systemctl daemon-reload",
        )?;
        nothing(machine)?;
        Ok("verified, enabled, ready, status of its user up; removed".to_owned())
    })
}

fn nothing(machine: &Machine) -> TaskResult {
    same(
        "files",
        &machine.say(Who::Root, "find /etc/systemd -name '*openclaw*'")?,
        "",
    )?;
    same(
        "units",
        &machine.say(
            Who::Root,
            "systemctl list-units --all --plain --no-legend 'openclaw*'",
        )?,
        "",
    )?;
    same("processes", &machine.say(Who::Root, PROCESSES)?, "0")
}
