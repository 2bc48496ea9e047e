//! The admission decision: everything known about a connect request in, one decision out. Pure.
//!
//! Invariants (asserted over the whole input space in the tests):
//! no remote caller is admitted without a credential; scopes never exceed what the device was granted, the credential
//! carries, or the caller asked for; the owner, that is the control socket or a direct local peer holding the shared
//! secret, always gets in with what it asks for; an identity that somebody vouches for never gives more than the shared
//! secret would, and only to operators from elsewhere; a setup code admits nobody without a device, and gives nothing
//! that is not in it.

use openclaw_protocol::handshake::ClientKind;
use openclaw_protocol::scope::{Role, Scope, ScopeSet};

use crate::auth::identity::IdentitySource;
use crate::peer::PeerClass;

/// Configured authentication mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// No credential; direct local peers only.
    None,
    /// Shared token.
    Token,
    /// Shared password.
    Password,
}

/// Settings that shape admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the config"
)]
pub struct Policy {
    /// Authentication mode.
    pub mode: AuthMode,
    /// `gateway.auth.allowDeviceless`: remote operators without a device keep the scopes they ask for.
    pub allow_deviceless: bool,
    /// `gateway.nodes.pairing.autoApproveLocal`: direct local devices pair without a question.
    pub auto_approve_local: bool,
    /// `gateway.controlUi.allowInsecureAuth`: the Control UI may come without a device.
    pub allow_insecure_auth: bool,
    /// `gateway.controlUi.dangerouslyDisableDeviceAuth`: the Control UI's device is ignored.
    pub disable_device_auth: bool,
    /// `gateway.auth.allowTailscale`, as it comes to: a user that Tailscale Serve names needs no shared secret. Never with
    /// Funnel.
    pub allow_tailscale: bool,
    /// Mode `trusted-proxy`: a user that a trusted proxy names needs no shared secret.
    pub allow_trusted_proxy: bool,
    /// `gateway.auth.trustedProxy.deviceAutoApprove`: the most that the browser of a user whom a trusted proxy names is paired
    /// with at once. `None`: it asks.
    pub device_auto_approve: Option<ScopeSet>,
}

impl Policy {
    /// Whether a user that `source` names needs no shared secret. Never in mode none, where there is nothing to replace.
    pub fn accepts(&self, source: IdentitySource) -> bool {
        let allowed = match source {
            IdentitySource::Tailscale => self.allow_tailscale,
            IdentitySource::TrustedProxy => self.allow_trusted_proxy,
        };
        allowed && self.mode != AuthMode::None
    }
}

/// What came of the credential that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// None was sent.
    None,
    /// The shared secret of the configured mode.
    Shared,
    /// A live token of this device and role, with the scopes it carries.
    DeviceToken(ScopeSet),
    /// The live token of a setup code that no other device has used.
    Bootstrap(Bootstrap),
    /// Something else.
    Wrong,
}

/// What a setup code gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bootstrap {
    /// Whether it admits as a node.
    pub node: bool,
    /// Scopes it gives an operator; `None` when it admits no operator.
    pub operator: Option<ScopeSet>,
}

impl Bootstrap {
    /// What it gives a role; `None` when it does not admit to it.
    pub const fn scopes_of(self, role: Role) -> Option<ScopeSet> {
        match role {
            Role::Node if self.node => Some(ScopeSet::EMPTY),
            Role::Node => None,
            Role::Operator => self.operator,
        }
    }
}

/// What is known about the device that proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never paired, or under another key.
    Unknown,
    /// Paired for the role asked for, with these scopes.
    Paired(ScopeSet),
    /// Paired, but not for this role.
    OtherRole,
}

/// The device of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// None was sent (or it is to be ignored).
    Absent,
    /// Its signature verified.
    Proven(Standing),
}

/// Everything that admission depends on.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// Where the caller is.
    pub peer: PeerClass,
    /// Whether the request carries a browser origin (already checked to be an allowed one).
    pub browser: bool,
    /// What kind of client it says it is.
    pub kind: ClientKind,
    /// Role asked for.
    pub role: Role,
    /// Scopes asked for; an operator that names none asks for admin.
    pub requested: ScopeSet,
    /// Device.
    pub device: Device,
    /// Credential.
    pub credential: Credential,
    /// Who vouches for the user behind the request, once that is verified.
    pub identity: Option<IdentitySource>,
    /// `gateway.auth.identityScopes` of that user: what its sessions get, whatever the device was granted.
    pub identity_scopes: Option<ScopeSet>,
}

impl Request {
    /// The voucher that stands in for the shared secret here. Only people are vouched for: a node shows a credential of its
    /// own. On this machine nobody needs one, and whoever forwards makes a request remote.
    fn voucher(&self, policy: &Policy) -> Option<IdentitySource> {
        self.identity.filter(|source| {
            self.peer == PeerClass::Remote && self.role == Role::Operator && policy.accepts(*source)
        })
    }
}

