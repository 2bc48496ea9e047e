//! A gateway as the service of an ordinary user: from onboarding to the last trace, with a restart of the machine between.

use super::journey::{Journey, Unit, has, lacks, same, until};
use super::machine::{Machine, Who};
use crate::TaskResult;

pub(super) const USER: Who = Who::Login("molty");
/// The same user, who leaves no session behind and needs none.
pub(super) const BARE: Who = Who::Bare("molty");
pub(super) const GATEWAY: Unit = Unit {
    who: BARE,
    name: "openclaw-gateway.service",
};
const RESCUE: Unit = Unit {
    who: BARE,
    name: "openclaw-gateway-rescue.service",
};
const NODE: Unit = Unit {
    who: BARE,
    name: "openclaw-node.service",
};
const TUNNEL: Unit = Unit {
    who: BARE,
    name: "openclaw-tunnel.service",
};

pub(super) const ONBOARD: &str =
    "openclaw onboard --non-interactive --accept-risk --install-daemon";
/// Says what a gateway says when it is asked whether it is ready; fails when nobody answers.
pub(super) const READY: &str = "exec 3<>/dev/tcp/127.0.0.1/18789 && printf 'GET /readyz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | tr -d '\\r' | grep 200";
/// How many processes of ours there are.
pub(super) const PROCESSES: &str = "for exe in /proc/[0-9]*/exe; do readlink \"$exe\"; done 2>/dev/null | grep -c '^/usr/local/bin/openclaw' || true";
/// What systemd lists of ours, for this user or the machine.
const LISTED: &str = "list-units --all --plain --no-legend 'openclaw*'";

/// Connects all the time while the gateway restarts, and looks at its sockets before and after.
const RESTART: &str = r#"
sockets() { awk '$4 == "0A" && $2 ~ /:4965$/ { print $10 }' /proc/net/tcp /proc/net/tcp6 | sort | tr '\n' ' '; }
work=$(mktemp -d)
before=$(sockets)
( count=0
  while [ ! -e "$work/enough" ]; do
      (exec 3<>/dev/tcp/127.0.0.1/18789) 2>/dev/null || echo refused >> "$work/refused"
      count=$((count + 1)); echo $count > "$work/count"
  done ) &
openclaw gateway restart
code=$?
systemctl --user is-active openclaw-gateway.service
touch "$work/enough"; wait
[ "$before" = "$(sockets)" ] && echo "same sockets"
[ ! -e "$work/refused" ] && echo "none of $(cat "$work/count") connects refused"
exit $code
"#;

