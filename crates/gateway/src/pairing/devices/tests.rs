use openclaw_protocol::scope::Scope;

use super::*;

fn set(scopes: &[Scope]) -> ScopeSet {
    scopes.iter().copied().collect()
}

fn ask(device: &str, scopes: &[Scope]) -> Ask {
    Ask {
        device_id: device.to_owned(),
        public_key: format!("key-{device}"),
        facts: ClientFacts {
            remote_ip: Some("192.0.2.1".into()),
            ..ClientFacts::default()
        },
        role: Role::Operator,
        scopes: set(scopes),
        silent: false,
        browser_origin: None,
    }
}

#[test]
fn u15_one_request_id_for_its_whole_life() {
    let mut devices = Devices::default();
    let first = devices.file(ask("a", &[Scope::Write, Scope::Pairing]), 0);
    assert!(first.created);
    for (now, scopes) in [
        (1, vec![Scope::Write]),
        (PAIRING_TTL_MS, vec![Scope::Read]),
        (5, vec![Scope::Pairing]),
    ] {
        let again = devices.file(ask("a", &scopes), now);
        assert!(!again.created);
        assert_eq!(again.request.request_id, first.request.request_id);
    }
    let expired = devices.file(ask("a", &[Scope::Write]), PAIRING_TTL_MS + 1);
    assert!(expired.created);
    assert_ne!(expired.request.request_id, first.request.request_id);
}

#[test]
fn u15_a_wider_request_supersedes_and_says_so() {
    let mut devices = Devices::default();
    let narrow = devices.file(ask("a", &[Scope::Read]), 0).request;
    let wide = devices.file(ask("a", &[Scope::Pairing]), 1).request;
    assert_eq!(
        wide.scopes,
        set(&[Scope::Read, Scope::Pairing]),
        "the new request asks for both"
    );
    assert_eq!(devices.pending(1).len(), 1);
    let error = devices
        .approve(&narrow.request_id, None, "owner", 2)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "superseded by {}: the device now asks for role operator, scopes operator.pairing, operator.read",
            wide.request_id
        )
    );
    assert!(devices.approve(&wide.request_id, None, "owner", 2).is_ok());
}

#[test]
fn u15_two_roles_of_a_machine_do_not_push_each_other_out() {
    let mut devices = Devices::default();
    let as_node = Ask {
        role: Role::Node,
        ..ask("a", &[])
    };
    let node = devices.file(as_node.clone(), 0).request;
    let operator = devices.file(ask("a", &[Scope::Read]), 1).request;
    assert_eq!(devices.file(as_node, 2).request.request_id, node.request_id);
    assert!(devices.approve(&node.request_id, None, "owner", 3).is_ok());
    let device = devices
        .approve(&operator.request_id, None, "owner", 4)
        .unwrap()
        .device;
    assert_eq!(device.roles, [Role::Operator, Role::Node]);
}

#[test]
fn s09_a_revoked_role_has_to_be_approved_again() {
    let mut devices = Devices::default();
    let standing = |devices: &Devices| devices.standing("a", "key-a", Role::Operator);
    devices.approve_now(ask("a", &[Scope::Read]), "owner", 0);
    devices
        .issue("a", Role::Operator, set(&[Scope::Read]), 0)
        .unwrap();
    assert_eq!(standing(&devices), Standing::Paired(set(&[Scope::Read])));
    devices.revoke("a", Role::Operator, 1).unwrap();
    assert_eq!(standing(&devices), Standing::OtherRole);
    let again = devices.file(ask("a", &[Scope::Read]), 2).request.request_id;
    devices.approve(&again, None, "owner", 3).unwrap();
    assert_eq!(standing(&devices), Standing::Paired(set(&[Scope::Read])));
}

#[test]
fn u15_approving_twice_is_the_same_as_once() {
    let mut devices = Devices::default();
    let id = devices.file(ask("a", &[Scope::Read]), 0).request.request_id;
    let first = devices.approve(&id, None, "owner", 1).unwrap();
    let second = devices.approve(&id, None, "owner", 2).unwrap();
    assert_eq!(second.device, first.device);
    assert!(second.changes.is_empty());
    assert_eq!(
        devices.approve("nope", None, "owner", 2).unwrap_err(),
        DeviceError::UnknownRequest
    );
    let other = devices.file(ask("b", &[Scope::Read]), 3).request.request_id;
    devices.reject(&other, 4).unwrap();
    assert_eq!(
        devices.approve(&other, None, "owner", 5).unwrap_err(),
        DeviceError::AlreadyRejected
    );
}

