//! What a damaged config file does: never half of it, never more open than it was, always with a reason.

use std::fs;

use super::*;
use crate::paths::{Profile, ProfileChoice};
use crate::resolve::{GatewayFlags, GatewayPlan, resolve_gateway};
use crate::schema::{AuthMode, BindMode};

/// Everything that a careful owner sets, with what people write around it.
const RICH: &str = r#"// Gateway of the house.
{
  "$schema": "./schema.json",
  "meta": { "lastTouchedVersion": "2026.1.30", "lastTouchedAt": "2026-01-30T10:00:00.000Z" },
  gateway: {
    mode: "local",
    port: 28_PORT,
    bind: "lan", /* the whole house */
    trustedProxies: ["10.0.0.1", "192.168.7.0/24"],
    publicOrigin: "https://claw.example.org",
    auth: {
      mode: "token",
      token: "0123456789abcdef0123456789abcdef",
      password: 'not in use, but "quoted"',
      allowDeviceless: false,
      rateLimit: { maxAttempts: 5, windowMs: 60000, lockoutMs: 300000, exemptLoopback: false, },
    },
    controlUi: { basePath: "/panel", allowedOrigins: ["https://ui.example.org:8443"], allowInsecureAuth: false },
    tls: { mode: "self", plainHttp: "refuse", domains: ["claw.example.org"] },
    tailscale: { mode: "off", resetOnExit: true },
    nodes: {
      // Nobody needs these.
      denyCommands: ["camera.clip", "screen.record"],
      pairing: { autoApproveLocal: false },
    },
    remote: { url: "wss://elsewhere.example:18789", token: "${REMOTE_TOKEN}" },
  },
  discovery: { mdns: { mode: "off" }, displayName: "Hütte ☕" },
  logging: { level: "debug", maxFileBytes: 1048576 },
  nodeHost: { browserProxy: { enabled: true, allowProfiles: ["work"] } },
  tools: { exec: { security: "allowlist", ask: "always" } },
  env: { REMOTE_TOKEN: "of the other house" },
  channels: { telegram: { botToken: "kept", later: [1, 2, { a: null }] } },
}
"#;

struct House {
    _dir: tempfile::TempDir,
    env: Env,
    paths: Paths,
    good: Snapshot,
}

impl House {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([("HOME", dir.path().to_str().unwrap())]);
        let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
        fs::create_dir_all(&paths.state_dir).unwrap();
        fs::write(&paths.config_path, text).unwrap();
        let good = load(&paths, &env);
        assert_eq!((&good.issues, &good.warnings), (&vec![], &vec![]));
        good.remember_good(&paths).unwrap();
        Self {
            _dir: dir,
            env,
            paths,
            good,
        }
    }

    fn load(&self, damaged: &[u8]) -> Snapshot {
        fs::write(&self.paths.config_path, damaged).unwrap();
        load(&self.paths, &self.env)
    }

    /// What a gateway would start with; panics when it would not start, or would let strangers in.
    fn plan(snapshot: &Snapshot, what: &str) -> GatewayPlan {
        let flags = GatewayFlags::default();
        let plan = resolve_gateway(
            &flags,
            &snapshot.env,
            &snapshot.settings,
            &Profile::default(),
        )
        .unwrap_or_else(|issues| panic!("{what}: {issues:?}"));
        let open = plan.bind.value != BindMode::Loopback;
        match plan.auth.mode.value {
            AuthMode::None => assert!(!open, "{what}: open to all"),
            // Without its token, the first start makes one on loopback and refuses to listen elsewhere.
            AuthMode::Token | AuthMode::Password | AuthMode::TrustedProxy => {}
        }
        plan
    }

    /// The rules that hold for every damaged file.
    fn check(&self, damaged: &[u8], what: &str) -> Found {
        let snapshot = self.load(damaged);
        Self::plan(&snapshot, what);
        if snapshot.valid {
            assert!(!snapshot.is_degraded(), "{what}");
            return Found::Valid;
        }
        assert!(!snapshot.issues.is_empty(), "{what}");
        for issue in &snapshot.issues {
            assert!(!issue.message.is_empty(), "{what}: {issue:?}");
        }
        assert!(snapshot.is_degraded(), "{what}: {:?}", snapshot.issues);
        if snapshot.issues.iter().any(|issue| issue.section() == ROOT) {
            assert_eq!(snapshot.fell_back, [ROOT], "{what}");
            assert_eq!(snapshot.settings, self.good.settings, "{what}");
            assert_eq!(snapshot.env, self.good.env, "{what}");
            return Found::Whole;
        }
        // Who can reach the gateway and with what: as it was, or as a file says whose parts about it are all right.
        let (was, is) = (&self.good.settings.gateway, &snapshot.settings.gateway);
        if snapshot.issues.iter().any(Issue::concerns_gateway) {
            let exposure = |gateway: &crate::schema::Gateway| {
                (
                    gateway.auth.clone(),
                    gateway.bind.clone(),
                    gateway.tls.clone(),
                )
            };
            let section = snapshot.issues[0].section();
            if ["gateway.auth", "gateway.bind", "gateway.tls"].contains(&section.as_str()) {
                assert_eq!(exposure(is), exposure(was), "{what}");
                assert_eq!(is.trusted_proxies, was.trusted_proxies, "{what}");
                assert_eq!(is.control_ui, was.control_ui, "{what}");
            }
        }
        Found::Part
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    /// The file means something else now, and says so correctly.
    Valid,
    /// Some sections hold what they held.
    Part,
    /// The whole file is the last good one.
    Whole,
}

