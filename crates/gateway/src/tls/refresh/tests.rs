use std::fs;
use std::path::Path;

use openclaw_config::schema::PlainHttp;

use super::*;
use crate::tls::Files;

struct Stage {
    _folder: tempfile::TempDir,
    wanted: Wanted,
    refresher: Refresher,
    slot: TlsSlot,
    subsystems: Subsystems,
}

impl Stage {
    fn new(may_make: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let slot = TlsSlot::default();
        Self {
            wanted: Wanted {
                files: Files {
                    certificate: folder.path().join("cert.pem"),
                    key: folder.path().join("key.pem"),
                },
                may_make,
                domains: Vec::new(),
                client_authorities: None,
                plain_http: PlainHttp::Redirect,
            },
            _folder: folder,
            refresher: Refresher::new(slot.clone(), "studio"),
            slot,
            subsystems: Subsystems::default(),
        }
    }

    fn round(&mut self, listening: &str) -> String {
        self.round_at(listening, jiff::Timestamp::now().as_millisecond())
    }

    fn round_at(&mut self, listening: &str, now_ms: i64) -> String {
        let listening = [listening.parse().unwrap()];
        let wanted = Some(self.wanted.clone());
        self.refresher
            .round(wanted, &listening, &self.subsystems, now_ms);
        self.fingerprint()
    }

    fn fingerprint(&self) -> String {
        self.slot
            .facts()
            .map(|facts| facts.fingerprint)
            .unwrap_or_default()
    }

    fn reason(&self) -> Option<String> {
        match self.subsystems.get(NAME)? {
            SubsystemState::Degraded { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// A pair of another name, as another program would write it.
    fn foreign_pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["claw.example.org".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }
}

fn put(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

#[test]
fn u33_a_new_address_gets_a_new_certificate_once_it_has_stayed() {
    let mut stage = Stage::new(true);
    let first = stage.round("127.0.0.1:1");
    for _ in 1..STEADY_ROUNDS {
        assert_eq!(stage.round("192.0.2.7:1"), first, "an address may go again");
    }
    let second = stage.round("192.0.2.7:1");
    assert_ne!(second, first);
    let covered = stage.slot.facts().unwrap().names;
    assert!(covered.ips.contains(&"192.0.2.7".parse().unwrap()));
    // What comes back is still covered.
    for _ in 0..2 * STEADY_ROUNDS {
        assert_eq!(stage.round("127.0.0.1:1"), second);
    }
    // A name comes from the settings: no need to wait.
    stage.wanted.domains = vec!["claw.example.org".to_owned()];
    assert_ne!(stage.round("127.0.0.1:1"), second);
    assert!(
        stage
            .slot
            .facts()
            .unwrap()
            .names
            .has_dns("claw.example.org")
    );
}

#[test]
fn u33_our_certificate_is_renewed_before_it_ends() {
    let mut stage = Stage::new(true);
    let first = stage.round("127.0.0.1:1");
    let end = stage.slot.facts().unwrap().not_after_ms;
    let listening = "127.0.0.1:1";
    assert_eq!(
        stage.round_at(listening, end - RENEW_BEFORE_MS - 1_000),
        first
    );
    assert_ne!(
        stage.round_at(listening, end - RENEW_BEFORE_MS + 1_000),
        first
    );
}

#[test]
fn u33_files_are_read_again_and_half_a_change_keeps_the_old_pair() {
    let mut stage = Stage::new(false);
    let (certificate, key) = Stage::foreign_pair();
    let files = stage.wanted.files.clone();
    // Half a pair at the start: others than this machine stay out, and it is said at once.
    put(&files.certificate, &certificate);
    assert_eq!(stage.round("127.0.0.1:1"), "");
    assert!(stage.reason().unwrap().contains("key.pem is missing"));
    put(&files.key, &key);
    let first = stage.round("127.0.0.1:1");
    assert_ne!(first, "");
    assert_eq!(stage.reason(), None);

    let (other_certificate, other_key) = Stage::foreign_pair();
    put(&files.certificate, &other_certificate);
    assert_eq!(stage.round("127.0.0.1:1"), first);
    assert_eq!(stage.reason(), None, "the key may be on its way");
    assert_eq!(stage.round("127.0.0.1:1"), first);
    assert!(stage.reason().unwrap().contains("do not belong together"));
    put(&files.key, &other_key[..other_key.len() / 2]);
    assert_eq!(stage.round("127.0.0.1:1"), first);
    put(&files.key, &other_key);
    assert_ne!(stage.round("127.0.0.1:1"), first);
    assert_eq!(stage.reason(), None);
}

#[test]
fn u33_files_that_went_and_came_back_are_in_order_again() {
    let mut stage = Stage::new(false);
    let (certificate, key) = Stage::foreign_pair();
    let files = stage.wanted.files.clone();
    put(&files.certificate, &certificate);
    put(&files.key, &key);
    let first = stage.round("127.0.0.1:1");
    let aside = files.key.with_extension("aside");
    fs::rename(&files.key, &aside).unwrap();
    for _ in 0..PATIENT_ROUNDS {
        assert_eq!(stage.round("127.0.0.1:1"), first);
    }
    assert!(stage.reason().is_some());
    fs::rename(&aside, &files.key).unwrap();
    assert_eq!(stage.round("127.0.0.1:1"), first);
    assert_eq!(stage.reason(), None);
}

#[test]
fn u33_another_list_of_client_authorities_is_read_again() {
    let mut stage = Stage::new(true);
    let path = stage.wanted.files.key.with_file_name("ca.pem");
    stage.wanted.client_authorities = Some(path.clone());
    put(&path, "rubbish");
    assert_eq!(stage.round("127.0.0.1:1"), "");
    assert!(stage.reason().is_some());
    put(&path, &Stage::foreign_pair().0);
    assert_ne!(stage.round("127.0.0.1:1"), "");
    // A broken list must not let strangers in by the list before; those it admitted still come in.
    put(&path, "rubbish again");
    for _ in 0..PATIENT_ROUNDS {
        stage.round("127.0.0.1:1");
    }
    assert!(stage.reason().unwrap().contains("ca.pem"));
}
