//! The real program, run as a person runs it, in a home of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod abuse;
mod advice;
mod canvas;
mod commands;
mod config;
mod container;
mod edit;
mod failsafe;
#[cfg(target_os = "linux")]
mod footprint;
mod frugal;
mod gateway;
mod install;
mod instances;
mod migrate;
mod nodes;
mod offline;
mod onboard;
mod output;
mod pairing;
mod place;
mod profile;
mod proxies;
mod relay;
mod removal;
#[cfg(target_os = "linux")]
mod requirements;
mod restart;
mod secret_files;
mod secrets;
mod security;
mod service;
mod setup;
mod sshd;
mod tailscale;
mod terminal;
mod troubleshooting;
mod tunnel;
mod up;
