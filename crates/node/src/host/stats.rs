//! The load of this machine, as `node.host.stats` reports it.

use openclaw_config::platform::space;
use openclaw_protocol::methods::node::HostStats;

use crate::platform;

/// Takes stock; `None` where the system does not tell.
pub fn host_stats() -> Option<HostStats> {
    let load = std::fs::read_to_string("/proc/loadavg").ok()?;
    let memory = std::fs::read_to_string("/proc/meminfo").ok()?;
    let (memory_total_bytes, memory_free_bytes) = parse_memory(&memory)?;
    let disk = space(platform::main_disk());
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Some(HostStats {
        cpu_count: u32::try_from(cpus).unwrap_or(u32::MAX),
        load_average: parse_load(&load)?,
        memory_total_bytes,
        memory_free_bytes,
        disk_total_bytes: disk.map(|disk| disk.total),
        disk_available_bytes: disk.map(|disk| disk.available),
        updated_at_ms: None,
    })
}

/// The first three numbers of `/proc/loadavg`.
fn parse_load(text: &str) -> Option<Vec<f64>> {
    let numbers: Option<Vec<f64>> = text
        .split_whitespace()
        .take(3)
        .map(|word| word.parse().ok())
        .collect();
    numbers.filter(|numbers| numbers.len() == 3)
}

/// Total and available bytes from `/proc/meminfo`.
fn parse_memory(text: &str) -> Option<(u64, u64)> {
    let kib = |wanted: &str| {
        let line = text.lines().find(|line| line.starts_with(wanted))?;
        let number: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(number.saturating_mul(1024))
    };
    Some((
        kib("MemTotal:")?,
        kib("MemAvailable:").or_else(|| kib("MemFree:"))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_kernel() {
        assert_eq!(
            parse_load("6.33 4.90 3.39 2/345 6789\n"),
            Some(vec![6.33, 4.9, 3.39])
        );
        assert_eq!(parse_load("1 2"), None);
        let memory = "MemTotal:       24684100 kB\nMemFree:  1 kB\nMemAvailable:   18250308 kB\n";
        assert_eq!(parse_memory(memory), Some((25_276_518_400, 18_688_315_392)));
        assert_eq!(
            parse_memory("MemTotal: 1 kB\nMemFree: 2 kB\n"),
            Some((1024, 2048))
        );
        assert_eq!(parse_memory(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_some() {
        let stats = host_stats().expect("a Linux machine");
        assert!(stats.cpu_count >= 1 && stats.memory_total_bytes >= stats.memory_free_bytes);
    }
}
