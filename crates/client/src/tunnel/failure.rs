//! What `ssh` means when it ends.

use std::fmt;

use super::TunnelSpec;

/// Why there is no tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SshFailureKind {
    /// There is no `ssh` here.
    NotInstalled,
    /// The host's key was never accepted.
    HostKeyUnknown,
    /// The host shows another key than before.
    HostKeyChanged,
    /// No key or password was accepted.
    Denied,
    /// The host name does not resolve.
    Unresolved,
    /// Nothing listens on the SSH port.
    Refused,
    /// No way to the host.
    Unreachable,
    /// The host does not answer.
    TimedOut,
    /// The port on this machine is taken.
    LocalPortTaken,
    /// The host forbids forwarding.
    ForwardingDenied,
    /// The SSH configuration of the user cannot be read.
    Configuration,
    /// An open connection ended.
    Lost,
    /// Anything else.
    Other,
}

impl SshFailureKind {
    /// Whether it stays like this until a person does something.
    pub const fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::NotInstalled
                | Self::HostKeyUnknown
                | Self::HostKeyChanged
                | Self::Denied
                | Self::ForwardingDenied
                | Self::Configuration
        )
    }

    /// One word for machines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotInstalled => "not-installed",
            Self::HostKeyUnknown => "host-key-unknown",
            Self::HostKeyChanged => "host-key-changed",
            Self::Denied => "denied",
            Self::Unresolved => "unresolved",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::LocalPortTaken => "local-port-taken",
            Self::ForwardingDenied => "forwarding-denied",
            Self::Configuration => "configuration",
            Self::Lost => "lost",
            Self::Other => "other",
        }
    }
}

/// A tunnel that did not come about, or ended: what happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshFailure {
    /// Which of the known reasons.
    pub kind: SshFailureKind,
    /// One line: lower case, no final stop.
    pub reason: String,
    /// What to do, ending in a command where there is one.
    pub fix: String,
    /// The last lines of `ssh`, as it wrote them.
    pub said: Vec<String>,
}

impl fmt::Display for SshFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SshFailure {}

/// What a line on stderr says; the first row that fits any line counts.
const SIGNS: &[(&str, SshFailureKind)] = &[
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        SshFailureKind::HostKeyChanged,
    ),
    ("host key is known for", SshFailureKind::HostKeyUnknown),
    (
        "Host key verification failed",
        SshFailureKind::HostKeyUnknown,
    ),
    ("Permission denied", SshFailureKind::Denied),
    ("Too many authentication failures", SshFailureKind::Denied),
    ("Could not resolve hostname", SshFailureKind::Unresolved),
    ("Address already in use", SshFailureKind::LocalPortTaken),
    ("cannot listen to port", SshFailureKind::LocalPortTaken),
    (
        "Could not request local forwarding",
        SshFailureKind::LocalPortTaken,
    ),
    (
        "administratively prohibited",
        SshFailureKind::ForwardingDenied,
    ),
    ("Bad configuration option", SshFailureKind::Configuration),
    ("Bad owner or permissions", SshFailureKind::Configuration),
    ("terminating, ", SshFailureKind::Configuration),
    ("not responding", SshFailureKind::Lost),
    ("closed by remote host", SshFailureKind::Lost),
    ("client_loop: send disconnect", SshFailureKind::Lost),
    ("Connection refused", SshFailureKind::Refused),
    ("timed out", SshFailureKind::TimedOut),
    ("Connection timed out", SshFailureKind::TimedOut),
    ("No route to host", SshFailureKind::Unreachable),
    ("Network is unreachable", SshFailureKind::Unreachable),
    ("Network is down", SshFailureKind::Unreachable),
    ("Connection closed by", SshFailureKind::Lost),
    ("Connection reset by", SshFailureKind::Lost),
];

impl SshFailure {
    /// Reads what `ssh` wrote before it ended. `was_up` says whether the tunnel had been open.
    pub fn read(spec: &TunnelSpec, said: &[String], was_up: bool) -> Self {
        let kind = SIGNS
            .iter()
            .find(|(sign, _)| {
                // What clients of the tunnel met is no reason for its end.
                said.iter()
                    .any(|line| line.contains(sign) && !line.starts_with("channel "))
            })
            .map_or(
                if was_up {
                    SshFailureKind::Lost
                } else {
                    SshFailureKind::Other
                },
                |(_, kind)| *kind,
            );
        Self::new(spec, kind, said)
    }

