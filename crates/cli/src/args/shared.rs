//! Flags that every command which talks to a gateway has.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use openclaw_config::resolve::{ClientFlags, TlsFlags};

/// Which gateway, with which credentials, for how long.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Gateway")]
pub(crate) struct CallArgs {
    /// Gateway URL (ws://, wss://, http:// or https://); needs --token or --password
    #[arg(long, value_name = "url")]
    pub(crate) url: Option<String>,
    /// Shared gateway token
    #[arg(long, value_name = "token")]
    pub(crate) token: Option<String>,
    /// Shared gateway password
    #[arg(long, value_name = "password")]
    pub(crate) password: Option<String>,
    /// SHA-256 fingerprint of the gateway's certificate
    #[arg(long, value_name = "sha256")]
    pub(crate) tls_fingerprint: Option<String>,
    /// Deadline in milliseconds, connecting included [default: 10000]
    #[arg(long, value_name = "ms", value_parser = millis)]
    pub(crate) timeout: Option<Duration>,
}

impl CallArgs {
    /// Deadline when the line names none.
    const TIMEOUT: Duration = Duration::from_secs(10);

    /// The flags that choose target and credentials.
    pub(crate) fn client_flags(&self) -> ClientFlags {
        ClientFlags {
            url: self.url.clone(),
            token: self.token.clone(),
            password: self.password.clone(),
            tls_fingerprint: self.tls_fingerprint.clone(),
        }
    }

    /// The deadline.
    pub(crate) fn deadline(&self) -> Duration {
        self.timeout.unwrap_or(Self::TIMEOUT)
    }

    /// Whether the line names a URL or a credential: what was typed is then used, not the control
    /// socket.
    pub(crate) fn is_explicit(&self) -> bool {
        [&self.url, &self.token, &self.password]
            .into_iter()
            .flatten()
            .any(|text| !text.trim().is_empty())
    }
}

/// Which certificate a gateway serves.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TlsArgs {
    /// Certificate: off, self (made here), files, acme (from an authority) or auto [default: off]
    #[arg(long, value_name = "mode")]
    tls: Option<String>,
    /// Name under which the gateway is reached, for its certificate; may be repeated
    #[arg(long, value_name = "name")]
    domain: Vec<String>,
    /// Agree to the terms of service of the certificate authority
    #[arg(long)]
    acme_agree_terms: bool,
}

impl TlsArgs {
    /// The flags as typed.
    pub(crate) fn flags(&self) -> TlsFlags {
        TlsFlags {
            mode: self.tls.clone(),
            domains: self.domain.clone(),
            agree_to_terms: self.acme_agree_terms,
        }
    }
}

/// Reads milliseconds, at least 1.
pub(crate) fn millis(text: &str) -> Result<Duration, &'static str> {
    match text.trim().parse() {
        Ok(number) if number > 0 => Ok(Duration::from_millis(number)),
        _ => Err("use a whole number of milliseconds, at least 1"),
    }
}

/// Reads a whole number of a range, which a refusal names.
pub(crate) fn whole<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + fmt::Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse::<T>().ok();
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                format!(
                    "use a whole number from {} to {}",
                    range.start(),
                    range.end()
                )
            })
    }
}
