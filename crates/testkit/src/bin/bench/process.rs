//! What the kernel says about a process: CPU time, memory, threads.

use std::fs;
use std::time::Duration;

/// CPU time of all threads of a process so far, user and system, those that ended included.
///
/// Counted in clock ticks (10 ms), of a clock that itself is exact: a measurement must take long against a tick.
pub(crate) fn cpu(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    // The name before the closing parenthesis may hold anything.
    let (_, fields) = text
        .rsplit_once(')')
        .expect("a stat line names its process");
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let ticks: u64 = [11, 12]
        .iter()
        .map(|index| {
            fields[*index]
                .parse::<u64>()
                .expect("times are whole numbers")
        })
        .sum();
    Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

/// Resident memory of a process, in bytes.
pub(crate) fn rss(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("the process runs");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:"))
        .expect("a memory map has an Rss line");
    let kilobytes: u64 = line
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .expect("Rss is a whole number of kB");
    kilobytes * 1024
}

/// Raises the soft limit of open files to the hard one; returns the limit in force.
pub(crate) fn raise_fd_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("the soft limit may be raised to the hard one");
    limit.current.unwrap_or(u64::MAX)
}

/// Processor, kernel and memory of this machine, one line each.
pub(crate) fn machine() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let release = read("/proc/sys/kernel/osrelease");
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or(0);
    let virtual_machine = if cpuinfo.contains("hypervisor") {
        ", virtual machine with neighbours"
    } else {
        ""
    };
    let kernel = release
        .trim()
        .split('-')
        .next()
        .unwrap_or_default()
        .to_owned();
    vec![
        format!("{cores} cores of {model}{virtual_machine}"),
        format!("{} GB of memory", (memory + 524_288) / 1_048_576),
        format!("Linux {kernel}, loopback"),
    ]
}
