//! Device keys, base64 and the signed proof: only what the key signed is ever accepted.
#![no_main]

use data_encoding::BASE64URL_NOPAD;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use openclaw_gateway::auth::proof::{Challenge, verify};
use openclaw_gateway::peer::PeerClass;
use openclaw_protocol::device::{ProofFields, ProofVersion, PublicKey, decode_base64};
use openclaw_protocol::handshake::{ClientInfo, ConnectAuth, ConnectParams, DeviceProof};
use openclaw_protocol::scope::Role;
use ring::signature::{Ed25519KeyPair, KeyPair};

#[derive(Arbitrary, Debug)]
enum Tampering {
    Nothing,
    ClientId,
    ClientMode,
    Role,
    Scopes,
    Token,
    SignedAt,
    Nonce,
    Id,
    Key,
    Signature,
}

#[derive(Arbitrary, Debug)]
enum Moment {
    Challenge,
    Now,
    Other,
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    client_id: &'a str,
    client_mode: &'a str,
    platform: &'a str,
    device_family: Option<&'a str>,
    scopes: Option<Vec<&'a str>>,
    token: Option<&'a str>,
    device_token: Option<&'a str>,
    nonce: &'a str,
    moment: Moment,
    signed_at: i64,
    challenge_ts: i64,
    now_ms: i64,
    is_node: bool,
    is_remote: bool,
    max_protocol: u32,
    version: u8,
    tampering: Tampering,
    raw_key: &'a str,
    raw_signature: &'a str,
}

fuzz_target!(|input: Input| {
    raw_texts(&input);
    signed(&input);
    unsigned(&input);
});

fn raw_texts(input: &Input) {
    if let Some(key) = PublicKey::parse(input.raw_key) {
        assert_eq!(PublicKey::parse(&key.to_base64url()), Some(key));
        assert_eq!(PublicKey::parse(&key.to_pem()), Some(key));
    }
    if let Some(bytes) = decode_base64(input.raw_signature) {
        assert_eq!(decode_base64(&BASE64URL_NOPAD.encode(&bytes)), Some(bytes));
    }
}

fn params(input: &Input) -> ConnectParams {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    ConnectParams {
        min_protocol: 3,
        max_protocol: input.max_protocol,
        client: ClientInfo {
            id: input.client_id.to_owned(),
            mode: input.client_mode.to_owned(),
            platform: input.platform.to_owned(),
            device_family: owned(input.device_family),
            ..ClientInfo::default()
        },
        scopes: input
            .scopes
            .as_ref()
            .map(|scopes| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        auth: Some(ConnectAuth {
            token: owned(input.token),
            device_token: owned(input.device_token),
            ..ConnectAuth::default()
        }),
        ..ConnectParams::default()
    }
}

fn peer(input: &Input) -> PeerClass {
    if input.is_remote {
        PeerClass::Remote
    } else {
        PeerClass::DirectLocal
    }
}

fn role(input: &Input) -> Role {
    if input.is_node {
        Role::Node
    } else {
        Role::Operator
    }
}

fn signed_at(input: &Input) -> i64 {
    match input.moment {
        Moment::Challenge => input.challenge_ts,
        Moment::Now => input.now_ms,
        Moment::Other => input.signed_at,
    }
}

/// A proof signed by its key passes if it is fresh, and no tampered copy of it does.
fn signed(input: &Input) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed is a key");
    let key = PublicKey::from_raw(pair.public_key().as_ref().try_into().expect("32 bytes"));
    let version = match input.version % 3 {
        0 => ProofVersion::V1,
        1 => ProofVersion::V2,
        _ => ProofVersion::V3,
    };
    let expected = input.nonce.trim();
    let nonce = (version != ProofVersion::V1).then_some(expected);
    let mut params = params(input);
    let id = key.device_id();
    let signed_at = signed_at(input);
    let fields = ProofFields {
        device_id: &id,
        client_id: input.client_id,
        client_mode: input.client_mode,
        role: role(input).name(),
        scopes: params.scopes.as_deref().unwrap_or_default(),
        signed_at,
        token: params
            .auth
            .as_ref()
            .and_then(|auth| auth.signed_token())
            .unwrap_or_default(),
        nonce: nonce.unwrap_or_default(),
        platform: input.platform,
        device_family: input.device_family.unwrap_or_default(),
    };
    let signature = pair.sign(fields.payload(version).as_bytes());
    params.device = Some(DeviceProof {
        id: id.clone(),
        public_key: key.to_base64url(),
        signature: BASE64URL_NOPAD.encode(signature.as_ref()),
        signed_at,
        nonce: nonce.map(str::to_owned),
    });
    let challenge = Challenge {
        nonce: expected,
        ts: input.challenge_ts,
    };
    check(input, params, challenge, version, key);
}

fn check(
    input: &Input,
    mut params: ConnectParams,
    challenge: Challenge<'_>,
    version: ProofVersion,
    key: PublicKey,
) {
    let mut sent_role = role(input);
    let device = params.device.as_mut().expect("the proof is there");
    match input.tampering {
        Tampering::Nothing => {}
        Tampering::ClientId => params.client.id.push('x'),
        Tampering::ClientMode => params.client.mode.push('x'),
        Tampering::Role => {
            sent_role = match sent_role {
                Role::Node => Role::Operator,
                Role::Operator => Role::Node,
            }
        }
        Tampering::Scopes => params
            .scopes
            .get_or_insert_default()
            .push("operator.admin".to_owned()),
        Tampering::Token => {
            let auth = params.auth.get_or_insert_default();
            let longer = format!("{}x", auth.signed_token().unwrap_or_default());
            auth.token = Some(longer);
        }
        Tampering::SignedAt => device.signed_at = device.signed_at.wrapping_add(1),
        Tampering::Nonce => device.nonce.get_or_insert_default().push('x'),
        Tampering::Id => device.id.push('0'),
        Tampering::Key => device.public_key = PublicKey::from_raw([9; 32]).to_base64url(),
        Tampering::Signature => device.signature.push('A'),
    }
    let verdict = verify(&params, sent_role, peer(input), challenge, input.now_ms);
    let untouched = matches!(input.tampering, Tampering::Nothing);
    if let Ok(proven) = verdict {
        assert!(untouched, "accepted after tampering");
        assert_eq!(proven, Some(key));
    }
    let signed_at = signed_at(input);
    let fresh = signed_at == input.challenge_ts || signed_at == input.now_ms;
    let allowed = match version {
        ProofVersion::V1 => !input.is_remote && input.max_protocol == 3,
        ProofVersion::V2 | ProofVersion::V3 => !challenge.nonce.is_empty(),
    };
    if untouched && fresh && allowed {
        assert_eq!(verdict, Ok(Some(key)), "refused although sound");
    }
}

/// Key and signature from the wire prove nothing unless somebody held the key.
fn unsigned(input: &Input) {
    let mut params = params(input);
    let id = PublicKey::parse(input.raw_key).map_or_else(String::new, |key| key.device_id());
    params.device = Some(DeviceProof {
        id,
        public_key: input.raw_key.to_owned(),
        signature: input.raw_signature.to_owned(),
        signed_at: input.challenge_ts,
        nonce: Some(input.nonce.to_owned()),
    });
    let challenge = Challenge {
        nonce: input.nonce.trim(),
        ts: input.challenge_ts,
    };
    // Only keys of small order accept made-up signatures, and those belong to nobody.
    let _verdict = verify(&params, role(input), peer(input), challenge, input.now_ms);
}
