//! Which certificate a gateway serves, and for which names.

use super::{Resolved, Source};
use crate::env::{self, Env};
use crate::schema::{Settings, TlsMode};
use crate::suggest::nearest;
use crate::validate::Issue;

/// TLS flags of `gateway run` and `up`, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFlags {
    /// `--tls`.
    pub mode: Option<String>,
    /// `--domain`, each time it was given.
    pub domains: Vec<String>,
    /// `--acme-agree-terms`.
    pub agree_to_terms: bool,
}

/// What is decided about TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPlan {
    /// The certificate; `auto` is resolved to what it came to.
    pub mode: Resolved<TlsMode>,
    /// Whether the pair in `certPath` and `keyPath` is made when there is none: TLS that was switched on by
    /// `gateway.tls.enabled` alone does both.
    pub files_may_be_made: bool,
    /// Names of the gateway beside those of this machine, in lower case, each once.
    pub domains: Resolved<Vec<String>>,
    /// Whether the terms of the certificate authority are agreed to.
    pub agree_to_terms: Resolved<bool>,
}

impl TlsPlan {
    /// Whether the gateway speaks TLS.
    pub fn is_on(&self) -> bool {
        self.mode.value != TlsMode::Off
    }
}

/// Resolves what a gateway does about TLS.
pub fn resolve_tls(flags: &TlsFlags, env: &Env, settings: &Settings) -> Result<TlsPlan, Issue> {
    let tls = &settings.gateway.tls;
    let domains = resolve_domains(flags, &tls.domains)?;
    let agree_to_terms = if flags.agree_to_terms {
        Resolved::new(true, Source::Flag("--acme-agree-terms"))
    } else if tls.acme.agree_to_terms {
        Resolved::config(true, "gateway.tls.acme.agreeToTerms")
    } else {
        Resolved::new(false, Source::Default)
    };
    let set = |path: &Option<String>| path.as_ref().is_some_and(|path| !path.trim().is_empty());
    let wish = match wished_mode(flags, env, settings)? {
        Some(mode) => mode,
        None if tls.enabled => {
            let named = set(&tls.cert_path) || set(&tls.key_path);
            let mode = if tls.auto_generate && !named {
                TlsMode::SelfSigned
            } else {
                TlsMode::Files
            };
            return Ok(TlsPlan {
                mode: Resolved::config(mode, "gateway.tls.enabled"),
                files_may_be_made: tls.auto_generate,
                domains,
                agree_to_terms,
            });
        }
        // Who names a domain on the command line wants it served.
        None if !flags.domains.is_empty() => Resolved::new(TlsMode::Auto, Source::Flag("--domain")),
        None => Resolved::new(TlsMode::Off, Source::Default),
    };
    let mode = match wish.value {
        TlsMode::Auto if set(&tls.cert_path) && set(&tls.key_path) => TlsMode::Files,
        TlsMode::Auto if !domains.value.is_empty() && agree_to_terms.value => TlsMode::Acme,
        TlsMode::Auto => TlsMode::SelfSigned,
        mode => mode,
    };
    Ok(TlsPlan {
        mode: Resolved::new(mode, wish.source),
        files_may_be_made: false,
        domains,
        agree_to_terms,
    })
}

fn wished_mode(
    flags: &TlsFlags,
    env: &Env,
    settings: &Settings,
) -> Result<Option<Resolved<TlsMode>>, Issue> {
    if let Some(text) = flags.mode.as_deref() {
        let mode = parse_mode("--tls", text)?;
        return Ok(Some(Resolved::new(mode, Source::Flag("--tls"))));
    }
    if let Some(found) = env.lookup(env::OPENCLAW_GATEWAY_TLS) {
        let mode = parse_mode(found.name, found.value)?;
        return Ok(Some(Resolved::new(mode, found.into())));
    }
    let configured = settings.gateway.tls.mode;
    Ok(configured.map(|mode| Resolved::config(mode, "gateway.tls.mode")))
}

fn parse_mode(name: &str, text: &str) -> Result<TlsMode, Issue> {
    let text = text.trim().to_ascii_lowercase();
    TlsMode::parse(&text).ok_or_else(|| {
        let message =
            format!("Invalid {name} (use \"off\", \"self\", \"files\", \"acme\", or \"auto\")");
        let issue = Issue::new(name, message);
        match nearest(&text, TlsMode::WORDS.iter().copied()) {
            Some(meant) => issue.with_hint(format!("did you mean \"{meant}\"?")),
            None => issue,
        }
    })
}

/// Domains of the command line replace those of the file; a name that cannot be one is refused on the line, and left out
/// with a warning (see [`crate::validate`]) in the file.
fn resolve_domains(
    flags: &TlsFlags,
    configured: &[String],
) -> Result<Resolved<Vec<String>>, Issue> {
    if flags.domains.is_empty() {
        let domains: Vec<_> = configured
            .iter()
            .filter_map(|text| domain_name(text))
            .collect();
        let source = if configured.is_empty() {
            Source::Default
        } else {
            Source::Config("gateway.tls.domains".to_owned())
        };
        return Ok(Resolved::new(once_each(domains), source));
    }
    let mut domains = Vec::new();
    for text in flags.domains.iter().flat_map(|text| text.split(',')) {
        let Some(domain) = domain_name(text) else {
            return Err(
                Issue::new("--domain", format!("Invalid --domain \"{}\"", text.trim())).with_hint(
                    "use a DNS name such as claw.example.org, without scheme, port or path",
                ),
            );
        };
        domains.push(domain);
    }
    Ok(Resolved::new(once_each(domains), Source::Flag("--domain")))
}

fn once_each(mut domains: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    domains.retain(|domain| seen.insert(domain.clone()));
    domains
}

/// A DNS name in lower case without its final dot, one leading `*.` allowed; `None` when it cannot be one.
pub fn domain_name(text: &str) -> Option<String> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let bare = name.strip_prefix("*.").unwrap_or(&name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let fits = bare.len() <= 253 && bare.split('.').all(is_label);
    (fits && bare.parse::<std::net::IpAddr>().is_err()).then_some(name)
}
