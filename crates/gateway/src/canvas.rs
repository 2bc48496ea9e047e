//! What the config says about the canvas host, and who may read its files without a credential: the holders of an address
//! that cannot be guessed.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::BASE64URL_NOPAD;
use openclaw_config::env::OPENCLAW_SKIP_CANVAS_HOST;
use openclaw_config::load::Snapshot;
use openclaw_config::schema::CanvasHost;
use ring::hmac;
use ring::rand::SystemRandom;
use tokio::time::Instant;

/// What stands before the capability in an address; its path goes on as if nothing stood there.
pub(crate) const CAPABILITY_PREFIX: &str = "/__openclaw__/cap/";
/// Folder below the state directory that is served unless the config names another.
const DEFAULT_FOLDER: &str = "canvas";
/// Folders below the state directory that hold no secrets of ours.
const SERVABLE: [&str; 2] = [DEFAULT_FOLDER, "workspace"];
/// How long one number of a page capability is given out, in seconds. It counts for as long again.
const PAGE_PERIOD_SECS: u64 = 24 * 60 * 60;
/// Bytes of a code that are sent; guessing 128 bits is hopeless.
const CODE_BYTES: usize = 16;

/// What is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanvasFolder {
    /// The folder. It need not exist.
    pub root: PathBuf,
    /// Whether pages load themselves again when a file changes.
    pub live_reload: bool,
}

impl CanvasFolder {
    /// What the config says; `None` when the canvas host is off. A folder that must not be served is an error.
    pub fn from_snapshot(snapshot: &Snapshot, state_dir: &Path) -> Result<Option<Self>, String> {
        let settings = &snapshot.settings.canvas_host;
        if !settings.enabled || snapshot.env.is_one(OPENCLAW_SKIP_CANVAS_HOST) {
            return Ok(None);
        }
        let root = root(settings, &snapshot.path, state_dir);
        let home = snapshot.env.home();
        let private = [
            Some(snapshot.path.as_path()),
            Some(state_dir),
            home.as_deref(),
        ];
        if let Some(held) = private
            .into_iter()
            .flatten()
            .find(|path| holds(&root, path))
        {
            return Err(format!(
                "canvasHost.root {} holds {}: it is not served. Name a folder that holds nothing but files for canvases",
                root.display(),
                held.display()
            ));
        }
        let servable = SERVABLE
            .iter()
            .any(|folder| holds(&state_dir.join(folder), &root));
        if holds(state_dir, &root) && !servable {
            return Err(format!(
                "canvasHost.root {} is a part of the state directory that holds secrets: it is not served. Use {}",
                root.display(),
                state_dir.join(DEFAULT_FOLDER).display()
            ));
        }
        Ok(Some(Self {
            root,
            live_reload: settings.live_reload,
        }))
    }
}

/// The folder that the config names, seen from the config file.
fn root(settings: &CanvasHost, config_file: &Path, state_dir: &Path) -> PathBuf {
    let named = settings.root.as_deref().map(str::trim);
    match named.filter(|root| !root.is_empty()) {
        Some(root) => config_file.parent().unwrap_or(Path::new(".")).join(root),
        None => state_dir.join(DEFAULT_FOLDER),
    }
}

/// Whether a path is this folder or lies in it, wherever links lead.
pub(crate) fn holds(folder: &Path, path: &Path) -> bool {
    real(path).starts_with(real(folder))
}

/// A path without links, also when its last parts do not exist yet.
fn real(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        let Ok(mut found) = existing.canonicalize() else {
            continue;
        };
        let missing = path.strip_prefix(existing).unwrap_or(Path::new(""));
        for part in missing.components() {
            match part {
                Component::ParentDir => _ = found.pop(),
                part => found.push(part),
            }
        }
        return found;
    }
    path.to_owned()
}

/// Who holds a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The node of this connection: it counts as long as the connection lasts.
    Node(String),
    /// A page in a browser that showed who it is when it was opened.
    Page,
}

/// Makes and reads capabilities. Every start has a key of its own. Clones share it.
#[derive(Clone)]
pub struct Capabilities {
    key: Arc<hmac::Key>,
    started: Instant,
    /// How often the shared credential was changed. A page was opened by the one of its time.
    changes: Arc<AtomicU64>,
}

impl std::fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capabilities")
    }
}

impl Default for Capabilities {
    /// A key of this start.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .expect("the operating system provides randomness");
        Self {
            key: Arc::new(key),
            started: Instant::now(),
            changes: Arc::default(),
        }
    }
}

impl Capabilities {
    /// For the node of a connection.
    pub fn of_node(&self, conn_id: &str) -> String {
        self.make(&format!("n{conn_id}"))
    }

    /// For a page that is opened now.
    pub fn of_page(&self) -> String {
        self.make(&format!("p{}", self.period()))
    }

    /// Ends what was given to pages: the credential that opened them counts no more. Nodes are let in or not by themselves.
    pub fn credential_changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Who holds it; `None` when it is none of ours or its time is over. Whether a node is still there is for the caller
    /// to say.
    pub fn holder(&self, capability: &str) -> Option<Holder> {
        let (claim, code) = capability.rsplit_once('.')?;
        let code = BASE64URL_NOPAD.decode(code.as_bytes()).ok()?;
        let right = self.code(claim);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(
            code.as_slice(),
            right.as_slice(),
        )) {
            return None;
        }
        if let Some(conn_id) = claim.strip_prefix('n') {
            return Some(Holder::Node(conn_id.to_owned()));
        }
        let period: u64 = claim.strip_prefix('p')?.parse().ok()?;
        (self.period() <= period + 1).then_some(Holder::Page)
    }

    fn period(&self) -> u64 {
        self.started.elapsed().as_secs() / PAGE_PERIOD_SECS
    }

    fn make(&self, claim: &str) -> String {
        format!("{claim}.{}", BASE64URL_NOPAD.encode(&self.code(claim)))
    }

    fn code(&self, claim: &str) -> Vec<u8> {
        let changes = if claim.starts_with('p') {
            self.changes.load(Ordering::Acquire)
        } else {
            0
        };
        let text = format!("canvas {changes} {claim}");
        hmac::sign(&self.key, text.as_bytes()).as_ref()[..CODE_BYTES].to_vec()
    }
}

#[cfg(test)]
mod tests;
