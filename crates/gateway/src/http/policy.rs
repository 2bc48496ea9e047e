//! What the settings say about HTTP, read once per change of the settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::Settings;
use openclaw_config::load::Snapshot;
use openclaw_config::schema::AuthMode;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::canvas::{CanvasFolder, holds};
use crate::peer::{KnownNames, Names, OriginPolicy, PeerPolicy, ProxyIdentityRules};

/// The settings that decide about requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpPolicy {
    /// Whom to believe about client addresses.
    pub peer: PeerPolicy,
    /// Which pages may connect.
    pub origin: OriginPolicy,
    /// Names of this machine.
    pub names: Arc<Names>,
    /// Base path of the Control UI: empty, or `/name` without a final slash.
    pub base_path: String,
    /// Whether the Control UI is served.
    pub ui_enabled: bool,
    /// Folder to serve the Control UI from; without one the files in the program are served.
    pub ui_root: Option<PathBuf>,
    /// What the canvas host serves, if it does.
    pub canvas: Option<CanvasFolder>,
}

impl HttpPolicy {
    /// Reads the settings. Entries that cannot be read are left out and described in the second value.
    pub fn from_settings(settings: &Settings, names: Arc<Names>) -> (Self, Vec<String>) {
        let gateway = &settings.gateway;
        let mut complaints = Vec::new();
        let mut trusted_proxies = Vec::new();
        for entry in &gateway.trusted_proxies {
            match entry.parse() {
                Ok(range) => trusted_proxies.push(range),
                Err(error) => complaints.push(format!("gateway.trustedProxies: {error}")),
            }
        }
        let entries = &gateway.control_ui.allowed_origins;
        let (mut origin, invalid) = OriginPolicy::from_entries(entries.iter().map(String::as_str));
        complaints.extend(
            invalid
                .iter()
                .map(|error| format!("gateway.controlUi.allowedOrigins: {error}")),
        );
        origin.any_host = gateway
            .control_ui
            .dangerously_allow_host_header_origin_fallback;
        match gateway.public_origin.as_deref().map(str::parse).transpose() {
            Ok(public) => origin.public = public,
            Err(error) => complaints.push(format!("gateway.publicOrigin: {error}")),
        }
        let trusted_proxy = &gateway.auth.trusted_proxy;
        let wants_identity = gateway.auth.mode == Some(AuthMode::TrustedProxy)
            || trusted_proxy.user_header.is_some();
        let identity = wants_identity.then(|| {
            let (rules, wrong) = ProxyIdentityRules::from_settings(trusted_proxy);
            complaints.extend(wrong);
            rules
        });
        let policy = Self {
            peer: PeerPolicy {
                trusted_proxies,
                allow_real_ip_fallback: gateway.allow_real_ip_fallback,
                proxy_protocol: gateway.proxy.protocol,
                identity,
                own_addresses: names.addresses().to_vec(),
            },
            origin,
            names,
            base_path: normalise_base_path(&gateway.control_ui.base_path),
            ui_enabled: gateway.control_ui.enabled,
            ui_root: None,
            canvas: None,
        };
        (policy, complaints)
    }
}

/// A base path with one leading and no trailing slash; `/` is no base path.
fn normalise_base_path(text: &str) -> String {
    let bare = text.trim().trim_matches('/');
    if bare.is_empty() {
        String::new()
    } else {
        format!("/{bare}")
    }
}

/// The folder that `gateway.controlUi.root` names, seen from the config file.
fn ui_root(root: Option<&str>, config_file: &Path) -> Option<PathBuf> {
    let root = root.map(str::trim).filter(|root| !root.is_empty())?;
    let folder = config_file.parent().unwrap_or(Path::new("."));
    Some(folder.join(root))
}

/// The policy of the newest settings.
pub(super) struct PolicyCache {
    settings: watch::Receiver<Arc<Snapshot>>,
    names: KnownNames,
    state_dir: PathBuf,
    cached: Mutex<Cached>,
}

