//! Enumerates the whole decision and asserts its invariants, then a few rows by name.

use super::*;

const MODES: [AuthMode; 3] = [AuthMode::None, AuthMode::Token, AuthMode::Password];
const PEERS: [PeerClass; 3] = [
    PeerClass::Control,
    PeerClass::DirectLocal,
    PeerClass::Remote,
];
const KINDS: [ClientKind; 4] = [
    ClientKind::Cli,
    ClientKind::Probe,
    ClientKind::ControlUi,
    ClientKind::Other,
];

fn set(scopes: &[Scope]) -> ScopeSet {
    scopes.iter().copied().collect()
}

fn scope_sets() -> Vec<ScopeSet> {
    vec![
        ScopeSet::EMPTY,
        set(&[Scope::Read]),
        set(&[Scope::Write]),
        set(&[Scope::Pairing, Scope::Read]),
        set(&[Scope::Admin]),
        ScopeSet::FULL,
    ]
}

/// No identity, and each source allowed and not allowed.
const IDENTITIES: [(Option<IdentitySource>, bool); 5] = [
    (None, true),
    (Some(IdentitySource::Tailscale), true),
    (Some(IdentitySource::Tailscale), false),
    (Some(IdentitySource::TrustedProxy), true),
    (Some(IdentitySource::TrustedProxy), false),
];