#[test]
fn u10_an_approved_upgrade_widens_the_live_token_and_never_narrows_it() {
    let mut devices = Devices::default();
    devices.approve_now(ask("a", &[Scope::Write]), "silent", 0);
    let (token, _) = devices
        .issue("a", Role::Operator, set(&[Scope::Write]), 0)
        .unwrap();
    let id = devices
        .file(ask("a", &[Scope::Admin]), 1)
        .request
        .request_id;
    devices.approve(&id, None, "owner", 2).unwrap();
    let (_, scopes) = devices.token_scopes("a", Role::Operator, &token).unwrap();
    assert!(scopes.has(Scope::Admin) && scopes.has(Scope::Write));
}

#[test]
fn s04_rotating_cannot_mint_beyond_the_grant_or_for_a_role_it_has_not() {
    let mut devices = Devices::default();
    devices.approve_now(ask("a", &[Scope::Pairing]), "owner", 0);
    let admin = set(&[Scope::Admin]);
    assert!(matches!(
        devices.rotate("a", Role::Operator, Some(admin), 1),
        Err(DeviceError::ScopesExceedGrant(beyond)) if beyond == "operator.admin"
    ));
    assert_eq!(
        devices.rotate("a", Role::Node, None, 1).unwrap_err(),
        DeviceError::UnknownRole
    );
    assert_eq!(devices.get("a").unwrap().scopes, set(&[Scope::Pairing]));
}

#[test]
fn tokens_rotate_revoke_and_stay_bounded() {
    let mut devices = Devices::default();
    devices.approve_now(ask("a", &[Scope::Read]), "owner", 0);
    let tokens: Vec<_> = (0..6)
        .map(|n| {
            devices
                .issue("a", Role::Operator, set(&[Scope::Read]), n)
                .unwrap()
                .0
        })
        .collect();
    let live =
        |devices: &Devices, token: &str| devices.token_scopes("a", Role::Operator, token).is_some();
    assert_eq!(
        tokens
            .iter()
            .map(|token| live(&devices, token))
            .collect::<Vec<_>>(),
        [false, false, true, true, true, true]
    );
    let (fresh, record, _) = devices.rotate("a", Role::Operator, None, 10).unwrap();
    assert_eq!(record.rotated_at_ms, Some(10));
    assert!(tokens.iter().all(|token| !live(&devices, token)));
    assert!(live(&devices, &fresh));
    devices.revoke("a", Role::Operator, 11).unwrap();
    assert!(!live(&devices, &fresh));
    assert_eq!(devices.get("a").unwrap().tokens[0].revoked_at_ms, Some(11));
    assert!(devices.token_scopes("a", Role::Node, &fresh).is_none());
}

#[test]
fn another_key_under_a_known_id_is_a_stranger() {
    let mut devices = Devices::default();
    devices.approve_now(ask("a", &[Scope::Admin]), "owner", 0);
    let standing = |key: &str, role| devices.standing("a", key, role);
    assert_eq!(
        standing("key-a", Role::Operator),
        Standing::Paired(set(&[Scope::Admin]))
    );
    assert_eq!(standing("key-a", Role::Node), Standing::OtherRole);
    assert_eq!(standing("key-b", Role::Operator), Standing::Unknown);
}

#[test]
fn s15_strangers_cannot_crowd_out_other_requests() {
    let mut devices = Devices::default();
    let mut own = ask("own", &[Scope::Read]);
    own.facts.remote_ip = Some("198.51.100.7".into());
    let own_id = devices.file(own, 0).request.request_id;
    for n in 0..500 {
        devices.file(ask(&format!("stranger-{n}"), &[Scope::Admin]), n);
    }
    assert!(devices.pending_by_id(&own_id, 500).is_some());
    assert_eq!(devices.pending(500).len(), MAX_PENDING_PER_ADDRESS + 1);
}

#[test]
fn s15_requests_of_unknown_origin_take_half_of_the_room_at_most() {
    let mut devices = Devices::default();
    let own_id = devices
        .file(ask("own", &[Scope::Read]), 0)
        .request
        .request_id;
    for n in 0..500 {
        let mut stranger = ask(&format!("stranger-{n}"), &[Scope::Admin]);
        stranger.facts.remote_ip = None;
        devices.file(stranger, n);
    }
    assert!(devices.pending_by_id(&own_id, 500).is_some());
    assert_eq!(devices.pending(500).len(), MAX_PENDING / 2 + 1);
}
