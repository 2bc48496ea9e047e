//! Who listens on a busy port, read from `/proc`.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::platform;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolder {
    /// Process id; `None` if it belongs to another user.
    pub pid: Option<u32>,
    /// User name or id; `None` if unknown.
    pub user: Option<String>,
    /// Command line; `None` if unknown.
    pub command: Option<String>,
    /// Address it listens on.
    pub address: SocketAddr,
}

/// Everybody who listens on a port. Displays as the lines an operator reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolders {
    /// The port.
    pub port: u16,
    /// Who listens; empty if the system does not say.
    pub holders: Vec<PortHolder>,
}

impl PortHolders {
    /// Looks the holders of a port up. Blocking, but only files of `/proc` are read.
    pub fn find(port: u16) -> Self {
        let mut holders = Vec::new();
        for (table, width) in [("/proc/net/tcp", 8), ("/proc/net/tcp6", 32)] {
            let Ok(text) = fs::read_to_string(table) else {
                continue;
            };
            for (address, inode) in listening(&text, width, port) {
                holders.push(holder_of(inode, address));
            }
        }
        Self { port, holders }
    }

    /// Whether one of the holders looks like a gateway of ours.
    pub fn has_gateway(&self) -> bool {
        self.commands().any(|command| command.contains("openclaw"))
    }

    /// Whether somebody has the port who is surely no gateway on its way out.
    pub fn is_lasting(&self) -> bool {
        !self.holders.is_empty()
            && self.commands().count() == self.holders.len()
            && !self.has_gateway()
    }

    fn commands(&self) -> impl Iterator<Item = &str> {
        self.holders
            .iter()
            .filter_map(|holder| holder.command.as_deref())
    }

    /// What to do, one line each.
    pub fn hints(&self) -> Vec<&'static str> {
        let mut hints = Vec::new();
        if self.holders.is_empty() {
            hints.push(
                "Port is in use but process details are unavailable (run as an admin user to see them).",
            );
            return hints;
        }
        if self.has_gateway() {
            hints.push(
                "Gateway already running locally. Stop it (Ctrl-C in its terminal, or its supervisor) or use a different port (--port).",
            );
        } else if self.commands().any(is_ssh) {
            hints.push(
                "SSH tunnel already bound to this port. Close the tunnel or use a different local port in -L.",
            );
        } else {
            hints.push("Another process is listening on this port. Stop it or use a different port (--port).");
        }
        let processes: HashSet<_> = self.holders.iter().map(|holder| holder.pid).collect();
        if processes.len() > 1 {
            hints.push(
                "Multiple listeners detected; ensure only one gateway/tunnel per port unless intentionally running isolated \
                 profiles.",
            );
        }
        hints
    }
}

fn is_ssh(command: &str) -> bool {
    let program = command.split_whitespace().next().unwrap_or_default();
    program
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .starts_with("ssh")
}

impl fmt::Display for PortHolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        if self.has_gateway() {
            writeln!(
                f,
                "another gateway instance is already listening on ws://127.0.0.1:{port}"
            )?;
        }
        write!(f, "Port {port} is already in use.")?;
        for holder in &self.holders {
            write!(f, "\n- {holder}")?;
        }
        for hint in self.hints() {
            write!(f, "\n- {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PortHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "pid {pid}")?,
            None => f.write_str("pid ?")?,
        }
        if let Some(user) = &self.user {
            write!(f, " {user}")?;
        }
        if let Some(command) = &self.command {
            write!(f, ": {command}")?;
        }
        write!(f, " ({})", self.address)
    }
}

/// State code of a listening socket in `/proc/net/tcp*`.
const LISTEN: &str = "0A";

/// Address and socket inode of every listener on `port`; `width` is the number of hex digits of an address.
fn listening(table: &str, width: usize, port: u16) -> Vec<(SocketAddr, u64)> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (address, local_port) = fields.get(1)?.split_once(':')?;
            let local_port = u16::from_str_radix(local_port, 16).ok()?;
            if *fields.get(3)? != LISTEN || local_port != port || address.len() != width {
                return None;
            }
            let inode = fields.get(9)?.parse().ok()?;
            Some((SocketAddr::new(parse_hex_address(address)?, port), inode))
        })
        .collect()
}

