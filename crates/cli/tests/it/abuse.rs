//! A real config, cut off and damaged at random: the gateway starts every time and says what is wrong.
//!
//! `OPENCLAW_CONFIG_ABUSE=all` takes every truncation and 500 random damages instead of a sample, and says how long the starts took.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::place::{Place, free_port};

/// As `onboard` writes it, with what people add.
const ADDED: [(&str, &str); 6] = [
    ("gateway.trustedProxies", "[\"127.0.0.2\"]"),
    ("gateway.controlUi.basePath", "/panel"),
    ("gateway.nodes.denyCommands", "[\"camera.clip\"]"),
    ("discovery.mdns.mode", "off"),
    ("tools.exec.ask", "always"),
    ("logging.level", "debug"),
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn damage(&mut self, good: &[u8]) -> Vec<u8> {
        let mut damaged = good.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(damaged.len());
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(4) {
                0 => damaged[at] = byte,
                1 => damaged.insert(at, byte),
                2 => {
                    damaged.remove(at);
                }
                _ => {
                    let end = (at + 1 + self.below(20)).min(damaged.len());
                    let part = damaged[at..end].to_vec();
                    damaged.splice(at..at, part);
                }
            }
        }
        damaged
    }
}

#[test]
fn u07_a_gateway_starts_with_every_damaged_config_and_says_why() {
    let all = std::env::var_os("OPENCLAW_CONFIG_ABUSE").is_some_and(|wish| wish == "all");
    let (step, random) = if all { (1, 500) } else { (37, 20) };
    let place = Place::with_gateway(&json!({}));
    for (key, value) in ADDED {
        place.run(&["config", "set", key, value]).ok();
    }
    place
        .run(&[
            "onboard",
            "--non-interactive",
            "--accept-risk",
            "--skip-health",
        ])
        .ok();
    place.gateway(&[]).stop();
    let good = place.read(".openclaw/openclaw.json").into_bytes();
    let mut numbers = Numbers(0x5eed_0007);
    let cut = (0..good.len())
        .step_by(step)
        .map(|end| good[..end].to_vec());
    let damaged = (0..random).map(|_| numbers.damage(&good));
    let mut took: Vec<Duration> = Vec::new();
    let mut explained = 0;
    for (number, bytes) in cut.chain(damaged).enumerate() {
        let what = || format!("case {number}: {}", String::from_utf8_lossy(&bytes));
        std::fs::write(place.path(".openclaw/openclaw.json"), &bytes).unwrap();
        let port = free_port().to_string();
        let begun = Instant::now();
        let mut running = place.start(&["gateway", "run", "--port", &port]);
        running.wait_for("://127.0.0.1:");
        took.push(begun.elapsed());
        let is_valid = place.run(&["config", "validate"]).code == Some(0);
        let (status, lines) = running.terminate();
        assert!(status.success(), "{}: {lines:#?}", what());
        let reason = "the config file is not used as it is";
        let explains = lines.iter().any(|line| line.contains(reason));
        assert_eq!(explains, !is_valid, "{}: {lines:#?}", what());
        explained += usize::from(explains);
    }
    assert!(explained > took.len() / 3, "{explained} of {}", took.len());
    took.sort_unstable();
    println!(
        "{} starts, {explained} with a reason; until it listens: half within {:?}, all within {:?}",
        took.len(),
        took[took.len() / 2],
        took.last().unwrap()
    );
}
