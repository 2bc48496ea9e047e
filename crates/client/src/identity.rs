//! The key of this device, in the file format other clients use, and the tokens issued to it.

mod files;
mod token_cache;

use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use openclaw_config::store::{StoreError, read_regular, write_private};
use openclaw_protocol::device::{PublicKey, decode_base64};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

pub use token_cache::{CachedToken, TokenCache};

/// DER of a PKCS#8 Ed25519 private key up to its 32-byte seed. The version without a public key:
/// every reader of these files understands it.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
const FILE_VERSION: u32 = 1;
/// A key file has a few hundred bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why there is no device identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file cannot be read.
    #[error("cannot use device identity {}: {source}", path.display())]
    Io {
        /// The identity file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot keep the device identity: {0}")]
    Store(#[from] StoreError),
    /// The system gives no random numbers.
    #[error("cannot create a device key: no random numbers from the system")]
    Random,
}

/// `identity/device.json`
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdentityFile {
    version: u32,
    #[serde(default)]
    device_id: String,
    #[serde(default)]
    public_key_pem: String,
    private_key_pem: String,
    #[serde(default)]
    created_at_ms: i64,
}

/// The Ed25519 key of this device.
pub struct DeviceIdentity {
    pair: Ed25519KeyPair,
    public_key: PublicKey,
    device_id: String,
}

impl DeviceIdentity {
    /// Loads the key at `path`, or creates one (mode 0600, directory 0700).
    ///
    /// A wrong `deviceId` in the file is corrected. An unreadable file is moved aside as
    /// `device.json.unreadable-<ms>` and replaced. Two processes that start at once get the same key.
    pub fn load_or_create(path: &Path) -> Result<Self, IdentityError> {
        let io = |source| IdentityError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(Stored {
            identity,
            correction: None,
        }) = read(path).map_err(io)?
        {
            return Ok(identity);
        }
        let _lock = files::lock_directory_of(path)?;
        if let Some(stored) = read(path).map_err(io)? {
            if let Some(file) = stored.correction {
                write(path, &file)?;
            }
            return Ok(stored.identity);
        }
        files::move_aside(path).map_err(io)?;
        let (identity, file) = create()?;
        write(path, &file)?;
        Ok(identity)
    }

    /// Loads the key at `path` without ever writing; `None` when there is no usable one.
    pub fn load(path: &Path) -> Result<Option<Self>, IdentityError> {
        let stored = read(path).map_err(|source| IdentityError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(stored.map(|stored| stored.identity))
    }

    /// A key that is stored nowhere.
    pub fn ephemeral() -> Result<Self, IdentityError> {
        create().map(|(identity, _)| identity)
    }

    /// From a PKCS#8 private key in PEM.
    pub fn from_pem(pem: &str) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pem_body(pem)?).ok()?;
        let public_key = PublicKey::from_raw(pair.public_key().as_ref().try_into().ok()?);
        Some(Self {
            device_id: public_key.device_id(),
            pair,
            public_key,
        })
    }

    /// Lowercase hex SHA-256 of the public key.
    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    /// The public key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The public key as sent: unpadded base64url.
    pub fn public_key_base64url(&self) -> String {
        self.public_key.to_base64url()
    }

    /// Signs `payload`; unpadded base64url.
    pub fn sign(&self, payload: &str) -> String {
        BASE64URL_NOPAD.encode(self.pair.sign(payload.as_bytes()).as_ref())
    }
}

impl std::fmt::Debug for DeviceIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceIdentity")
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

struct Stored {
    identity: DeviceIdentity,
    /// What the file should say instead, if it says something wrong.
    correction: Option<IdentityFile>,
}

/// `None` when there is no file, or one without a usable key.
fn read(path: &Path) -> std::io::Result<Option<Stored>> {
    let bytes = match read_regular(path, MAX_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(mut file) = serde_json::from_slice::<IdentityFile>(&bytes) else {
        return Ok(None);
    };
    let identity = (file.version == FILE_VERSION)
        .then(|| DeviceIdentity::from_pem(&file.private_key_pem))
        .flatten();
    Ok(identity.map(|identity| {
        let right = file.device_id == identity.device_id
            && PublicKey::parse(&file.public_key_pem) == Some(identity.public_key);
        file.device_id.clone_from(&identity.device_id);
        file.public_key_pem = identity.public_key.to_pem();
        Stored {
            correction: (!right).then_some(file),
            identity,
        }
    }))
}

fn write(path: &Path, file: &IdentityFile) -> Result<(), StoreError> {
    let mut text = serde_json::to_string_pretty(file).expect("a struct of texts always encodes");
    text.push('\n');
    write_private(path, text.as_bytes())
}

fn create() -> Result<(DeviceIdentity, IdentityFile), IdentityError> {
    let mut der = [0; 48];
    let (prefix, seed) = der.split_at_mut(PKCS8_PREFIX.len());
    prefix.copy_from_slice(&PKCS8_PREFIX);
    SystemRandom::new()
        .fill(seed)
        .map_err(|_| IdentityError::Random)?;
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64.encode(&der)
    );
    let identity = DeviceIdentity::from_pem(&pem).ok_or(IdentityError::Random)?;
    let file = IdentityFile {
        version: FILE_VERSION,
        device_id: identity.device_id.clone(),
        public_key_pem: identity.public_key.to_pem(),
        private_key_pem: pem,
        created_at_ms: files::now_ms(),
    };
    Ok((identity, file))
}

fn pem_body(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"))
        .collect();
    decode_base64(&body)
}

#[cfg(test)]
mod tests;
