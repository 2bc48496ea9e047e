//! What the settings ask of ACME.

use std::path::PathBuf;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use openclaw_config::resolve::TlsPlan;
use openclaw_config::schema::{AcmeChallenge, Settings, TlsMode};
use openclaw_config::{Paths, Secret};
use ring::digest::{SHA256, digest};

use super::failure::Advice;

/// Let's Encrypt.
const PRODUCTION: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// Let's Encrypt, for trying out.
const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// No certificates by ACME.
    Off,
    /// They are wanted, and something is missing.
    Incomplete(Advice),
    /// These.
    Order(Box<Wanted>),
}

/// Everything an order needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Names, each with a certificate of its own: one that cannot be proven takes no other with it.
    pub(crate) domains: Vec<String>,
    /// Directory of the server.
    pub(crate) directory: String,
    /// `mailto:` address of the account.
    pub(crate) contact: Option<String>,
    /// How names are proven, in the order in which it is tried.
    pub(crate) challenges: Vec<Proof>,
    /// Extra port for http-01.
    pub(crate) http_port: Option<u16>,
    /// Extra port for tls-alpn-01.
    pub(crate) tls_port: Option<u16>,
    /// Roots for the server itself.
    pub(crate) ca_file: Option<PathBuf>,
    /// External account.
    pub(crate) binding: Option<Binding>,
    /// Where account and certificates of this server are kept.
    pub(crate) folder: PathBuf,
}

/// How a name is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A text on port 80.
    Http,
    /// A certificate on port 443.
    Tls,
}

impl Proof {
    /// Its name in the protocol.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "http-01",
            Self::Tls => "tls-alpn-01",
        }
    }
}

/// The account at the authority that ours belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// Identifier of the key.
    pub(crate) key_id: String,
    /// The key as written.
    pub(crate) hmac_key: Secret,
}

impl Binding {
    /// The key itself.
    pub(crate) fn key(&self) -> Option<Vec<u8>> {
        let text = self.hmac_key.expose().trim().trim_end_matches('=');
        BASE64URL_NOPAD.decode(text.as_bytes()).ok()
    }
}

impl Wish {
    /// Reads plan and settings.
    pub(crate) fn read(plan: &TlsPlan, settings: &Settings, paths: &Paths) -> Self {
        if plan.mode.value != TlsMode::Acme {
            return Self::Off;
        }
        match wanted(plan, settings, paths) {
            Ok(wanted) => Self::Order(Box::new(wanted)),
            Err(advice) => Self::Incomplete(advice),
        }
    }
}

fn wanted(plan: &TlsPlan, settings: &Settings, paths: &Paths) -> Result<Wanted, Advice> {
    let acme = &settings.gateway.tls.acme;
    let domains = plan.domains.value.clone();
    if domains.is_empty() {
        return Err(Advice::new(
            "no domain is configured to order a certificate for",
            "openclaw config set gateway.tls.domains '[\"claw.example.org\"]'",
        ));
    }
    if let Some(domain) = domains.iter().find(|domain| domain.starts_with("*.")) {
        return Err(Advice::new(
            format!("{domain} cannot be proven over http-01 or tls-alpn-01: it is a wildcard"),
            "name each host in gateway.tls.domains: openclaw config get gateway.tls.domains",
        ));
    }
    let public_server = non_blank(acme.directory_url.as_ref()).is_none();
    if let Some(domain) = domains
        .iter()
        .find(|domain| public_server && !is_public(domain))
    {
        return Err(Advice::new(
            format!(
                "no authority issues certificates for {domain}: it is a name of the local network only"
            ),
            "name a public domain (openclaw config set gateway.tls.domains '[\"claw.example.org\"]'), or use: openclaw config set gateway.tls.mode self",
        ));
    }
    if !plan.agree_to_terms.value {
        return Err(Advice::new(
            "the terms of service of the certificate authority are not agreed to",
            "read them (Let's Encrypt: https://letsencrypt.org/repository), then: openclaw config set gateway.tls.acme.agreeToTerms true",
        ));
    }
    let directory = match non_blank(acme.directory_url.as_ref()) {
        Some(url) => url,
        None if acme.staging => STAGING.to_owned(),
        None => PRODUCTION.to_owned(),
    };
    if !directory.starts_with("https://") {
        return Err(Advice::new(
            format!("the ACME server must be reached over https, not {directory}"),
            "openclaw config set gateway.tls.acme.directoryUrl https://…",
        ));
    }
    let challenges = match acme.challenge {
        AcmeChallenge::Http01 => vec![Proof::Http],
        AcmeChallenge::TlsAlpn01 => vec![Proof::Tls],
        // The one that somebody opened a port for is the likelier one.
        AcmeChallenge::Auto if acme.tls_port.is_some() && acme.http_port.is_none() => {
            vec![Proof::Tls, Proof::Http]
        }
        AcmeChallenge::Auto => vec![Proof::Http, Proof::Tls],
    };
    Ok(Wanted {
        folder: folder(paths, &directory),
        domains,
        directory,
        contact: non_blank(acme.email.as_ref()).map(|email| {
            let bare = email.strip_prefix("mailto:").unwrap_or(&email);
            format!("mailto:{bare}")
        }),
        challenges,
        http_port: acme.http_port,
        tls_port: acme.tls_port,
        ca_file: non_blank(acme.ca_file.as_ref()).map(PathBuf::from),
        binding: binding(acme)?,
    })
}