    /// A failure with the texts of its kind.
    pub(super) fn new(spec: &TunnelSpec, kind: SshFailureKind, said: &[String]) -> Self {
        let target = &spec.target;
        let login = target.login_command();
        let last = said
            .iter()
            .rfind(|line| !line.trim().is_empty())
            .map_or("nothing", |line| line.trim());
        let (reason, fix) = match kind {
            SshFailureKind::NotInstalled => (
                "ssh was not found on PATH".to_owned(),
                "install the OpenSSH client (Debian and Ubuntu: sudo apt install openssh-client)".to_owned(),
            ),
            SshFailureKind::HostKeyUnknown => (
                format!("the host key of {} is not known here", target.known_host()),
                format!("log in once, compare the fingerprint with the host's own, and accept it: {login}"),
            ),
            SshFailureKind::HostKeyChanged => (
                format!(
                    "the host key of {} has changed: the host was set up anew, or somebody is in between",
                    target.known_host()
                ),
                format!(
                    "only if you know why it changed: ssh-keygen -R '{}' && {login}",
                    target.known_host()
                ),
            ),
            SshFailureKind::Denied => (
                format!("{target} accepts none of the keys offered ({last})"),
                match &spec.identity {
                    Some(identity) => format!(
                        "put the key there: ssh-copy-id -i {} {}",
                        identity.display(),
                        copy_destination(spec)
                    ),
                    None => format!(
                        "put your key there: ssh-copy-id {}, or name another one with --identity (config: gateway.remote.sshIdentity)",
                        copy_destination(spec)
                    ),
                },
            ),
            SshFailureKind::Unresolved => (
                format!("the name {} does not resolve", target.host),
                format!("check the name: getent hosts {}", target.host),
            ),
            SshFailureKind::Refused => (
                format!("nothing accepts SSH connections on {}", place(spec)),
                format!("start the SSH server there, or give its port as host:port; to test: {login}"),
            ),
            SshFailureKind::Unreachable => (
                format!("there is no way to {} from here ({last})", target.host),
                format!("check network and VPN, then: {login}"),
            ),
            SshFailureKind::TimedOut => (
                format!("{} does not answer", place(spec)),
                format!("check address, firewall and VPN, then: {login}"),
            ),
            SshFailureKind::LocalPortTaken => (
                format!("port {} of this machine is taken by another program", spec.local_port),
                "choose another one with --local-port, or let openclaw choose".to_owned(),
            ),
            SshFailureKind::ForwardingDenied => (
                format!("{target} does not allow port forwarding"),
                "allow it in the host's sshd_config (AllowTcpForwarding yes) or in authorized_keys (port-forwarding)".to_owned(),
            ),
            SshFailureKind::Configuration => (
                format!("ssh does not accept its configuration ({last})"),
                format!("mend it, then: {login}"),
            ),
            SshFailureKind::Lost => (
                format!("the connection to {target} ended ({last})"),
                format!("see whether SSH gets through: {login}"),
            ),
            SshFailureKind::Other => (
                format!("ssh ended and said: {last}"),
                format!("see what it says by hand: {login}"),
            ),
        };
        Self {
            kind,
            reason,
            fix,
            said: said.to_vec(),
        }
    }
}

fn place(spec: &TunnelSpec) -> String {
    match spec.target.port {
        Some(port) => format!("{} port {port}", spec.target.host),
        None => spec.target.host.clone(),
    }
}

fn copy_destination(spec: &TunnelSpec) -> String {
    match spec.target.port {
        Some(port) => format!("-p {port} {}", spec.target.destination()),
        None => spec.target.destination(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u36_every_way_ssh_fails_has_a_name_and_a_fix() {
        let spec = TunnelSpec::new("me@gw:2222".parse().unwrap(), 18790, 18789);
        for (said, was_up, kind) in [
            (
                "No ED25519 host key is known for [gw]:2222 and you have requested strict checking.\nHost key verification failed.",
                false,
                SshFailureKind::HostKeyUnknown,
            ),
            (
                "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
                false,
                SshFailureKind::HostKeyChanged,
            ),
            (
                "me@gw: Permission denied (publickey).",
                false,
                SshFailureKind::Denied,
            ),
            (
                "Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures",
                false,
                SshFailureKind::Denied,
            ),
            (
                "ssh: Could not resolve hostname gw: Name or service not known",
                false,
                SshFailureKind::Unresolved,
            ),
            (
                "ssh: connect to host gw port 2222: Connection refused",
                false,
                SshFailureKind::Refused,
            ),
            (
                "ssh: connect to host gw port 2222: Connection timed out",
                false,
                SshFailureKind::TimedOut,
            ),
            (
                "ssh: connect to host gw port 2222: Operation timed out",
                false,
                SshFailureKind::TimedOut,
            ),
            (
                "Connection timed out during banner exchange",
                false,
                SshFailureKind::TimedOut,
            ),
            (
                "ssh: connect to host gw port 2222: No route to host",
                false,
                SshFailureKind::Unreachable,
            ),
            (
                "ssh: connect to host gw port 2222: Network is unreachable",
                false,
                SshFailureKind::Unreachable,
            ),
            (
                "bind [127.0.0.1]:18790: Address already in use\nchannel_setup_fwd_listener_tcpip: cannot listen to port: 18790\nCould not request local forwarding.",
                false,
                SshFailureKind::LocalPortTaken,
            ),
            (
                "/root/.ssh/config: line 3: Bad configuration option: x",
                false,
                SshFailureKind::Configuration,
            ),
            (
                "Timeout, server gw not responding.",
                true,
                SshFailureKind::Lost,
            ),
            (
                "Connection to gw closed by remote host.",
                true,
                SshFailureKind::Lost,
            ),
            (
                "channel 2: open failed: connect failed: Connection refused",
                true,
                SshFailureKind::Lost,
            ),
            (
                "kex_exchange_identification: Connection closed by remote host",
                false,
                SshFailureKind::Lost,
            ),
            ("", true, SshFailureKind::Lost),
            ("", false, SshFailureKind::Other),
        ] {
            let lines: Vec<_> = said.lines().map(str::to_owned).collect();
            let failure = SshFailure::read(&spec, &lines, was_up);
            assert_eq!(failure.kind, kind, "{said}");
            assert!(
                !failure.fix.is_empty() && !failure.reason.ends_with('.'),
                "{failure:?}"
            );
        }
        // A failure is also told where nothing runs that would try again.
        let lost = SshFailure::new(&spec, SshFailureKind::Lost, &[]);
        assert_eq!(lost.fix, "see whether SSH gets through: ssh -p 2222 me@gw");
        let unknown = SshFailure::new(&spec, SshFailureKind::HostKeyUnknown, &[]);
        assert_eq!(
            unknown.fix,
            "log in once, compare the fingerprint with the host's own, and accept it: ssh -p 2222 me@gw"
        );
    }
}
