//! systemd units.

use super::{Kind, Scope, Service};

/// Seconds a stop may take: more than the gateway's own deadline for what is under way.
const STOP_SECONDS: u32 = 45;

/// Seconds of silence after which systemd takes the process for hung and starts it again; it speaks twice as often.
const WATCHDOG_SECONDS: u32 = 60;

/// A failing gateway waits between its starts; a limit on top of that would only refuse a person who stops and starts it a few
/// times, and would leave a gateway down for good after a bad night.
const START_LIMIT: &str = "StartLimitIntervalSec=0\n";

/// Works in user units too: nothing here needs a mount namespace, which many kernels refuse to users.
const HARDENING: &str = "\
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
";

/// What only the system manager can do. /tmp stays shared: the log is there, and commands of the user read it.
const SYSTEM_HARDENING: &str = "\
ProtectSystem=full
ProtectClock=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
";

pub(super) fn unit(service: &Service, scope: Scope) -> String {
    let exec: Vec<String> = service.words().iter().map(|word| exec_word(word)).collect();
    let environment: Vec<String> = service
        .environment("linux")
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    let user = match (&service.user, scope) {
        (Some(user), Scope::System) => format!("User={}\n", value(user)),
        _ => String::new(),
    };
    // A node that the gateway refuses for good ends, and must not use up the gateway's patience.
    let (restart_seconds, hardening) = match (service.kind, scope) {
        (Kind::Gateway, Scope::User) => (5, HARDENING.to_owned()),
        (Kind::Gateway, Scope::System) => (
            5,
            format!(
                "{HARDENING}{SYSTEM_HARDENING}ReadWritePaths={} {}\n",
                optional_path(&service.state_dir.display().to_string()),
                optional_path(
                    &service
                        .config_path
                        .parent()
                        .unwrap_or(&service.state_dir)
                        .display()
                        .to_string()
                ),
            ),
        ),
        // A node runs what people ask for, sudo included: limits on it would be limits on them.
        (Kind::Node, _) => (15, "OOMPolicy=continue\n".to_owned()),
    };
    let target = match scope {
        Scope::User => "default.target",
        Scope::System => "multi-user.target",
    };
    format!(
        "# Written by `{install}`, which writes it again. Changes of yours belong into a drop-in: systemctl{flag} edit <unit>\n\
         [Unit]\n\
         Description={description}\n\
         After=network-online.target\n\
         Wants=network-online.target\n\
         {START_LIMIT}\
         \n\
         [Service]\n\
         Type=notify\n\
         NotifyAccess=main\n\
         WatchdogSec={WATCHDOG_SECONDS}\n\
         ExecStart={exec}\n\
         {user}\
         WorkingDirectory=-{home}\n\
         {environment}\
         EnvironmentFile=-{environment_file}\n\
         UMask=0077\n\
         Restart=always\n\
         RestartSec={restart_seconds}\n\
         RestartPreventExitStatus=78\n\
         TimeoutStartSec=90\n\
         TimeoutStopSec={STOP_SECONDS}\n\
         KillMode=mixed\n\
         {hardening}\
         \n\
         [Install]\n\
         WantedBy={target}\n",
        environment = environment.concat(),
        install = service.install_command(),
        flag = match scope {
            Scope::User => " --user",
            Scope::System => "",
        },
        description = value(&service.description()),
        exec = exec.join(" "),
        home = value(&service.home.display().to_string()),
        environment_file = value(&service.environment_file().display().to_string()),
    )
}

/// The rest of a line: only `%` means something.
fn value(text: &str) -> String {
    text.replace('%', "%%")
}

/// A path in a list, which need not exist.
fn optional_path(path: &str) -> String {
    quoted(&format!("-{path}"))
}

/// A word in quotes: `%` and what ends or escapes quotes are escaped.
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        text.replace('%', "%%")
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
    )
}

/// A word of `ExecStart=`: `%` and `$` mean something there, white space and quotes need quotes.
pub(crate) fn exec_word(word: &str) -> String {
    let plain = word.replace('%', "%%").replace('$', "$$");
    if word.is_empty()
        || plain
            .chars()
            .any(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '\\' | ';'))
    {
        format!("\"{}\"", plain.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        plain
    }
}
