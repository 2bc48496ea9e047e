//! Table: every command of the comparison, how it is run and checked, and what each release makes of it.

use crate::peer::{Maker, Release};
use crate::rows;
use crate::stage::{Cast, Stage};

/// A command, or a step of the main job.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&mut Stage) -> Result<(), String>,
    /// Upstream's client and node host against our gateway.
    pub(crate) upstream_clients: ByRelease,
    /// Our client and node host against upstream's gateway.
    pub(crate) our_clients: ByRelease,
}

pub(crate) struct ByRelease {
    pub(crate) january: Expected,
    pub(crate) september: Expected,
}

impl ByRelease {
    pub(crate) fn of(&self, release: Release) -> &Expected {
        match release {
            Release::January => &self.january,
            Release::September => &self.september,
        }
    }
}

/// What a check is expected to come to.
pub(crate) enum Expected {
    Works,
    /// The failure contains `sign`; `note` says in the document what differs.
    Differs {
        sign: &'static str,
        note: &'static str,
    },
}

use Expected::{Differs, Works};

const WORKS: ByRelease = ByRelease {
    january: Works,
    september: Works,
};

const ENDS_WHEN_REFUSED: Expected = Differs {
    sign: "only after it was started again",
    note: "The node host of 2026.1.30 ends when a connection fails or closes, with any gateway; once started again it is connected and still paired.",
};

const fn works(name: &'static str, check: fn(&mut Stage) -> Result<(), String>) -> Row {
    Row {
        name,
        check,
        upstream_clients: WORKS,
        our_clients: WORKS,
    }
}

/// In the order of the job: later rows use what earlier ones have paired.
pub(crate) const ROWS: [Row; 28] = [
    works("`health`", rows::operator::health),
    works("`status`", rows::operator::status),
    works("`gateway health`", rows::operator::gateway_health),
    works("`gateway call`", rows::operator::gateway_call),
    works("`gateway status`", rows::operator::gateway_status),
    Row {
        name: "`gateway probe`",
        check: rows::operator::gateway_probe,
        upstream_clients: WORKS,
        our_clients: ByRelease {
            january: Differs {
                sign: "\"error\":\"missing scope: operator.admin\"",
                note: "Reachable, with health, status and presence; the configuration is left out, because 2026.1.30 shows it to `operator.admin` only and a probe asks for `operator.read`.",
            },
            september: Works,
        },
    },
    works("`config get`", rows::operator::config_get),
    works("`logs`", rows::operator::logs),
    works("`system presence`", rows::operator::system_presence),
    works(
        "`node run`: a remote node is told to pair",
        rows::nodes::asks_to_pair,
    ),
    works("`devices list`", rows::devices::list),
    works("`devices approve`", rows::devices::approve_node),
    Row {
        name: "`node run`: connects once approved",
        check: rows::nodes::connects,
        upstream_clients: ByRelease {
            january: ENDS_WHEN_REFUSED,
            september: Works,
        },
        our_clients: WORKS,
    },
    works(
        "`nodes pending`, `nodes approve`",
        rows::nodes::approve_commands,
    ),
    works("`nodes status`", rows::nodes::status),
    works("`nodes describe`", rows::nodes::describe),
    Row {
        name: "`nodes rename`",
        check: rows::nodes::rename,
        upstream_clients: WORKS,
        our_clients: ByRelease {
            january: Differs {
                sign: "unknown nodeId",
                note: "The gateway of 2026.1.30 renames only nodes that were paired with `nodes approve`, not those paired as a device.",
            },
            september: Works,
        },
    },
    works("`nodes invoke`", rows::nodes::invoke),
    works(
        "`nodes run` (2026.9.6: `gateway call node.invoke`)",
        rows::nodes::run,
    ),
    works(
        "a failing command keeps its exit code",
        rows::nodes::failing_command,
    ),
    works("`approvals get --node`", rows::nodes::approvals_get),
    works("the node is in `system presence`", rows::nodes::presence),
    Row {
        name: "`node run`: back after a restart of the gateway",
        check: rows::nodes::comes_back,
        upstream_clients: ByRelease {
            january: ENDS_WHEN_REFUSED,
            september: Works,
        },
        our_clients: WORKS,
    },
    works(
        "a client on the node's machine is told to pair",
        rows::devices::guest_must_pair,
    ),
    works(
        "`devices approve` for that client",
        rows::devices::approve_guest,
    ),
    works("the approved client gets in", rows::devices::guest_gets_in),
    works("`devices revoke`", rows::devices::revoke),
    Row {
        name: "the revoked client is refused",
        check: rows::devices::guest_is_refused,
        upstream_clients: WORKS,
        our_clients: ByRelease {
            january: Differs {
                sign: "`nodes status --json`: exit status: 0",
                note: "The gateway of 2026.1.30 replaces a revoked token for a client that also holds the shared secret.",
            },
            september: Works,
        },
    },
];

/// Runs every row and returns what is not as the table says.
pub(crate) fn run(cast: Cast, expected: impl Fn(&Row) -> &Expected) -> Vec<String> {
    let mut stage = Stage::set(cast);
    let mut surprises = Vec::new();
    for row in &ROWS {
        let outcome = (row.check)(&mut stage);
        let surprise = match (expected(row), outcome) {
            (Works, Ok(())) => None,
            (Works, Err(error)) => Some(error),
            (Differs { .. }, Ok(())) => Some("works now: change the table".to_owned()),
            (Differs { sign, .. }, Err(error)) => (!error.contains(sign))
                .then(|| format!("expected a failure with {sign:?}, got: {error}")),
        };
        surprises.extend(surprise.map(|surprise| format!("{}: {surprise}", row.name)));
    }
    if !surprises.is_empty() {
        surprises.push(format!("the gateway said:\n{}", stage.gateway_said()));
        surprises.push(format!("the node said:\n{}", stage.node_said()));
    }
    surprises
}

/// The four columns of the document.
pub(crate) fn upstream_clients(release: Release) -> Cast {
    Cast {
        gateway: Maker::Ours,
        clients: Maker::Upstream(release),
    }
}

pub(crate) fn our_clients(release: Release) -> Cast {
    Cast {
        gateway: Maker::Upstream(release),
        clients: Maker::Ours,
    }
}