fn every_case(mut check: impl FnMut(&Request, &Policy, Admission)) -> usize {
    let sets = scope_sets();
    let mut devices = vec![
        Device::Absent,
        Device::Proven(Standing::Unknown),
        Device::Proven(Standing::OtherRole),
    ];
    devices.extend(
        sets.iter()
            .map(|granted| Device::Proven(Standing::Paired(*granted))),
    );
    let mut credentials = vec![Credential::None, Credential::Shared, Credential::Wrong];
    credentials.extend(sets.iter().map(|carried| Credential::DeviceToken(*carried)));
    for node in [false, true] {
        credentials.push(Credential::Bootstrap(Bootstrap {
            node,
            operator: None,
        }));
        credentials.extend(sets.iter().map(|given| {
            Credential::Bootstrap(Bootstrap {
                node,
                operator: Some(*given),
            })
        }));
    }
    let mut count = 0;
    for mode in MODES {
        for (flags, (identity, allowed)) in
            (0_u8..16).flat_map(|flags| IDENTITIES.map(|case| (flags, case)))
        {
            // The other source is allowed whenever this one is not: allowing one must not let the other in.
            let allows = |source| (identity == Some(source)) == allowed;
            let policy = Policy {
                mode,
                allow_tailscale: allows(IdentitySource::Tailscale),
                allow_trusted_proxy: allows(IdentitySource::TrustedProxy),
                device_auto_approve: None,
                allow_deviceless: flags & 1 != 0,
                auto_approve_local: flags & 2 != 0,
                allow_insecure_auth: flags & 4 != 0,
                disable_device_auth: flags & 8 != 0,
            };
            for peer in PEERS {
                for browser in [false, true] {
                    for kind in KINDS {
                        for role in [Role::Operator, Role::Node] {
                            // A node asks for no scopes: one set is all of them.
                            let asked = if role == Role::Node {
                                &sets[..1]
                            } else {
                                &sets[..]
                            };
                            for requested in asked {
                                for device in &devices {
                                    for credential in &credentials {
                                        let request = Request {
                                            peer,
                                            browser,
                                            kind,
                                            role,
                                            requested: *requested,
                                            device: *device,
                                            credential: *credential,
                                            identity,
                                            identity_scopes: None,
                                        };
                                        check(&request, &policy, decide(&request, &policy));
                                        count += 1;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    count
}

#[test]
fn s03_every_admission_keeps_the_invariants() {
    let count = every_case(|request, policy, admission| {
        let Admission::Admit {
            scopes,
            method,
            pairing,
            limited,
        } = admission
        else {
            return;
        };
        let context = || format!("{request:?} {policy:?} -> {admission:?}");
        assert!(
            request.requested.covers(scopes),
            "more than asked for: {}",
            context()
        );
        assert_eq!(limited, scopes != request.requested, "{}", context());
        if request.peer == PeerClass::Remote {
            assert!(
                matches!(
                    request.credential,
                    Credential::Shared | Credential::DeviceToken(_) | Credential::Bootstrap(_)
                ) || matches!(method, Method::Identity(_)),
                "remote without a credential: {}",
                context()
            );
            assert_ne!(method, Method::None, "{}", context());
            assert!(
                pairing != Pairing::Approve || method == Method::Bootstrap,
                "remote pairing is never silent: {}",
                context()
            );
        }
        if let Method::Identity(source) = method {
            assert!(
                request.identity == Some(source)
                    && policy.accepts(source)
                    && policy.mode != AuthMode::None
                    && request.peer == PeerClass::Remote
                    && request.role == Role::Operator
                    && (request.credential != Credential::Shared || policy.allow_trusted_proxy),
                "identity where it does not count: {}",
                context()
            );
            let same_by_secret = Request {
                credential: Credential::Shared,
                identity: None,
                ..*request
            };
            let by_secret = Policy {
                allow_trusted_proxy: false,
                ..*policy
            };
            let Admission::Admit { scopes: most, .. } = decide(&same_by_secret, &by_secret) else {
                panic!("more than the shared secret gives: {}", context());
            };
            assert!(
                most.covers(scopes),
                "more than the shared secret gives: {}",
                context()
            );
        }
        if request.role == Role::Node {
            assert!(
                matches!(request.device, Device::Proven(_)),
                "node without identity: {}",
                context()
            );
        }
        assert!(
            method != Method::Bootstrap || matches!(request.credential, Credential::Bootstrap(_)),
            "{}",
            context()
        );
        let owner = request.peer == PeerClass::Control
            || (request.peer == PeerClass::DirectLocal
                && (request.credential == Credential::Shared || policy.mode == AuthMode::None));
        let exempt_ui = request.kind == ClientKind::ControlUi
            && (policy.allow_insecure_auth || policy.disable_device_auth)
            && request.credential == Credential::Shared;
        if let Credential::Bootstrap(offer) = request.credential
            && request.peer != PeerClass::Control
        {
            let offered = offer.scopes_of(request.role);
            assert_eq!(method, Method::Bootstrap, "{}", context());
            assert!(
                matches!(request.device, Device::Proven(_)),
                "a code without a device: {}",
                context()
            );
            assert!(
                offered.is_some_and(|offered| offered.covers(scopes)),
                "beyond the code: {}",
                context()
            );
            return;
        }
        if !owner && !exempt_ui && !policy.allow_deviceless {
            match request.device {
                Device::Absent => {
                    assert!(
                        scopes.is_empty()
                            || matches!(request.credential, Credential::DeviceToken(_)),
                        "scopes without a device: {}",
                        context()
                    );
                }
                Device::Proven(Standing::Paired(granted)) => {
                    assert!(granted.covers(scopes), "beyond the grant: {}", context());
                }
                Device::Proven(_) => panic!("unpaired device admitted: {}", context()),
            }
        }
        if let (Credential::DeviceToken(carried), Device::Proven(_)) =
            (request.credential, request.device)
            && request.peer != PeerClass::Control
            && !(request.kind == ClientKind::ControlUi && policy.disable_device_auth)
        {
            assert!(carried.covers(scopes), "beyond the token: {}", context());
        }
    });
    assert!(count > 2_000_000, "{count} cases");
}

#[test]
fn u17_an_identity_is_worth_what_the_shared_secret_is_to_a_device_from_elsewhere() {
    every_case(|request, policy, admission| {
        let Some(source) = request.identity.filter(|source| policy.accepts(*source)) else {
            return;
        };
        let counts = request.peer == PeerClass::Remote && request.role == Role::Operator;
        if !counts || request.credential != Credential::None {
            return;
        }
        let ignored = request.kind == ClientKind::ControlUi && policy.disable_device_auth;
        match (request.device, admission) {
            (Device::Absent, Admission::ControlUiDeviceRequired)
            | (
                Device::Proven(Standing::Unknown | Standing::OtherRole),
                Admission::PairingRequired(_),
            ) => {}
            (Device::Absent, Admission::Admit { scopes, .. }) => assert!(scopes.is_empty()),
            (Device::Proven(_), Admission::ControlUiDeviceRequired) => assert!(ignored),
            (
                Device::Proven(Standing::Paired(granted)),
                Admission::Admit { scopes, method, .. },
            ) => {
                assert_eq!(method, Method::Identity(source));
                assert_eq!(scopes, granted.grant(request.requested));
            }
            _ => panic!("{request:?} {policy:?} -> {admission:?}"),
        }
    });
}

#[test]
fn u17_an_identity_that_is_not_allowed_changes_nothing() {
    every_case(|request, policy, admission| {
        if request
            .identity
            .is_some_and(|source| !policy.accepts(source))
        {
            let without = Request {
                identity: None,
                ..*request
            };
            assert_eq!(admission, decide(&without, policy));
        }
    });
}

#[test]
fn u01_the_owner_always_has_a_way_in() {
    every_case(|request, policy, admission| {
        if request.role != Role::Operator || request.browser {
            return;
        }
        let at_control = request.peer == PeerClass::Control;
        let local_with_secret = request.peer == PeerClass::DirectLocal
            && request.credential == Credential::Shared
            && request.kind != ClientKind::ControlUi
            && (policy.auto_approve_local || request.device == Device::Absent);
        if at_control || local_with_secret {
            let admitted =
                matches!(admission, Admission::Admit { scopes, .. } if scopes == request.requested);
            assert!(
                admitted,
                "owner kept out: {request:?} {policy:?} -> {admission:?}"
            );
        }
    });
}

#[test]
fn u10_a_paired_device_that_asks_for_more_is_admitted_with_what_it_has() {
    let policy = Policy {
        mode: AuthMode::Token,
        allow_deviceless: false,
        auto_approve_local: true,
        allow_insecure_auth: false,
        disable_device_auth: false,
        allow_tailscale: false,
        allow_trusted_proxy: false,
        device_auto_approve: None,
    };
    let granted = set(&[Scope::Write]);
    let base = Request {
        peer: PeerClass::Remote,
        browser: false,
        kind: ClientKind::Cli,
        role: Role::Operator,
        requested: set(&[Scope::Read, Scope::Admin]),
        device: Device::Proven(Standing::Paired(granted)),
        credential: Credential::Shared,
        identity: None,
        identity_scopes: None,
    };
    for credential in [Credential::Shared, Credential::DeviceToken(granted)] {
        let Admission::Admit {
            scopes,
            pairing,
            limited,
            ..
        } = decide(&Request { credential, ..base }, &policy)
        else {
            panic!("refused");
        };
        assert_eq!(
            (scopes, pairing, limited),
            // Of what admin would imply it has this much.
            (set(&[Scope::Read, Scope::Write]), Pairing::File, true)
        );
    }
    let admin = Request {
        device: Device::Proven(Standing::Paired(set(&[Scope::Admin]))),
        ..base
    };
    assert!(matches!(
        decide(&admin, &policy),
        Admission::Admit { limited: false, .. }
    ));
}

#[test]
fn u05_a_missing_credential_is_not_a_wrong_one() {
    let policy = Policy {
        mode: AuthMode::Token,
        allow_deviceless: false,
        auto_approve_local: true,
        allow_insecure_auth: false,
        disable_device_auth: false,
        allow_tailscale: false,
        allow_trusted_proxy: false,
        device_auto_approve: None,
    };
    every_case(|request, _, _| {
        let missing = request.credential == Credential::None;
        assert!(!missing || decide(request, &policy) != Admission::CredentialWrong);
    });
}

/// What the owner writes about a user decides, and only for users that somebody vouches for.
#[test]
fn u42_s05_scopes_by_identity_hold_for_the_session_and_an_unpaired_device_keeps_none_of_its_own() {
    let sets = scope_sets();
    every_case(|request, policy, without| {
        let may_count = request.peer == PeerClass::Remote
            && request
                .identity
                .is_some_and(|source| policy.accepts(source));
        for most in if may_count { &sets[..] } else { &sets[4..5] } {
            let named = Request {
                identity_scopes: Some(*most),
                ..*request
            };
            let admission = decide(&named, policy);
            match admission {
                Admission::Admit {
                    scopes,
                    method: Method::Identity(_),
                    pairing,
                    ..
                } => {
                    assert_eq!(scopes, most.common(request.requested));
                    assert!(matches!(pairing, Pairing::None | Pairing::Refresh));
                }
                // Nobody vouches, or it does not count: the entry is as if it were not there.
                other => assert_eq!(other, without),
            }
        }
        // Without an entry an identity alone gives a device that nobody approved nothing.
        if let Admission::Admit {
            scopes,
            method: Method::Identity(_),
            ..
        } = without
            && !matches!(request.device, Device::Proven(Standing::Paired(_)))
        {
            assert!(scopes.is_empty(), "{request:?} {policy:?}");
        }
    });
}

#[test]
fn s05_only_the_browser_of_a_user_that_a_proxy_names_is_paired_at_once_and_with_what_is_allowed() {
    let most = set(&[Scope::Read, Scope::Write]);
    every_case(|request, policy, without| {
        let generous = Policy {
            device_auto_approve: Some(most),
            ..*policy
        };
        let admission = decide(request, &generous);
        if admission == without {
            return;
        }
        let Admission::Admit {
            scopes,
            method,
            pairing,
            limited,
        } = admission
        else {
            panic!("{request:?} {generous:?} -> {admission:?}");
        };
        assert_eq!(method, Method::Identity(IdentitySource::TrustedProxy));
        assert_eq!(
            without,
            Admission::PairingRequired(PairingReason::NotPaired)
        );
        assert_eq!(request.device, Device::Proven(Standing::Unknown));
        assert_eq!(
            (request.peer, request.kind, request.role),
            (PeerClass::Remote, ClientKind::ControlUi, Role::Operator)
        );
        assert_eq!(pairing, Pairing::Approve);
        assert_eq!(scopes, most.common(request.requested));
        assert_eq!(limited, scopes != request.requested);
    });
}

#[test]
fn s06_the_shared_secret_is_no_way_around_the_proxy_and_still_the_owner_s_here() {
    every_case(|request, policy, admission| {
        let signs_in = policy.allow_trusted_proxy && policy.mode != AuthMode::None;
        if !signs_in || request.credential != Credential::Shared {
            return;
        }
        if request.peer == PeerClass::Remote {
            if let Admission::Admit { method, .. } = admission {
                assert!(matches!(method, Method::Identity(_)), "{request:?}");
            }
        } else {
            let elsewhere = Policy {
                allow_trusted_proxy: false,
                ..*policy
            };
            assert_eq!(admission, decide(request, &elsewhere));
        }
    });
}
