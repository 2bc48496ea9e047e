//! Operator scopes and roles.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees and commands.
    Operator,
    /// Is commanded.
    Node,
}

impl Role {
    /// Parses the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "operator" => Some(Self::Operator),
            "node" => Some(Self::Node),
            _ => None,
        }
    }

    /// The wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Node => "node",
        }
    }
}

/// One operator scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// Everything.
    Admin,
    /// Decide exec approvals.
    Approvals,
    /// Approve, rename, revoke devices and nodes.
    Pairing,
    /// Answer questions of agents.
    Questions,
    /// Look.
    Read,
    /// Talk mode.
    Talk,
    /// Talk credentials.
    TalkSecrets,
    /// Act; implies read and talk.
    Write,
}

impl Scope {
    /// All scopes, sorted by wire name.
    pub const ALL: [Self; 8] = [
        Self::Admin,
        Self::Approvals,
        Self::Pairing,
        Self::Questions,
        Self::Read,
        Self::Talk,
        Self::TalkSecrets,
        Self::Write,
    ];

    /// The wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "operator.admin",
            Self::Approvals => "operator.approvals",
            Self::Pairing => "operator.pairing",
            Self::Questions => "operator.questions",
            Self::Read => "operator.read",
            Self::Talk => "operator.talk",
            Self::TalkSecrets => "operator.talk.secrets",
            Self::Write => "operator.write",
        }
    }

    /// Parses the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of scopes. Names that are not scopes are dropped when parsing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(u16);

impl ScopeSet {
    /// No scope at all.
    pub const EMPTY: Self = Self(0);
    /// Every scope.
    pub const FULL: Self = Self(0xff);

    /// Parses wire names.
    pub fn parse<I: IntoIterator<Item = S>, S: AsRef<str>>(names: I) -> Self {
        names
            .into_iter()
            .filter_map(|name| Scope::parse(name.as_ref()))
            .collect()
    }

    /// The set as bits, to keep it in an atomic.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set from [`Self::bits`].
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0xff)
    }

    /// Whether nothing is granted.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `scope` itself is a member, without implication.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether a holder of this set may do what needs `scope`: admin implies all, write implies read and talk.
    pub const fn allows(self, scope: Scope) -> bool {
        self.has(scope)
            || self.has(Scope::Admin)
            || (self.has(Scope::Write) && matches!(scope, Scope::Read | Scope::Talk))
    }

    /// Whether this set allows everything in `other`.
    pub fn covers(self, other: Self) -> bool {
        other.iter().all(|scope| self.allows(scope))
    }

    /// The members of `requested` that this set allows.
    #[must_use]
    pub fn limit(self, requested: Self) -> Self {
        requested
            .iter()
            .filter(|scope| self.allows(*scope))
            .collect()
    }

    /// What a holder that asks for `requested` gets of this set: the members that this set allows, and of a member that it
    /// does not allow whatever that would have implied. Of `read`, a holder that asks for `admin` gets `read`.
    #[must_use]
    pub fn grant(self, requested: Self) -> Self {
        requested.iter().fold(Self::EMPTY, |granted, asked| {
            let asked = Self(asked.bit());
            let part = if self.covers(asked) {
                asked
            } else {
                asked.limit(self)
            };
            granted.union(part)
        })
    }

    /// What both allow, implied scopes included: of `admin` and `read`, that is `read`.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        self.limit(other).union(other.limit(self))
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Members, sorted by wire name.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Wire names, sorted.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::name).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(Vec::<String>::deserialize(deserializer)?))
    }
}
