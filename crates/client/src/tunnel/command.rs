//! The command line of `ssh`, from values to words.

use std::ffi::OsString;

use super::{HostKeys, KEEP_ALIVE_MISSES, TunnelSpec};

/// Longest wait for the TCP connection and the banner, in seconds.
const CONNECT_TIMEOUT: u32 = 10;
/// Keep-alive of a tunnel that a service manager runs, in seconds.
const SERVICE_KEEP_ALIVE: u32 = 60;

/// Arguments of a tunnel that this program watches over. `ask` lets `ssh` ask the person at the terminal.
///
/// A shared connection (`ControlMaster`) is not used: ending this `ssh` must end the forwarding.
pub fn arguments(spec: &TunnelSpec, ask: bool) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["-N", "-T", "-L"].map(OsString::from).to_vec();
    words.push(
        format!(
            "127.0.0.1:{}:127.0.0.1:{}",
            spec.local_port, spec.remote_port
        )
        .into(),
    );
    if let Some(port) = spec.target.port {
        words.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(identity) = &spec.identity {
        words.extend(["-i".into(), identity.into()]);
    }
    let mut options = vec![
        "ExitOnForwardFailure=yes".to_owned(),
        format!("ServerAliveInterval={}", spec.keep_alive.as_secs().max(1)),
        format!("ServerAliveCountMax={KEEP_ALIVE_MISSES}"),
        format!("ConnectTimeout={CONNECT_TIMEOUT}"),
        "ControlMaster=no".to_owned(),
        "ControlPath=none".to_owned(),
        "RemoteCommand=none".to_owned(),
    ];
    if !ask {
        options.push("BatchMode=yes".to_owned());
    }
    if spec.host_keys == HostKeys::Known {
        // With a person there, ssh shows the fingerprint and asks; it never accepts by itself.
        let checking = if ask { "ask" } else { "yes" };
        options.push(format!("StrictHostKeyChecking={checking}"));
    }
    for option in options {
        words.extend(["-o".into(), option.into()]);
    }
    words.extend(["--".into(), spec.target.destination().into()]);
    words
}

/// Arguments of a tunnel that systemd or launchd runs, in the form that guides show.
pub fn service_arguments(spec: &TunnelSpec) -> Vec<String> {
    let mut words = vec![
        "-N".to_owned(),
        "-L".to_owned(),
        format!("{}:127.0.0.1:{}", spec.local_port, spec.remote_port),
    ];
    for option in [
        format!("ServerAliveInterval={SERVICE_KEEP_ALIVE}"),
        format!("ServerAliveCountMax={KEEP_ALIVE_MISSES}"),
        "ExitOnForwardFailure=yes".to_owned(),
    ] {
        words.extend(["-o".to_owned(), option]);
    }
    if let Some(port) = spec.target.port {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(identity) = &spec.identity {
        words.extend(["-i".to_owned(), identity.display().to_string()]);
    }
    words.push(spec.target.destination());
    words
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line(spec: &TunnelSpec, ask: bool) -> String {
        let words = arguments(spec, ask);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn u36_the_command_line() {
        let mut spec = TunnelSpec::new("me@gw:2222".parse().unwrap(), 18790, 18789);
        assert_eq!(
            line(&spec, false),
            "-N -T -L 127.0.0.1:18790:127.0.0.1:18789 -p 2222 -o ExitOnForwardFailure=yes \
             -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o ConnectTimeout=10 -o ControlMaster=no -o ControlPath=none \
             -o RemoteCommand=none -o BatchMode=yes -o StrictHostKeyChecking=yes -- me@gw"
        );
        spec.target = "gw".parse().unwrap();
        spec.identity = Some("/k e y".into());
        spec.host_keys = HostKeys::AsConfigured;
        spec.keep_alive = Duration::from_millis(1);
        assert_eq!(
            line(&spec, false),
            "-N -T -L 127.0.0.1:18790:127.0.0.1:18789 -i /k e y -o ExitOnForwardFailure=yes \
             -o ServerAliveInterval=1 -o ServerAliveCountMax=3 -o ConnectTimeout=10 -o ControlMaster=no -o ControlPath=none \
             -o RemoteCommand=none -o BatchMode=yes -- gw"
        );
    }

    #[test]
    fn with_a_person_there_ssh_may_ask_but_never_accepts_by_itself() {
        let spec = TunnelSpec::new("gw".parse().unwrap(), 1, 2);
        let line = line(&spec, true);
        assert!(!line.contains("BatchMode"), "{line}");
        assert!(line.contains("StrictHostKeyChecking=ask"), "{line}");
    }

    #[test]
    fn the_line_of_a_service() {
        let spec = TunnelSpec::new("user@gateway-host".parse().unwrap(), 18789, 18789);
        assert_eq!(
            service_arguments(&spec).join(" "),
            "-N -L 18789:127.0.0.1:18789 -o ServerAliveInterval=60 -o ServerAliveCountMax=3 -o ExitOnForwardFailure=yes user@gateway-host"
        );
    }
}