/// Addresses are written as 32-bit words in the byte order of the machine.
fn parse_hex_address(text: &str) -> Option<IpAddr> {
    let mut octets = Vec::with_capacity(16);
    for start in (0..text.len()).step_by(8) {
        let word = u32::from_str_radix(text.get(start..start + 8)?, 16).ok()?;
        octets.extend(word.to_ne_bytes());
    }
    match <[u8; 4]>::try_from(octets.as_slice()) {
        Ok(octets) => Some(IpAddr::V4(Ipv4Addr::from(octets))),
        Err(_) => <[u8; 16]>::try_from(octets)
            .ok()
            .map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
    }
}

fn holder_of(inode: u64, address: SocketAddr) -> PortHolder {
    let unknown = PortHolder {
        pid: None,
        user: None,
        command: None,
        address,
    };
    let Some(pid) = process_with_socket(inode) else {
        return unknown;
    };
    let uid = fs::metadata(format!("/proc/{pid}"))
        .ok()
        .and_then(|metadata| platform::owner(&metadata));
    PortHolder {
        pid: Some(pid),
        user: uid.map(user_name),
        command: command_line(pid),
        ..unknown
    }
}

fn process_with_socket(inode: u64) -> Option<u32> {
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?;
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|descriptors| {
                descriptors
                    .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
                    .any(|link| link.as_os_str() == wanted.as_str())
            })
        })
}

fn command_line(pid: u32) -> Option<String> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = raw
        .split(|byte| *byte == 0)
        .filter(|word| !word.is_empty())
        .map(String::from_utf8_lossy)
        .collect();
    // Control characters of a foreign process have no business on our terminal.
    let text: String = words
        .join(" ")
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    (!text.is_empty()).then_some(text)
}

fn user_name(uid: u32) -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id = uid.to_string();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    name.unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:4965 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0\n\
        \x20  1: 0100007F:4965 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0\n\
        \x20  2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0 100 0 0 10 0\n\
        garbage\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn u08_the_table_of_sockets_is_read() {
        let found = listening(TABLE, 8, 0x4965);
        assert_eq!(found, [("127.0.0.1:18789".parse().unwrap(), 4242)]);
        assert_eq!(
            listening(TABLE, 8, 8080),
            [("0.0.0.0:8080".parse().unwrap(), 4244)]
        );
        assert_eq!(listening(TABLE, 8, 1), []);
        let loopback = parse_hex_address("00000000000000000000000001000000");
        assert_eq!(loopback, Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        for odd in ["", "0", "zz00007F", "0100007F00"] {
            assert_eq!(parse_hex_address(odd), None, "{odd}");
        }
    }

    fn holder(pid: u32, command: &str) -> PortHolder {
        PortHolder {
            pid: Some(pid),
            user: Some("root".to_owned()),
            command: Some(command.to_owned()),
            address: "127.0.0.1:18789".parse().unwrap(),
        }
    }

    #[test]
    fn u08_the_text_says_who_and_what_to_do() {
        let text = |holders: Vec<PortHolder>| {
            PortHolders {
                port: 18789,
                holders,
            }
            .to_string()
        };
        assert_eq!(
            text(vec![holder(26845, "python3 -m http.server")]),
            "Port 18789 is already in use.\n\
             - pid 26845 root: python3 -m http.server (127.0.0.1:18789)\n\
             - Another process is listening on this port. Stop it or use a different port (--port)."
        );
        let ours = text(vec![holder(7, "/usr/bin/openclaw gateway run")]);
        assert!(
            ours.starts_with(
                "another gateway instance is already listening on ws://127.0.0.1:18789\n"
            ),
            "{ours}"
        );
        assert!(ours.contains("use a different port (--port)"));
        assert!(
            text(vec![holder(8, "ssh -N -L 18789:127.0.0.1:18789 box")])
                .contains("SSH tunnel already bound")
        );
        assert!(
            text(vec![])
                .ends_with("process details are unavailable (run as an admin user to see them).")
        );
        let several = text(vec![holder(1, "a"), holder(2, "b")]);
        assert!(several.contains("Multiple listeners detected"));
        let hidden = PortHolder {
            pid: None,
            user: None,
            command: None,
            address: "[::1]:18789".parse().unwrap(),
        };
        assert_eq!(hidden.to_string(), "pid ? ([::1]:18789)");
    }
}