/// How a caller was authenticated; `hello-ok.auth.method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Owner-only control socket.
    Control,
    /// Mode none.
    None,
    /// Shared token.
    Token,
    /// Shared password.
    Password,
    /// Device token.
    DeviceToken,
    /// A verified identity.
    Identity(IdentitySource),
    /// Setup code.
    Bootstrap,
}

impl Method {
    /// Wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Control | Self::None => "none",
            Self::Token => "token",
            Self::Password => "password",
            Self::DeviceToken => "device-token",
            Self::Identity(source) => source.name(),
            Self::Bootstrap => "bootstrap-token",
        }
    }
}

/// What pairing step belongs to an admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Nothing to do with pairing.
    None,
    /// The device is paired already; refresh what it said about itself.
    Refresh,
    /// Pair it now, for the role and scopes asked for (a setup code: for what the code gives).
    Approve,
    /// Admit with less, and file a request for the rest.
    File,
}

/// Why pairing is required; `details.reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairingReason {
    /// The device is not paired.
    NotPaired,
    /// The device is paired for another role.
    RoleUpgrade,
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Come in.
    Admit {
        /// Scopes granted.
        scopes: ScopeSet,
        /// How.
        method: Method,
        /// Pairing step to take first.
        pairing: Pairing,
        /// Whether fewer scopes were granted than asked for.
        limited: bool,
    },
    /// File a pairing request, then refuse with its id.
    PairingRequired(PairingReason),
    /// A credential is needed and none was sent. Costs nothing in the limiter.
    CredentialMissing,
    /// The credential is wrong.
    CredentialWrong,
    /// A device identity is needed.
    DeviceRequired,
    /// The Control UI needs a device identity.
    ControlUiDeviceRequired,
}

/// Decides. See the module documentation for the invariants.
pub fn decide(request: &Request, policy: &Policy) -> Admission {
    let control_ui = request.kind == ClientKind::ControlUi;
    let device = if control_ui && policy.disable_device_auth {
        Device::Absent
    } else {
        request.device
    };
    // Where a proxy signs people in, the shared secret is no way around it; on this machine it stays the owner's.
    let credential = match request.credential {
        Credential::Shared
            if policy.allow_trusted_proxy
                && policy.mode != AuthMode::None
                && request.peer == PeerClass::Remote =>
        {
            Credential::Wrong
        }
        credential => credential,
    };
    let request = &Request {
        device,
        credential,
        ..*request
    };
    if request.peer == PeerClass::Control {
        return admit_control(request);
    }
    if let Credential::Bootstrap(offer) = request.credential {
        return admit_bootstrap(request, offer);
    }
    let open_local =
        policy.mode == AuthMode::None && request.peer == PeerClass::DirectLocal && !request.browser;
    let voucher = request.voucher(policy);
    let method = match request.credential {
        Credential::Shared => match policy.mode {
            AuthMode::Password => Method::Password,
            AuthMode::Token | AuthMode::None => Method::Token,
        },
        // A device token is worth something only together with the proof of its device.
        Credential::DeviceToken(_) if device != Device::Absent => Method::DeviceToken,
        _ if open_local => Method::None,
        Credential::Wrong | Credential::DeviceToken(_) | Credential::Bootstrap(_) => {
            // A page may still send a token that has been changed; the limiter has counted it.
            let Some(source) = voucher else {
                return Admission::CredentialWrong;
            };
            Method::Identity(source)
        }
        Credential::None => match (voucher, device) {
            (Some(source), _) => Method::Identity(source),
            (None, Device::Absent) if control_ui => return Admission::ControlUiDeviceRequired,
            (None, Device::Absent) => return Admission::DeviceRequired,
            (None, Device::Proven(_)) => return Admission::CredentialMissing,
        },
    };
    match device {
        Device::Absent => admit_deviceless(request, *policy, method),
        Device::Proven(standing) => admit_device(request, *policy, method, standing),
    }
}

/// The owner at the control socket: nothing is asked of it, except that a node has an identity.
fn admit_control(request: &Request) -> Admission {
    let pairing = match (request.role, request.device) {
        (Role::Node, Device::Absent) => return Admission::DeviceRequired,
        (Role::Node, Device::Proven(Standing::Paired(_))) => Pairing::Refresh,
        (Role::Node, Device::Proven(_)) => Pairing::Approve,
        (Role::Operator, _) => Pairing::None,
    };
    Admission::Admit {
        scopes: request.requested,
        method: Method::Control,
        pairing,
        limited: false,
    }
}

