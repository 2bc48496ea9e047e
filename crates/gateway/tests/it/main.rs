//! Whole-gateway tests: a real gateway on a real port, spoken to over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod admission;
mod approvals;
mod audit;
mod canvas;
mod clients;
mod confirm;
mod connections;
mod devices;
mod frames;
mod kill;
mod live;
mod metrics;
mod nodes;
mod oracle;
mod proxies;
mod remote_status;
mod setup;
mod shapes;
mod shutdown;
mod spoof_table;
mod streams;
mod tailscale;
mod tls;
mod transcripts;
