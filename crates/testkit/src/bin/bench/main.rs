//! `bench`: what operations cost the gateway, measured as CPU time of its process beside a bare echo server.
//!
//! The servers are child processes; the clients live in this one. Everything ends by itself, and the children with it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

mod client;
mod echo;
mod embedded;
mod load;
mod options;
mod process;
mod report;
mod scenario;
mod server;
mod socket;
mod stats;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use options::Options;
use scenario::{NAMES, Stage};
use server::{GatewayProgram, SERVE_ECHO, SERVE_GATEWAY};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.first().map(String::as_str) {
        Some(SERVE_ECHO) => echo::serve().map_err(|error| error.to_string()),
        Some(SERVE_GATEWAY) => embedded::serve(),
        Some("--help" | "-h") => {
            print!("{}\nscenarios: {}\n", options::USAGE, NAMES.join(" "));
            Ok(())
        }
        _ => measure(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> Result<(), String> {
    let options = Options::parse(arguments, &NAMES)?;
    let program = GatewayProgram::find(options.embedded)?;
    let files = process::raise_fd_limit();
    if files < 10_500 {
        return Err(format!(
            "{files} open files are allowed, 10 500 are needed; run: ulimit -n 20000"
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let stage = Stage {
        options: &options,
        program: &program,
    };
    let mut rows = Vec::new();
    for name in NAMES.iter().filter(|name| options.wants(name)) {
        let begun = Instant::now();
        let more = runtime.block_on(scenario::run(name, &stage));
        eprintln!("{name}: {:.0} s", begun.elapsed().as_secs_f64());
        print!("{}", report::table(&more));
        rows.extend(more);
    }
    println!("\n{}\n{}", report::table(&rows), report::misses(&rows));
    if options.write {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
        report::write(&page, &rows)
            .map_err(|error| format!("cannot write {}: {error}", page.display()))?;
    }
    Ok(())
}