fn rich() -> String {
    RICH.replace("28_PORT", "28901")
}

/// A small generator with a seed, so that every run sees the same damage.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn damage(&mut self, text: &[u8]) -> (Vec<u8>, String) {
        let mut bytes = text.to_vec();
        let at = self.roll(bytes.len());
        let what = match self.roll(7) {
            0 => {
                bytes[at] ^= 1 << self.roll(8);
                format!("bit flipped at {at}")
            }
            1 => {
                bytes[at] = u8::try_from(self.roll(256)).unwrap();
                format!("byte replaced at {at}")
            }
            2 => {
                bytes.remove(at);
                format!("byte removed at {at}")
            }
            3 => {
                const INK: &[u8] = b"{}[]\",:'/*\\\n0aZ_-$ \0\xff";
                bytes.insert(at, INK[self.roll(INK.len())]);
                format!("byte put in at {at}")
            }
            4 => {
                let end = (at + 1 + self.roll(60)).min(bytes.len());
                bytes.drain(at..end);
                format!("bytes {at}..{end} removed")
            }
            5 => {
                let end = (at + 1 + self.roll(200)).min(bytes.len());
                bytes[at..end].fill(0);
                format!("bytes {at}..{end} zeroed")
            }
            _ => {
                let from = self.roll(bytes.len());
                let end = (from + 1 + self.roll(80)).min(bytes.len());
                let block = bytes[from..end].to_vec();
                bytes.splice(at..at, block);
                format!("bytes {from}..{end} again at {at}")
            }
        };
        (bytes, what)
    }
}

/// Cuts the file everywhere in one part of it.
fn truncate(part: usize, parts: usize) {
    let text = rich();
    let house = House::new(&text);
    let whole = text.trim_end().len();
    for length in (part * whole / parts)..((part + 1) * whole / parts) {
        let what = format!("cut to {length} bytes");
        let found = house.check(&text.as_bytes()[..length], &what);
        assert_eq!(found, Found::Whole, "{what}");
    }
    let found = house.check(&text.as_bytes()[..whole], "without the last newline");
    assert_eq!(found, Found::Valid);
}

#[test]
fn u07_every_truncation_of_the_file_is_the_last_good_one() {
    truncate(0, 2);
}

#[test]
fn u07_every_truncation_of_the_second_half_too() {
    truncate(1, 2);
}

#[test]
fn u07_500_mutations_of_the_file_never_open_the_gateway() {
    let text = rich();
    let house = House::new(&text);
    let mut dice = Dice(20_261_127);
    let mut counts = std::collections::BTreeMap::new();
    for number in 0..500 {
        let (damaged, what) = dice.damage(text.as_bytes());
        let found = house.check(&damaged, &format!("mutation {number}: {what}"));
        *counts.entry(found).or_insert(0) += 1;
    }
    // The damage is of every kind, or the test shows nothing.
    assert!(counts[&Found::Valid] > 50, "{counts:?}");
    assert!(counts[&Found::Part] > 5, "{counts:?}");
    assert!(counts[&Found::Whole] > 200, "{counts:?}");
}

#[test]
fn u07_a_letter_changed_in_any_key_takes_no_limit_away() {
    let text = rich();
    let house = House::new(&text);
    let limits = |settings: &Settings| {
        let gateway = &settings.gateway;
        (
            gateway.auth.rate_limit.exempt_loopback,
            gateway.nodes.deny_commands.clone(),
            gateway.nodes.pairing.auto_approve_local,
            gateway.tls.plain_http,
            settings.discovery.mdns.mode,
        )
    };
    for key in [
        "auth",
        "rateLimit",
        "exemptLoopback",
        "nodes",
        "denyCommands",
        "pairing",
        "autoApproveLocal",
        "tls",
        "plainHttp",
        "discovery",
        "mdns",
    ] {
        let start = text.find(&format!("{key}:")).unwrap();
        for offset in 0..key.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[start + offset] = b'q';
            let what = format!("{key} with another letter {offset}");
            let snapshot = house.load(&damaged);
            assert_eq!(
                limits(&snapshot.settings),
                limits(&house.good.settings),
                "{what}"
            );
            assert!(
                snapshot
                    .issues
                    .iter()
                    .any(|issue| issue.path.ends_with(key)),
                "{what}: {:?}",
                snapshot.issues
            );
        }
    }
}

#[test]
fn u07_without_an_earlier_copy_a_damaged_file_is_for_this_machine_only() {
    let text = rich();
    let house = House::new(&text);
    fs::remove_file(house.paths.last_good_file()).unwrap();
    let mut dice = Dice(7);
    for number in 0..200 {
        let (damaged, what) = dice.damage(text.as_bytes());
        let what = format!("mutation {number}: {what}");
        let snapshot = house.load(&damaged);
        let plan = House::plan(&snapshot, &what);
        if !snapshot.fatal_issues().is_empty() {
            assert_eq!(plan.bind.value, BindMode::Loopback, "{what}");
            assert_ne!(plan.auth.mode.value, AuthMode::None, "{what}");
        }
    }
}