/// A setup code speaks for whoever made it, as far as it goes: it pairs one device, for what it names and no more.
fn admit_bootstrap(request: &Request, offer: Bootstrap) -> Admission {
    if request.device == Device::Absent {
        return if request.kind == ClientKind::ControlUi {
            Admission::ControlUiDeviceRequired
        } else {
            Admission::DeviceRequired
        };
    }
    let Some(offered) = offer.scopes_of(request.role) else {
        return Admission::CredentialWrong;
    };
    let scopes = offered.limit(request.requested);
    Admission::Admit {
        scopes,
        method: Method::Bootstrap,
        pairing: Pairing::Approve,
        limited: scopes != request.requested,
    }
}

fn admit_deviceless(request: &Request, policy: Policy, method: Method) -> Admission {
    if request.role == Role::Node {
        return Admission::DeviceRequired;
    }
    // Everybody in a tailnet has an identity; only a device that was approved makes one of them an operator.
    let vouched = matches!(method, Method::Identity(_));
    if let Some(most) = request.identity_scopes.filter(|_| vouched) {
        return admit_named(request, method, most);
    }
    if request.kind == ClientKind::ControlUi
        && (vouched || !(policy.allow_insecure_auth || policy.disable_device_auth))
    {
        return Admission::ControlUiDeviceRequired;
    }
    let trusted_here = request.peer == PeerClass::DirectLocal && !request.browser;
    let keeps_scopes = !vouched
        && (trusted_here || policy.allow_deviceless || request.kind == ClientKind::ControlUi);
    let scopes = if keeps_scopes {
        request.requested
    } else {
        ScopeSet::EMPTY
    };
    Admission::Admit {
        scopes,
        method,
        pairing: Pairing::None,
        limited: scopes != request.requested,
    }
}

fn admit_device(
    request: &Request,
    policy: Policy,
    method: Method,
    standing: Standing,
) -> Admission {
    if let (Method::Identity(_), Some(most)) = (method, request.identity_scopes) {
        return admit_named(request, method, most);
    }
    // Only the shared secret (or the open local mode) speaks for the owner; a device token speaks for one device, and an
    // identity is never local.
    let owner_here = request.peer == PeerClass::DirectLocal
        && policy.auto_approve_local
        && method != Method::DeviceToken;
    let granted = match standing {
        Standing::Paired(granted) => granted,
        Standing::Unknown | Standing::OtherRole if owner_here => {
            return Admission::Admit {
                scopes: request.requested,
                method,
                pairing: Pairing::Approve,
                limited: false,
            };
        }
        Standing::Unknown => {
            return match auto_approved(request, policy, method) {
                Some(scopes) => Admission::Admit {
                    scopes,
                    method,
                    pairing: Pairing::Approve,
                    limited: scopes != request.requested,
                },
                None => Admission::PairingRequired(PairingReason::NotPaired),
            };
        }
        Standing::OtherRole => return Admission::PairingRequired(PairingReason::RoleUpgrade),
    };
    let ceiling = match request.credential {
        Credential::DeviceToken(carried) => granted.limit(carried),
        _ => granted,
    };
    if ceiling.covers(request.requested) {
        return Admission::Admit {
            scopes: request.requested,
            method,
            pairing: Pairing::Refresh,
            limited: false,
        };
    }
    if owner_here {
        return Admission::Admit {
            scopes: request.requested,
            method,
            pairing: Pairing::Approve,
            limited: false,
        };
    }
    let scopes = ceiling.grant(request.requested);
    Admission::Admit {
        scopes,
        method,
        pairing: Pairing::File,
        limited: true,
    }
}

/// A user for whom the config says what its sessions get. Nothing of it is stored.
fn admit_named(request: &Request, method: Method, most: ScopeSet) -> Admission {
    let scopes = most.common(request.requested);
    let pairing = match request.device {
        Device::Proven(Standing::Paired(_)) => Pairing::Refresh,
        Device::Proven(_) | Device::Absent => Pairing::None,
    };
    Admission::Admit {
        scopes,
        method,
        pairing,
        limited: scopes != request.requested,
    }
}

/// What the browser of a user whom a trusted proxy names is paired with at once, if anything.
fn auto_approved(request: &Request, policy: Policy, method: Method) -> Option<ScopeSet> {
    let by_proxy = method == Method::Identity(IdentitySource::TrustedProxy);
    let most = policy
        .device_auto_approve
        .filter(|_| by_proxy && request.kind == ClientKind::ControlUi)?;
    let scopes = most.common(request.requested);
    (!scopes.is_empty()).then_some(scopes)
}

/// Scopes an operator asks for when it names none.
pub fn requested_scopes(role: Role, named: Option<&[String]>) -> ScopeSet {
    match (role, named) {
        (Role::Node, _) => ScopeSet::EMPTY,
        (Role::Operator, None | Some([])) => [Scope::Admin].into_iter().collect(),
        (Role::Operator, Some(names)) => ScopeSet::parse(names),
    }
}

#[cfg(test)]
mod tests;
