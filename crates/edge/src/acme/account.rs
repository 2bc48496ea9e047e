//! The account at the ACME server: made once, found again for ever.

use instant_acme::{Account, AccountCredentials, ExternalAccountKey, Key, NewAccount};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::settings::Wanted;
use super::shelf::Shelf;
use super::transport::Transport;

/// Account as the server knows it.
const ACCOUNT: &str = "account.json";
/// Its key, kept before the server hears of it: whoever asks twice with one key gets one account.
const KEY: &str = "account-key.json";

#[derive(Serialize, Deserialize)]
struct Kept {
    contact: Option<String>,
    credentials: AccountCredentials,
}

#[derive(Serialize, Deserialize)]
struct KeptKey {
    /// PKCS#8, base64.
    pkcs8: String,
}

/// Finds the account, or makes it.
pub(crate) async fn open(
    wanted: &Wanted,
    shelf: &Shelf,
    transport: &Transport,
) -> Result<Account, Failure> {
    let failed = |error: &instant_acme::Error| Failure::from_error(error, transport.retry_after());
    let builder = || Account::builder_with_http(Box::new(transport.clone()));
    let kept = shelf.account_file(ACCOUNT).await;
    let kept = kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok());
    if let Some(Kept {
        contact,
        credentials,
    }) = kept
    {
        let account = builder()
            .from_credentials(credentials)
            .await
            .map_err(|error| failed(&error))?;
        if contact != wanted.contact {
            update_contact(&account, wanted, shelf)
                .await
                .map_err(|error| failed(&error))?;
        }
        return Ok(account);
    }
    let contacts: Vec<&str> = wanted.contact.as_deref().into_iter().collect();
    let (account, credentials) = if let Some(binding) = &wanted.binding {
        let key = binding.key().ok_or_else(|| {
            Failure::Refused("gateway.tls.acme.eab.hmacKey is not base64url".to_owned())
        })?;
        let external = ExternalAccountKey::new(binding.key_id.clone(), &key);
        let new = NewAccount {
            contact: &contacts,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        builder()
            .create(&new, wanted.directory.clone(), Some(&external))
            .await
            .map_err(|error| failed(&error))?
    } else {
        let key = key(shelf).await?;
        let made = builder()
            .create_from_key(key, wanted.directory.clone())
            .await
            .map_err(|error| failed(&error))?;
        if !contacts.is_empty() {
            made.0
                .update_contacts(&contacts)
                .await
                .map_err(|error| failed(&error))?;
        }
        made
    };
    tracing::info!(target: "gateway", account = account.id(), "acme: account opened");
    keep(shelf, wanted, credentials).await?;
    Ok(account)
}

/// Drops what is kept about an account that the server does not know any more; its key stays.
pub(crate) async fn forget(shelf: &Shelf) {
    shelf.remove_account_file(ACCOUNT).await;
}

async fn keep(
    shelf: &Shelf,
    wanted: &Wanted,
    credentials: AccountCredentials,
) -> Result<(), Failure> {
    let kept = Kept {
        contact: wanted.contact.clone(),
        credentials,
    };
    let text = serde_json::to_string(&kept).map_err(|error| Failure::Storage(error.to_string()))?;
    shelf.put_account_file(ACCOUNT, text).await
}

async fn update_contact(
    account: &Account,
    wanted: &Wanted,
    shelf: &Shelf,
) -> Result<(), instant_acme::Error> {
    let contacts: Vec<&str> = wanted.contact.as_deref().into_iter().collect();
    account.update_contacts(&contacts).await?;
    let Some(mut kept) = shelf
        .account_file(ACCOUNT)
        .await
        .and_then(|text| serde_json::from_str::<Kept>(&text).ok())
    else {
        return Ok(());
    };
    kept.contact.clone_from(&wanted.contact);
    // The server has it; if it cannot be noted here, it is told once more next time.
    if let Ok(text) = serde_json::to_string(&kept)
        && let Err(failure) = shelf.put_account_file(ACCOUNT, text).await
    {
        tracing::debug!(?failure, "acme: contact not noted");
    }
    Ok(())
}

async fn key(shelf: &Shelf) -> Result<(Key, PrivateKeyDer<'static>), Failure> {
    let unusable = |error: instant_acme::Error| Failure::Storage(format!("account key: {error}"));
    if let Some(kept) = shelf
        .account_file(KEY)
        .await
        .and_then(|text| serde_json::from_str::<KeptKey>(&text).ok())
        && let Ok(pkcs8) = data_encoding::BASE64.decode(kept.pkcs8.as_bytes())
        && let Ok(key) = Key::from_pkcs8_der(PrivatePkcs8KeyDer::from(pkcs8.clone()))
    {
        return Ok((key, PrivatePkcs8KeyDer::from(pkcs8).into()));
    }
    let (key, pkcs8) = Key::generate_pkcs8().map_err(unusable)?;
    let kept = KeptKey {
        pkcs8: data_encoding::BASE64.encode(pkcs8.secret_pkcs8_der()),
    };
    let text = serde_json::to_string(&kept).map_err(|error| Failure::Storage(error.to_string()))?;
    shelf.put_account_file(KEY, text).await?;
    Ok((key, pkcs8.into()))
}