/// Where a token could have got to by mistake.
const TOKEN_TRACES: &str = r#"
token=$(openclaw config get gateway.auth.token)
[ ${#token} -ge 32 ] || { echo "no token: $token"; exit 1; }
pid=$(systemctl --user show openclaw-gateway.service --property MainPID --value)
{ cat ~/.config/systemd/user/openclaw-gateway.service
  systemctl --user show openclaw-gateway.service
  systemctl --user show-environment
  tr '\0' '\n' < /proc/$pid/environ
  tr '\0' '\n' < /proc/$pid/cmdline
  journalctl --user --no-pager
} > traces
grep -c . traces
! grep -F -- "$token" traces
"#;

pub(super) fn run(journey: &mut Journey) -> TaskResult {
    onboard(journey)?;
    unit(journey)?;
    linger(journey)?;
    lifecycle(journey)?;
    profiles(journey)?;
    node_and_tunnel(journey)
}

fn onboard(journey: &mut Journey) -> TaskResult {
    journey.step("an ordinary user onboards, who may not switch lingering on", |machine| {
        machine.say(
            Who::Root,
            "useradd --create-home --shell /bin/bash molty && systemctl mask --now polkit.service",
        )?;
        let said = machine.say(USER, ONBOARD)?;
        has(&said, "Installed systemd service: /home/molty/.config/systemd/user/openclaw-gateway.service")?;
        has(&said, "Gateway: answers at ")?;
        has(&said, "Run: sudo loginctl enable-linger molty")?;
        Ok("installed, answers, and names the command for lingering".to_owned())
    })
}

fn unit(journey: &mut Journey) -> TaskResult {
    journey.step("the unit is what systemd understands, and it is ready when it says so", |machine| {
        let said = machine.say(
            USER,
            "systemd-analyze --user verify ~/.config/systemd/user/openclaw-gateway.service && systemctl --user is-enabled openclaw-gateway.service && systemctl --user show openclaw-gateway.service --property Type,NotifyAccess,ActiveState,StatusText,NRestarts,WatchdogUSec",
        )?;
        for part in ["enabled\n", "Type=notify", "NotifyAccess=main", "ActiveState=active", "StatusText=listening on 127.0.0.1:18789", "NRestarts=0", "WatchdogUSec=1min"] {
            has(&said, part)?;
        }
        machine.say(USER, READY)?;
        Ok("verified, enabled, active, Type=notify, watchdog 1 min, /readyz 200".to_owned())
    })?;
    journey.step("the token is in the config alone", |machine| {
        let lines = machine.say(USER, TOKEN_TRACES)?;
        Ok(format!(
            "not in {lines} lines of unit, properties, environments, command line and journal"
        ))
    })
}

fn linger(journey: &mut Journey) -> TaskResult {
    journey.step("without lingering it ends with the last login, as was said", |machine| {
        let gone = format!("[ \"$({PROCESSES})\" = 0 ]");
        until(machine, Who::Root, &gone)?;
        let said = machine.say(USER, "openclaw gateway status")?;
        has(&said, "Service issue: lingering is off for molty: the service stops when nobody is logged in\n  Fix: sudo loginctl enable-linger molty")?;
        Ok("no process is left; status names the fix".to_owned())
    })?;
    journey.step(
        "installing again switches lingering on, where that is allowed",
        |machine| {
            machine.say(Who::Root, "systemctl unmask polkit.service")?;
            let said = machine.say(USER, "openclaw gateway install")?;
            has(&said, "Lingering is on for molty")?;
            machine.say(Who::Root, "test -e /var/lib/systemd/linger/molty")?;
            let status = machine.say(USER, "openclaw gateway status")?;
            has(&status, "OpenClaw gateway: up")?;
            lacks(&status, "Service issue")?;
            Ok("lingering on, no issue in status".to_owned())
        },
    )?;
    journey.step("installing once more changes nothing", |machine| {
        let pid = GATEWAY.pid(machine)?;
        let said = machine.say(BARE, "openclaw gateway install")?;
        has(&said, "Gateway service already enabled.")?;
        same("pid", &GATEWAY.pid(machine)?, &pid)?;
        Ok(format!(
            "already enabled, still pid {pid}; from a shell without a session"
        ))
    })
}

fn lifecycle(journey: &mut Journey) -> TaskResult {
    journey.step("restart keeps process and sockets", |machine| {
        let pid = GATEWAY.pid(machine)?;
        let said = machine.say(USER, RESTART)?;
        for part in [
            "Restarted the gateway in place",
            "\nactive\n",
            "same sockets",
            "connects refused",
        ] {
            has(&said, part)?;
        }
        same("pid", &GATEWAY.pid(machine)?, &pid)?;
        let connects = said.lines().last().unwrap_or_default();
        Ok(format!(
            "same pid {pid}, same sockets, {connects}, active when the command returns"
        ))
    })?;
    journey.step("stop and start, eight times without a pause", |machine| {
        for _ in 0..8 {
            let said = machine.say(BARE, "openclaw gateway stop")?;
            has(&said, "Port 18789 is free.")?;
            same(
                "state",
                &GATEWAY.property(machine, "ActiveState")?,
                "inactive",
            )?;
            machine.say(BARE, "openclaw gateway start")?;
            machine.say(BARE, READY)?;
        }
        Ok("free after every stop, ready after every start".to_owned())
    })
}

fn profiles(journey: &mut Journey) -> TaskResult {
    journey.step("a second profile has a gateway of its own", |machine| {
        let said = machine.say(
            USER,
            "openclaw --profile rescue onboard --non-interactive --accept-risk --install-daemon && openclaw gateway list",
        )?;
        has(&said, "openclaw-gateway-rescue.service (enabled)")?;
        let rescue = RESCUE.pid(machine)?;
        machine.say(USER, "openclaw gateway stop")?;
        same("pid of rescue", &RESCUE.pid(machine)?, &rescue)?;
        machine.say(USER, "openclaw --profile rescue health && openclaw gateway start")?;
        let pid = GATEWAY.pid(machine)?;
        machine.say(USER, "openclaw --profile rescue gateway uninstall")?;
        same("pid", &GATEWAY.pid(machine)?, &pid)?;
        same("units", &listed(machine)?, "openclaw-gateway.service")?;
        Ok("stopping the one and uninstalling the other leave the rest alone".to_owned())
    })
}

fn node_and_tunnel(journey: &mut Journey) -> TaskResult {
    journey.step("a node host as a service", |machine| {
        machine.say(USER, "openclaw node install")?;
        let said = until(machine, USER, "openclaw nodes status | grep 'Connected: 1'")?;
        let pid = NODE.pid(machine)?;
        machine.say(USER, "openclaw gateway restart")?;
        until(machine, USER, "openclaw nodes status | grep 'Connected: 1'")?;
        same("pid of the node", &NODE.pid(machine)?, &pid)?;
        machine.say(USER, "openclaw node restart")?;
        until(machine, USER, "openclaw nodes status | grep 'Connected: 1'")?;
        Ok(format!("{said}, also after restarts of gateway and node"))
    })?;
    journey.step("a tunnel as a service, through an SSH server in there", |machine| {
        machine.say(Who::Root, "systemctl start ssh.service")?;
        machine.say(
            USER,
            "mkdir -p -m 700 ~/.ssh && ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519 && cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys && ssh-keyscan 127.0.0.1 > ~/.ssh/known_hosts 2>/dev/null && systemd-analyze --user verify ~/.config/systemd/user/openclaw-node.service",
        )?;
        let said = machine.say(USER, "openclaw tunnel install molty@127.0.0.1 --local-port 18999")?;
        lacks(&said, "inger")?;
        let ready = READY.replace("18789", "18999");
        until(machine, USER, &ready)?;
        let status = machine.say(USER, "openclaw tunnel status")?;
        machine.say(USER, &format!("kill -KILL {}", TUNNEL.pid(machine)?))?;
        until(machine, USER, &ready)?;
        Ok(format!("{}; again after kill -9 of ssh", status.lines().next().unwrap_or_default()))
    })
}

/// Names of our units that the manager of the user knows.
pub(super) fn listed(machine: &Machine) -> Result<String, String> {
    let words = format!("{LISTED} | sed 's/^[^a-z]*//; s/ .*//' | tr '\\n' ' ' | sed 's/ $//'");
    machine.say(BARE, &GATEWAY.systemctl(&words))
}

pub(super) fn reboot_and_remove(journey: &mut Journey) -> TaskResult {
    journey.step("the machine starts again, and nobody logs in", |machine| {
        machine.reboot()?;
        let sessions = machine.say(Who::Root, "loginctl list-sessions --no-legend")?;
        same("sessions", &sessions, "")?;
        until(machine, BARE, READY)?;
        let said = machine.say(BARE, "openclaw gateway status")?;
        has(&said, "OpenClaw gateway: up")?;
        lacks(&said, "Service issue")?;
        until(machine, BARE, "openclaw nodes status | grep 'Connected: 1'")?;
        until(machine, Who::Root, "systemctl start ssh.service")?;
        until(machine, BARE, &READY.replace("18789", "18999"))?;
        Ok(format!(
            "no session; gateway up as pid {}, node connected, tunnel open",
            GATEWAY.pid(machine)?
        ))
    })?;
    journey.step("uninstall leaves nothing", |machine| {
        machine.say(
            USER,
            "openclaw tunnel uninstall && openclaw node uninstall && openclaw gateway uninstall",
        )?;
        same("files", &machine.say(USER, "find ~/.config ! -type d")?, "")?;
        same("units", &listed(machine)?, "")?;
        same("processes", &machine.say(Who::Root, PROCESSES)?, "0")?;
        machine.reboot()?;
        same("processes", &machine.say(Who::Root, PROCESSES)?, "0")?;
        Ok("no unit, no link, no process, nor after another start of the machine".to_owned())
    })
}
