//! Whom a client of this machine trusts over TLS, and what it shows.

use openclaw_client::{ClientCertificate, Fingerprint, TlsOptions};
use openclaw_config::env;
use openclaw_config::schema::Remote;

use crate::context::Context;
use crate::error::CommandError;

/// Trust for a gateway: its pin, the authorities of environment or config, and for the gateway of `gateway.remote` the
/// certificate that it may ask for.
pub(crate) fn tls_options(
    context: &Context,
    pin: Option<Fingerprint>,
    is_remote: bool,
) -> Result<TlsOptions, CommandError> {
    let mut options = TlsOptions {
        fingerprint: pin,
        ..TlsOptions::default()
    };
    let env = context.env();
    let remote = context
        .settings()
        .map(|settings| settings.gateway.remote.clone())
        .unwrap_or_default();
    let authorities = env
        .get(env::OPENCLAW_TLS_CA_FILE)
        .map(str::to_owned)
        .or_else(|| set(remote.tls_ca_file.as_ref()));
    if let Some(path) = authorities {
        options
            .add_roots(&env.absolute(&path))
            .map_err(CommandError::new)?;
    }
    if is_remote {
        options.certificate = client_certificate(context, &remote)?;
    }
    Ok(options)
}

fn client_certificate(
    context: &Context,
    remote: &Remote,
) -> Result<Option<ClientCertificate>, CommandError> {
    let env = context.env();
    match (
        set(remote.tls_client_cert.as_ref()),
        set(remote.tls_client_key.as_ref()),
    ) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (env.absolute(&certificate), env.absolute(&key));
            ClientCertificate::from_files(&certificate, &key)
                .map(Some)
                .map_err(CommandError::new)
        }
        _ => Err(CommandError::plain(
            "a client certificate needs gateway.remote.tlsClientCert and gateway.remote.tlsClientKey",
        )),
    }
}

fn set(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
