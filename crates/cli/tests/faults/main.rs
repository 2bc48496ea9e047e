//! Whatever is wrong with a way in, loopback is served: every cell starts a gateway with one fault, lets a client on this machine
//! call it at a steady rate, and notes what the gateway says is wrong and what to do. `cargo xtask faults` runs the cells for a
//! minute each and writes docs/faults.md; as tests they run for a second.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cells;
mod load;
#[path = "../it/place.rs"]
#[expect(dead_code, reason = "shared with the other tests")]
mod place;
mod tailnet;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use serde_json::json;

use cells::{CELLS, Cell, Stage};
use place::Place;

pub(crate) const TOKEN: &str = "a-token-of-some-length";

/// How long a cell runs, and where its row goes.
struct Plan {
    duration: Duration,
    rows: Option<std::path::PathBuf>,
}

impl Plan {
    fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok();
        let seconds = text("OPENCLAW_FAULTS_SECONDS").and_then(|text| text.parse().ok());
        Self {
            duration: Duration::from_secs(seconds.unwrap_or(1)),
            rows: text("OPENCLAW_FAULTS_ROWS").map(Into::into),
        }
    }
}

fn run(exposure: &str, fault: &str) {
    let cell = CELLS
        .iter()
        .find(|cell| (cell.exposure, cell.fault) == (exposure, fault))
        .unwrap_or_else(|| panic!("no cell {exposure} / {fault}"));
    check(cell, &Plan::read());
}

fn check(cell: &Cell, plan: &Plan) {
    let mut place = Place::new();
    let stage: Stage = (cell.stage)(&mut place);
    place.configure(&stage.gateway);
    if let Some(discovery) = &stage.discovery {
        let config = json!({ "gateway": stage.gateway, "discovery": discovery, "logging": { "file": place.log() } });
        place.write(".openclaw/openclaw.json", &config.to_string());
    }
    let mut gateway = place.gateway(&[]);
    let address = format!("127.0.0.1:{}", gateway.port);
    let url = format!("ws://{address}");
    // The client calls from the first moment on, while the part is still finding out.
    let calling = std::thread::spawn({
        let duration = plan.duration;
        move || load::run(address.parse().unwrap(), duration)
    });
    let told = gateway.running.find(cell.told);
    let figures = calling.join().unwrap();
    // Where the test happens to run is nobody's business.
    let home = place.path("").display().to_string();
    let (reason, fix) = said(&told.replace(home.trim_end_matches('/'), "~"));
    let row = json!({
        "exposure": cell.exposure, "fault": cell.fault, "calls": figures.calls, "failed": figures.failed,
        "connects": figures.connects, "p50": figures.p50_us, "p99": figures.p99_us, "max": figures.max_us,
        "seconds": plan.duration.as_secs(), "reason": reason, "fix": fix,
    });
    if let Some(rows) = &plan.rows {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(rows)
            .unwrap();
        writeln!(file, "{row}").unwrap();
    }
    assert_eq!(
        figures.failed, 0,
        "loopback calls failed ({url}): {figures:?}"
    );
    assert!(figures.calls > 0);
    assert!(cell.fault == "none" || !fix.is_empty(), "no fix: {told}");
    // The command line of this machine works too.
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
}

/// Reason and fix of a line of the log: `… <part> degraded: <reason> … fix=<command>`.
fn said(line: &str) -> (String, String) {
    let Some((_, rest)) = line.split_once(" degraded: ") else {
        return (String::new(), String::new());
    };
    match rest.split_once("fix=") {
        Some((reason, fix)) => (
            reason.trim().to_owned(),
            fix.trim().trim_matches('"').to_owned(),
        ),
        None => (rest.trim().to_owned(), String::new()),
    }
}

macro_rules! cells {
    ($($name:ident: $exposure:literal, $fault:literal;)+) => {
        $(#[test]
        fn $name() {
            run($exposure, $fault);
        })+

        #[test]
        fn every_cell_is_run() {
            let run = [$(($exposure, $fault)),+];
            let listed: Vec<_> = CELLS.iter().map(|cell| (cell.exposure, cell.fault)).collect();
            assert_eq!(listed, run);
        }
    };
}

cells! {
    nothing_is_wrong: "none", "none";
    tailscale_missing_tool: "tailscale", "missing tool";
    tailscale_denied: "tailscale", "denied";
    tailscale_slow: "tailscale", "slow";
    tailscale_flapping: "tailscale", "flapping";
    tailscale_wrong_state: "tailscale", "wrong state";
    tailscale_port_taken: "tailscale", "port taken";
    tailscale_disk_full: "tailscale", "disk full";
    tls_files_missing: "tls files", "missing tool";
    tls_files_garbled: "tls files", "wrong state";
    acme_unreachable: "acme", "missing tool";
    acme_flapping: "acme", "flapping";
    proxy_listener_port_taken: "proxy listener", "port taken";
    proxy_listener_no_folder: "proxy listener", "wrong state";
    wide_area_dns_port_taken: "wide-area dns", "port taken";
}
