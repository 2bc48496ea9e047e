//! How this process does: processor time, memory, and how long work waits for its turn.

use std::fs;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};

/// Clock ticks per second in `/proc`; fixed by the kernel's interface.
const TICKS_PER_SECOND: f64 = 100.0;
/// Times that one look waits for its turn.
const TURNS: usize = 64;
/// A shorter interval says nothing about the load: a tick is a hundredth of a second.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// A wait that people notice.
const SLOW_TURN: Duration = Duration::from_millis(200);

/// Processor time so far, in ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ticks {
    process: u64,
    main_thread: u64,
    host_busy: u64,
    host_all: u64,
}

/// Part of one processor that was used between two looks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Load {
    process: f64,
    main_thread: f64,
    /// Part of all processors of the machine, by anybody.
    host: f64,
    interval: Duration,
}

#[derive(Debug)]
struct Last {
    at: Instant,
    ticks: Ticks,
    load: Option<Load>,
}

/// Remembers the last look, so that the next can tell the load between.
#[derive(Debug)]
pub struct Vitals(Mutex<Last>);

impl Default for Vitals {
    fn default() -> Self {
        Self(Mutex::new(Last {
            at: Instant::now(),
            ticks: Ticks::default(),
            load: None,
        }))
    }
}

impl Vitals {
    /// Members of `system.info`: `eventLoop` and `processMemory`, each if the system tells.
    pub(crate) async fn read(&self) -> Vec<(&'static str, Value)> {
        let mut turns = Vec::with_capacity(TURNS);
        for _ in 0..TURNS {
            let asked = Instant::now();
            tokio::task::yield_now().await;
            turns.push(asked.elapsed());
        }
        let mut members = Vec::new();
        if let Some(load) = self.load() {
            members.push(("eventLoop", event_loop(load, &mut turns)));
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if let Some(memory) = memory(&status) {
            members.push(("processMemory", memory));
        }
        members
    }

    fn load(&self) -> Option<Load> {
        let stat = |path: String| ticks(&fs::read_to_string(path).ok()?);
        let pid = std::process::id();
        let (host_busy, host_all) =
            host_ticks(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default();
        let now = Ticks {
            host_busy,
            host_all,
            process: stat("/proc/self/stat".to_owned())?,
            main_thread: stat(format!("/proc/self/task/{pid}/stat"))?,
        };
        let mut last = self.0.lock();
        let interval = last.at.elapsed();
        if let (Some(load), true) = (last.load, interval < MIN_INTERVAL) {
            return Some(load);
        }
        let load = load(last.ticks, now, interval);
        *last = Last {
            at: Instant::now(),
            ticks: now,
            load: Some(load),
        };
        Some(load)
    }
}

fn load(before: Ticks, now: Ticks, interval: Duration) -> Load {
    let part = |before: u64, now: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a count of hundredths")]
        let ticks = now.saturating_sub(before) as f64;
        ticks / TICKS_PER_SECOND / interval.as_secs_f64().max(1.0 / TICKS_PER_SECOND)
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of hundredths")]
    let of_host = |before: u64, now: u64| now.saturating_sub(before) as f64;
    let all = of_host(before.host_all, now.host_all).max(1.0);
    Load {
        process: part(before.process, now.process),
        main_thread: part(before.main_thread, now.main_thread),
        host: of_host(before.host_busy, now.host_busy) / all,
        interval,
    }
}

fn event_loop(load: Load, turns: &mut [Duration]) -> Value {
    turns.sort_unstable();
    let at = |part: usize| turns.get(part).copied().unwrap_or_default();
    let slowest = at(turns.len().saturating_sub(1));
    let p99 = at(turns.len() * 99 / 100);
    let slow = p99 >= SLOW_TURN;
    json!({
        "degraded": slow,
        "reasons": if slow { &["event_loop_delay"][..] } else { &[] },
        "intervalMs": millis(load.interval),
        "delayP99Ms": millis(p99),
        "delayMaxMs": millis(slowest),
        "utilization": rounded(load.main_thread.min(1.0)),
        "cpuCoreRatio": rounded(load.process),
        "cpuBreakdown": {
            "mainThreadCoreRatio": rounded(load.main_thread),
            "workerCoreRatio": 0,
            "otherThreadsCoreRatio": rounded((load.process - load.main_thread).max(0.0)),
            "hostUtilization": rounded(load.host.clamp(0.0, 1.0)),
            "hostCpuCount": std::thread::available_parallelism().map_or(1, usize::from),
        },
    })
}

fn millis(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1_000.0)
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Processor time of a process or thread, from its `stat`. The name in brackets may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Processor time of the whole machine: spent, and spent or idle.
fn host_ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> = line
        .split_whitespace()
        // What guests used is in the user's time, too.
        .take(8)
        .map_while(|time| time.parse().ok())
        .collect();
    let [_, _, _, idle, waiting, ..] = times[..] else {
        return None;
    };
    let all = times.iter().sum::<u64>();
    Some((all - idle - waiting, all))
}

/// Memory in use, from `/proc/self/status`. There is no managed heap here: what is no file is the heap.
fn memory(status: &str) -> Option<Value> {
    let bytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024)
    };
    let anonymous = bytes("RssAnon:")?;
    Some(json!({
        "rssBytes": bytes("VmRSS:")?,
        "heapUsedBytes": anonymous,
        "heapTotalBytes": anonymous,
        "externalBytes": 0,
        "arrayBuffersBytes": 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_of_a_stat_line() {
        let stat =
            "42 (a (b) c) S 1 42 42 0 -1 4194560 900 0 0 0 17 5 0 0 20 0 3 0 100 1000 200 184";
        assert_eq!(ticks(stat), Some(22));
        assert_eq!(ticks("42 (short) S 1"), None);
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn processor_time_of_the_machine() {
        let stat = "cpu  10 20 30 400 5 1 2 3 7 8\ncpu0 1 2 3 4\n";
        assert_eq!(host_ticks(stat), Some((66, 471)));
        assert_eq!(host_ticks("cpu 1 2"), None);
        assert_eq!(host_ticks(""), None);
    }

    #[test]
    fn load_between_two_looks() {
        let before = Ticks {
            process: 100,
            main_thread: 90,
            host_busy: 500,
            host_all: 10_000,
        };
        let now = Ticks {
            process: 350,
            main_thread: 190,
            host_busy: 750,
            host_all: 11_000,
        };
        let load = load(before, now, Duration::from_secs(5));
        assert!((load.process - 0.5).abs() < 1e-9);
        assert!((load.main_thread - 0.2).abs() < 1e-9);
        assert!((load.host - 0.25).abs() < 1e-9);
    }

    #[test]
    fn waits_of_the_loop() {
        let mut turns: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let told = event_loop(Load::default(), &mut turns);
        assert_eq!(
            (&told["delayP99Ms"], &told["delayMaxMs"]),
            (&json!(100.0), &json!(100.0))
        );
        assert_eq!(told["degraded"], false);
        let told = event_loop(Load::default(), &mut [Duration::from_millis(300)]);
        assert_eq!(told["reasons"], json!(["event_loop_delay"]));
        assert_eq!(event_loop(Load::default(), &mut [])["delayMaxMs"], 0.0);
    }

    #[test]
    fn memory_of_a_status_file() {
        let told = memory("Name:\tx\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\n").unwrap();
        assert_eq!(
            (&told["rssBytes"], &told["heapUsedBytes"]),
            (&json!(2_097_152), &json!(1_048_576))
        );
        assert_eq!(memory("Name:\tx\n"), None);
    }
}
