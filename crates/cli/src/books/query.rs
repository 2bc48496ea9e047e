//! Finds the request that a person means: by code, id, device, name, or simply the newest.

use openclaw_protocol::methods::device::PendingDevice;
use openclaw_protocol::methods::node::PendingNode;
use openclaw_protocol::pairing_code::{normalize_code, pairing_code};
use openclaw_protocol::scope::{Role, Scope, ScopeSet};

/// Shortest part of an id that counts as one.
const MIN_PREFIX: usize = 6;

/// What asks to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A device wants a role.
    Device,
    /// A paired node wants its commands approved.
    Node,
}

impl Kind {
    /// The word in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Node => "node",
        }
    }
}

/// A request that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// What asks.
    pub(crate) kind: Kind,
    /// Id of the request.
    pub(crate) request_id: String,
    /// Device id, which is the node id too.
    pub(crate) id: String,
    /// Name for people.
    pub(crate) name: Option<String>,
    /// Role asked for.
    pub(crate) role: String,
    /// Scopes asked for, or needed to approve.
    pub(crate) scopes: Vec<String>,
    /// Where it came from.
    pub(crate) remote_ip: Option<String>,
    /// When, milliseconds since 1970.
    pub(crate) ts: i64,
    /// Whether the device was paired before.
    pub(crate) is_repair: bool,
}

impl Pending {
    /// The short code of the request.
    pub(crate) fn code(&self) -> String {
        pairing_code(&self.request_id)
    }

    /// The name, else the id.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// What the approver must hold: nobody gives what he does not have.
    pub(crate) fn approver_scopes(&self) -> ScopeSet {
        let asked = ScopeSet::parse(&self.scopes);
        let needed: ScopeSet = match self.kind {
            Kind::Device if self.role == Role::Operator.name() => {
                [Scope::Pairing].into_iter().collect()
            }
            // A new role is more than a pairing scope may hand out.
            Kind::Device => [Scope::Pairing, Scope::Admin].into_iter().collect(),
            Kind::Node if self.scopes.is_empty() => [Scope::Pairing, Scope::Write, Scope::Admin]
                .into_iter()
                .collect(),
            Kind::Node => [Scope::Pairing].into_iter().collect(),
        };
        needed.union(asked)
    }

    fn is_meant_by(&self, query: &str) -> bool {
        let is_part_of = |id: &str| {
            id.eq_ignore_ascii_case(query)
                || (query.len() >= MIN_PREFIX
                    && id
                        .get(..query.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(query)))
        };
        self.code() == normalize_code(query)
            || is_part_of(&self.request_id)
            || is_part_of(&self.id)
            || self
                .name
                .as_deref()
                .is_some_and(|name| same_name(name, query))
    }
}

impl From<PendingDevice> for Pending {
    fn from(device: PendingDevice) -> Self {
        Self {
            kind: Kind::Device,
            request_id: device.request_id,
            id: device.device_id,
            name: device.display_name,
            role: device.role,
            scopes: device.scopes,
            remote_ip: device.remote_ip,
            ts: device.ts,
            is_repair: device.is_repair,
        }
    }
}

impl From<PendingNode> for Pending {
    fn from(node: PendingNode) -> Self {
        Self {
            kind: Kind::Node,
            request_id: node.request_id,
            id: node.surface.node_id,
            name: node.surface.display_name,
            role: Role::Node.name().to_owned(),
            scopes: node.required_approve_scopes.unwrap_or_default(),
            remote_ip: node.surface.remote_ip,
            ts: node.ts,
            is_repair: node.is_repair.unwrap_or_default(),
        }
    }
}

/// Why no single request was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotFound {
    /// None fits.
    None,
    /// More than one fits.
    Several(Vec<Pending>),
}

/// Finds the one request that `query` names: an exact code, request id or device id wins over a
/// part of an id and over a name.
pub(crate) fn find(pending: &[Pending], query: &str) -> Result<Pending, NotFound> {
    let query = query.trim();
    let exact = |request: &&Pending| {
        request.code() == normalize_code(query) || request.request_id.eq_ignore_ascii_case(query)
    };
    if query.is_empty() {
        return Err(NotFound::None);
    }
    if let Some(request) = pending.iter().find(exact) {
        return Ok(request.clone());
    }
    let mut fitting = pending
        .iter()
        .filter(|request| request.is_meant_by(query))
        .cloned();
    match (fitting.next(), fitting.next()) {
        (None, _) => Err(NotFound::None),
        (Some(request), None) => Ok(request),
        (Some(first), Some(second)) => Err(NotFound::Several(
            [first, second].into_iter().chain(fitting).collect(),
        )),
    }
}

/// The newest request.
pub(crate) fn latest(pending: &[Pending]) -> Option<Pending> {
    pending.iter().max_by_key(|request| request.ts).cloned()
}

/// Whether two names are the same for a person: case, spaces and punctuation do not count.
pub(crate) fn same_name(name: &str, query: &str) -> bool {
    let (name, query) = (plain_name(name), plain_name(query));
    !query.is_empty() && name == query
}

fn plain_name(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            plain.push(c);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    plain.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(request_id: &str, id: &str, name: Option<&str>, ts: i64) -> Pending {
        Pending {
            kind: Kind::Device,
            request_id: request_id.to_owned(),
            id: id.to_owned(),
            name: name.map(str::to_owned),
            role: "operator".to_owned(),
            scopes: Vec::new(),
            remote_ip: None,
            ts,
            is_repair: false,
        }
    }

    #[test]
    fn u15_a_request_is_found_by_whatever_is_at_hand() {
        let pending = [
            request("7f3a91c2-0000", "aabbccddeeff", Some("Build Box"), 5),
            request("7f3a91d4-0000", "112233445566", None, 9),
        ];
        let code = pending[0].code();
        let dashed = format!(" {}-{} ", &code[..4].to_lowercase(), &code[4..]);
        for query in [
            code.as_str(),
            &dashed,
            "7f3a91c2-0000",
            "7F3A91C2",
            "aabbccddeeff",
            "aabbcc",
            "build-box",
            "BUILD  box!",
        ] {
            assert_eq!(find(&pending, query), Ok(pending[0].clone()), "{query}");
        }
        for query in ["", "aabbc", "nobody", "-"] {
            assert_eq!(find(&pending, query), Err(NotFound::None), "{query}");
        }
        assert_eq!(
            find(&pending, "7f3a91"),
            Err(NotFound::Several(pending.to_vec()))
        );
        assert_eq!(latest(&pending), Some(pending[1].clone()));
        assert_eq!(latest(&[]), None);
    }

    #[test]
    fn u10_an_approver_asks_for_what_he_gives() {
        let mut device = request("r", "d", None, 0);
        assert_eq!(device.approver_scopes().names(), ["operator.pairing"]);
        device.scopes = vec!["operator.read".into()];
        assert_eq!(
            device.approver_scopes().names(),
            ["operator.pairing", "operator.read"]
        );
        device.role = "node".into();
        assert!(device.approver_scopes().has(Scope::Admin));
        let mut node = Pending {
            kind: Kind::Node,
            scopes: vec!["operator.pairing".into(), "operator.write".into()],
            ..device
        };
        assert_eq!(
            node.approver_scopes().names(),
            ["operator.pairing", "operator.write"]
        );
        node.scopes.clear();
        assert!(node.approver_scopes().has(Scope::Admin));
    }
}