struct Cached {
    snapshot: Arc<Snapshot>,
    policy: Arc<HttpPolicy>,
}

impl PolicyCache {
    pub(super) fn new(
        settings: watch::Receiver<Arc<Snapshot>>,
        names: KnownNames,
        state_dir: PathBuf,
    ) -> Self {
        let snapshot = Arc::clone(&settings.borrow());
        let policy = read(&snapshot, names.current(), &state_dir);
        Self {
            settings,
            names,
            state_dir,
            cached: Mutex::new(Cached { snapshot, policy }),
        }
    }

    pub(super) fn current(&self) -> Arc<HttpPolicy> {
        let mut cached = self.cached.lock();
        let newest = self.settings.borrow();
        let names = self.names.current();
        let same_names = Arc::ptr_eq(&names, &cached.policy.names);
        if !Arc::ptr_eq(&newest, &cached.snapshot) || !same_names {
            *cached = Cached {
                snapshot: Arc::clone(&newest),
                policy: read(&newest, names, &self.state_dir),
            };
        }
        Arc::clone(&cached.policy)
    }
}

fn read(snapshot: &Snapshot, names: Arc<Names>, state_dir: &Path) -> Arc<HttpPolicy> {
    let (mut policy, mut complaints) = HttpPolicy::from_settings(&snapshot.settings, names);
    policy.ui_root = ui_root(
        snapshot.settings.gateway.control_ui.root.as_deref(),
        &snapshot.path,
    )
    .filter(|folder| {
        let home = snapshot.env.home();
        let private = [Some(snapshot.path.as_path()), home.as_deref()];
        let refused = private.into_iter().flatten().any(|path| holds(folder, path));
        if refused {
            complaints.push(format!(
                "gateway.controlUi.root {}: everybody could read the config and home folder in it; the page in the \
                 program is served. Name a folder that holds nothing but the built page",
                folder.display()
            ));
        }
        !refused
    });
    match CanvasFolder::from_snapshot(snapshot, state_dir) {
        Ok(canvas) => policy.canvas = canvas,
        Err(complaint) => complaints.push(complaint),
    }
    for complaint in complaints {
        tracing::warn!("config entry ignored: {complaint}");
    }
    Arc::new(policy)
}

impl std::fmt::Debug for PolicyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PolicyCache").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_are_normalised() {
        for (text, expected) in [
            ("", ""),
            ("/", ""),
            ("panel", "/panel"),
            ("/panel/", "/panel"),
            (" /a/b ", "/a/b"),
        ] {
            assert_eq!(normalise_base_path(text), expected);
        }
    }

    #[test]
    fn the_folder_of_the_ui_is_found_from_the_config_file() {
        for (root, expected) in [
            (None, None),
            (Some(" "), None),
            (Some("ui"), Some("/etc/openclaw/ui")),
            (Some("/srv/ui"), Some("/srv/ui")),
        ] {
            let found = ui_root(root, Path::new("/etc/openclaw/openclaw.json"));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{root:?}");
        }
    }

    #[test]
    fn u04_unreadable_entries_are_named_and_the_rest_counts() {
        let mut settings = Settings::default();
        settings.gateway.trusted_proxies = vec!["10.0.0.0/8".into(), "proxy.example".into()];
        settings.gateway.control_ui.allowed_origins =
            vec!["https://UI.example.com/".into(), "http://a/b".into()];
        settings.gateway.public_origin = Some("https://claw.example.org".into());
        let (policy, complaints) = HttpPolicy::from_settings(&settings, Arc::default());
        assert!(policy.peer.trusts("10.1.1.1".parse().unwrap()));
        assert_eq!(
            policy.origin.allowed[0].to_string(),
            "https://ui.example.com"
        );
        assert!(policy.origin.public.is_some());
        assert_eq!(complaints.len(), 2);
        assert!(complaints[0].contains("\"proxy.example\" is not an IP address"));
        assert!(complaints[1].contains("\"http://a/b\" is not an origin"));
    }
}
