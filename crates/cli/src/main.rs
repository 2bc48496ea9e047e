//! `openclaw`: gateway, node host and command line in one program.
//!
//! The only place where the libraries meet. Every command is one file below [`commands`]: its
//! arguments and a `run`. All output goes through [`ui::Ui`]; all failures are
//! [`error::CommandError`].

mod answer;
mod app;
mod args;
mod books;
mod commands;
mod connect;
mod context;
mod dashboard;
mod discover;
mod doctor;
mod error;
mod exposure;
mod host;
mod logging;
mod migrate;
mod offline;
mod onboarding;
mod platform;
mod probe;
#[cfg(test)]
mod recipes;
mod removal;
mod runtime;
mod server;
mod service;
mod setup;
mod trust;
mod tunnel;
mod ui;
mod ways;

fn main() -> std::process::ExitCode {
    app::main()
}
