//! What this machine is: host name, system, processor, memory, load.

use std::fs;
use std::net::IpAddr;

pub use openclaw_config::platform::{Space, host_name, os_release, space};

/// Facts that do not change while running.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// Kernel release.
    pub release: String,
    /// Name of the operating system for people.
    pub os_label: String,
    /// Logical processors.
    pub cpu_count: usize,
    /// Processor model.
    pub cpu_model: String,
}

impl Fixed {
    /// Reads them.
    pub fn read() -> Self {
        let release = os_release();
        let field = |text: &str, key: &str, separator: char| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(separator))
                .map(|value| value.trim().trim_matches('"').to_owned())
        };
        let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            os_label: field(&os_release, "PRETTY_NAME", '=')
                .unwrap_or_else(|| format!("{} {release}", std::env::consts::OS)),
            cpu_count: std::thread::available_parallelism().map_or(1, usize::from),
            cpu_model: field(&cpu_info, "model name", ':').unwrap_or_default(),
            release,
        }
    }
}

/// Facts that change.
#[derive(Debug, Clone, Default)]
pub struct Now {
    /// Load over 1, 5 and 15 minutes.
    pub load_average: [f64; 3],
    /// Bytes.
    pub memory_total: u64,
    /// Bytes.
    pub memory_free: u64,
}

impl Now {
    /// Reads them; zeros where the system does not tell.
    pub fn read() -> Self {
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let mut load = load
            .split_whitespace()
            .map(|word| word.parse().unwrap_or(0.0));
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let bytes = |key: &str| {
            memory
                .lines()
                .find_map(|line| {
                    line.strip_prefix(key)?
                        .split_whitespace()
                        .next()?
                        .parse::<u64>()
                        .ok()
                })
                .unwrap_or(0)
                * 1024
        };
        Self {
            load_average: [(); 3].map(|()| load.next().unwrap_or(0.0)),
            memory_total: bytes("MemTotal:"),
            memory_free: bytes("MemAvailable:"),
        }
    }
}

/// The address people know this machine by: the first that is not loopback, IPv4 before IPv6.
pub fn primary_ip() -> Option<IpAddr> {
    let mut addresses: Vec<IpAddr> = if_addrs::get_if_addrs()
        .ok()?
        .into_iter()
        .map(|interface| interface.ip())
        .collect();
    addresses.retain(|ip| {
        !ip.is_loopback() && !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
    });
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses.first().copied()
}