fn binding(acme: &openclaw_config::schema::Acme) -> Result<Option<Binding>, Advice> {
    let binding = match (non_blank(acme.eab.key_id.as_ref()), &acme.eab.hmac_key) {
        (Some(key_id), Some(hmac_key)) => Binding {
            key_id,
            hmac_key: hmac_key.clone(),
        },
        (None, None) => return Ok(None),
        _ => {
            return Err(Advice::new(
                "external account binding needs gateway.tls.acme.eab.keyId and .hmacKey",
                "set both as the certificate authority gave them to you",
            ));
        }
    };
    match binding.key() {
        Some(_) => Ok(Some(binding)),
        None => Err(Advice::new(
            "gateway.tls.acme.eab.hmacKey is not base64url",
            "set it as the certificate authority gave it to you",
        )),
    }
}

/// One folder per server: accounts of one are worth nothing at another.
fn folder(paths: &Paths, directory: &str) -> PathBuf {
    let host = directory
        .trim_start_matches("https://")
        .split(['/', ':', '?'])
        .next()
        .unwrap_or_default();
    let host: String = host
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.'))
        .collect();
    let hash = HEXLOWER.encode(&digest(&SHA256, directory.as_bytes()).as_ref()[..4]);
    paths
        .state_dir
        .join("gateway/acme")
        .join(format!("{host}-{hash}"))
}

/// Names without a dot, and those of networks at home, are nobody's in the world.
fn is_public(domain: &str) -> bool {
    const INNER: [&str; 6] = [
        ".local",
        ".localhost",
        ".lan",
        ".home.arpa",
        ".internal",
        ".ts.net",
    ];
    domain.contains('.') && !INNER.iter().any(|ending| domain.ends_with(ending))
}

fn non_blank(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use openclaw_config::resolve::{TlsFlags, resolve_tls};
    use openclaw_config::{Env, ProfileChoice};
    use serde_json::{Value, json};

    use super::*;

    fn read(tls: &Value) -> Wish {
        let env = Env::from_pairs([("HOME", "/h")]);
        let paths = Paths::resolve(&env, &ProfileChoice::default()).unwrap();
        let (settings, issues) = Settings::from_value(&json!({"gateway": {"tls": tls}}));
        assert_eq!(issues, []);
        let plan = resolve_tls(&TlsFlags::default(), &env, &settings).unwrap();
        Wish::read(&plan, &settings, &paths)
    }

    fn ready(extra: &Value) -> Value {
        let mut tls = json!({"mode": "acme", "domains": ["claw.example.org"], "acme": {"agreeToTerms": true}});
        for (key, value) in extra.as_object().unwrap() {
            tls["acme"][key] = value.clone();
        }
        tls
    }

    fn order(extra: &Value) -> Wanted {
        match read(&ready(extra)) {
            Wish::Order(wanted) => *wanted,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn u33_what_is_missing_is_said_before_anybody_is_asked() {
        for (tls, reason) in [
            (json!({"mode": "acme"}), "no domain is configured"),
            (
                json!({"mode": "acme", "domains": ["*.a.example"]}),
                "wildcard",
            ),
            (
                json!({"mode": "acme", "domains": ["box.local"]}),
                "local network only",
            ),
            (
                json!({"mode": "acme", "domains": ["box"]}),
                "local network only",
            ),
            (
                json!({"mode": "acme", "domains": ["a.example"]}),
                "not agreed to",
            ),
            (
                ready(&json!({"directoryUrl": "http://ca.example/dir"})),
                "over https",
            ),
            (
                ready(&json!({"eab": {"keyId": "k"}})),
                "needs gateway.tls.acme.eab.keyId and",
            ),
            (
                ready(&json!({"eab": {"keyId": "k", "hmacKey": "?"}})),
                "not base64url",
            ),
        ] {
            let Wish::Incomplete(advice) = read(&tls) else {
                panic!("{tls}: {:?}", read(&tls));
            };
            assert!(advice.reason.contains(reason), "{tls}: {advice:?}");
            assert!(!advice.fix.is_empty());
        }
        assert_eq!(
            read(&json!({"mode": "self", "domains": ["a.example"]})),
            Wish::Off
        );
    }

    #[test]
    fn servers_have_folders_of_their_own() {
        let production = order(&json!({}));
        let staging = order(&json!({"staging": true}));
        assert_eq!(production.directory, PRODUCTION);
        assert_eq!(staging.directory, STAGING);
        assert_ne!(production.folder, staging.folder);
        let other =
            order(&json!({"staging": true, "directoryUrl": "https://ca.example:14000/dir"}));
        assert_eq!(other.directory, "https://ca.example:14000/dir");
        let folder = other.folder.to_string_lossy().into_owned();
        assert!(
            folder.starts_with("/h/.openclaw/gateway/acme/ca.example-"),
            "{folder}"
        );
    }

    #[test]
    fn the_challenge_follows_the_ports_that_were_opened() {
        let kinds = |extra: Value| order(&extra).challenges;
        assert_eq!(kinds(json!({})), [Proof::Http, Proof::Tls]);
        assert_eq!(kinds(json!({"tlsPort": 443})), [Proof::Tls, Proof::Http]);
        assert_eq!(
            kinds(json!({"tlsPort": 443, "httpPort": 80})),
            [Proof::Http, Proof::Tls]
        );
        assert_eq!(kinds(json!({"challenge": "tls-alpn-01"})), [Proof::Tls]);
        assert_eq!(
            kinds(json!({"challenge": "http-01", "tlsPort": 443})),
            [Proof::Http]
        );
    }
}
