//! Real programs against each other: both upstream releases with ours in between, as their users run them.
//!
//! The releases come from `cargo xtask peers`; without them these tests say so and pass. `OPENCLAW_PEERS_TRACE=1` prints every
//! command with its answer, `OPENCLAW_PEERS_REFERENCE=1` puts upstream's own programs in place of ours, which checks the checks.

#![expect(
    clippy::print_stderr,
    reason = "a test has nowhere else to say that it did not run, or what it saw"
)]

mod enrol;
mod matrix;
mod peer;
mod relay;
mod report;
mod rows;
mod stage;
mod tls;

use matrix::Row;
use peer::{Maker, Release};
use stage::Cast;

fn check(cast: Cast, release: Release, column: fn(&Row) -> &matrix::ByRelease) {
    if peer::installed().is_none() {
        eprintln!("not run: the upstream releases are not installed; run: cargo xtask peers");
        return;
    }
    let surprises = if std::env::var_os("OPENCLAW_PEERS_REFERENCE").is_some() {
        let own = Maker::Upstream(release);
        matrix::run(
            Cast {
                gateway: own,
                clients: own,
            },
            |_| &matrix::Expected::Works,
        )
    } else {
        matrix::run(cast, |row| column(row).of(release))
    };
    assert!(
        surprises.is_empty(),
        "not as in the table:\n\n{}",
        surprises.join("\n\n")
    );
}

#[test]
fn upstream_clients_of_2026_1_30_with_our_gateway() {
    let release = Release::January;
    check(matrix::upstream_clients(release), release, |row| {
        &row.upstream_clients
    });
}

#[test]
fn upstream_clients_of_2026_9_6_with_our_gateway() {
    let release = Release::September;
    check(matrix::upstream_clients(release), release, |row| {
        &row.upstream_clients
    });
}

#[test]
fn our_clients_with_the_gateway_of_2026_1_30() {
    let release = Release::January;
    check(matrix::our_clients(release), release, |row| {
        &row.our_clients
    });
}

#[test]
fn our_clients_with_the_gateway_of_2026_9_6() {
    let release = Release::September;
    check(matrix::our_clients(release), release, |row| {
        &row.our_clients
    });
}

#[test]
fn upstream_probe_of_2026_9_6_reaches_our_gateway_over_tls_with_a_pin() {
    if peer::installed().is_none() {
        eprintln!("not run: the upstream releases are not installed; run: cargo xtask peers");
        return;
    }
    // The probe of 2026.1.30 reads no pin: it refuses every certificate that no authority signed.
    tls::check(Release::September);
}
