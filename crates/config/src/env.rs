//! Owns every environment name the project reads, and the only code that reads the process
//! environment.
//!
//! [`Env`] is an immutable snapshot with three layers, highest first: the process environment,
//! `<state>/.env`, and the `env` block of the config file. Everything else takes an `&Env`, so
//! tests never touch the process environment.

mod opened;
mod secret_file;
mod secrets;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::container::{self, Container, Detected};
use crate::platform;

pub use self::secrets::{SecretNote, is_own_secret, keep_secrets_from, secret_names};

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $konst:ident = $name:literal $(legacy $legacy:literal)?;)+) => {
        $($(#[doc = $doc])+ pub const $konst: &str = $name;)+

        /// Every documented name, in the order of the reference page.
        pub const NAMES: &[Name] = &[
            $(Name { name: $name, legacy: names!(@legacy $($legacy)?), help: concat!($($doc),+) },)+
        ];
    };
    (@legacy) => { None };
    (@legacy $legacy:literal) => { Some($legacy) };
}

/// One documented environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The current name.
    pub name: &'static str,
    /// An older name that is read when the current one is unset.
    pub legacy: Option<&'static str>,
    /// What it does, one sentence.
    pub help: &'static str,
}

names! {
    /// Home directory that all default paths are derived from (default: the user's home).
    OPENCLAW_HOME = "OPENCLAW_HOME";
    /// State directory (default `~/.openclaw`, `~/.openclaw-<profile>` for a named profile).
    OPENCLAW_STATE_DIR = "OPENCLAW_STATE_DIR" legacy "CLAWDBOT_STATE_DIR";
    /// Config file (default `<state>/openclaw.json`).
    OPENCLAW_CONFIG_PATH = "OPENCLAW_CONFIG_PATH" legacy "CLAWDBOT_CONFIG_PATH";
    /// Profile used when neither `--profile` nor `--dev` is given.
    OPENCLAW_PROFILE = "OPENCLAW_PROFILE";
    /// Workspace directory (default `~/.openclaw/workspace`, with `-<profile>` appended).
    OPENCLAW_WORKSPACE_DIR = "OPENCLAW_WORKSPACE_DIR";
    /// Extra directories, separated by `:` (on Windows `;`), that `$include` may read from.
    OPENCLAW_INCLUDE_ROOTS = "OPENCLAW_INCLUDE_ROOTS";
    /// `1` refuses every write to the config file.
    OPENCLAW_CONFIG_READONLY = "OPENCLAW_CONFIG_READONLY";
    /// `1` marks the config as managed from outside: no writes, no service installation.
    OPENCLAW_NIX_MODE = "OPENCLAW_NIX_MODE";
    /// Gateway port, 1-65535; beats `gateway.port`, loses to `--port`.
    OPENCLAW_GATEWAY_PORT = "OPENCLAW_GATEWAY_PORT" legacy "CLAWDBOT_GATEWAY_PORT";
    /// Bind mode or IP address; beats `gateway.bind`, loses to `--bind`.
    OPENCLAW_GATEWAY_BIND = "OPENCLAW_GATEWAY_BIND";
    /// Shared gateway token; beats the config file, loses to `--token`.
    OPENCLAW_GATEWAY_TOKEN = "OPENCLAW_GATEWAY_TOKEN" legacy "CLAWDBOT_GATEWAY_TOKEN";
    /// File that holds the shared gateway token, such as a mounted secret; read when `OPENCLAW_GATEWAY_TOKEN` is not set.
    OPENCLAW_GATEWAY_TOKEN_FILE = "OPENCLAW_GATEWAY_TOKEN_FILE";
    /// Shared gateway password; beats the config file, loses to `--password`.
    OPENCLAW_GATEWAY_PASSWORD = "OPENCLAW_GATEWAY_PASSWORD" legacy "CLAWDBOT_GATEWAY_PASSWORD";
    /// File that holds the shared gateway password; read when `OPENCLAW_GATEWAY_PASSWORD` is not set.
    OPENCLAW_GATEWAY_PASSWORD_FILE = "OPENCLAW_GATEWAY_PASSWORD_FILE";
    /// Which certificate the gateway serves (`off`, `self`, `files`, `acme`, `auto`); beats `gateway.tls.mode`, loses to `--tls`.
    OPENCLAW_GATEWAY_TLS = "OPENCLAW_GATEWAY_TLS";
    /// Gateway that clients connect to; only credentials from the environment are sent to it.
    OPENCLAW_GATEWAY_URL = "OPENCLAW_GATEWAY_URL";
    /// `1` lets clients use plain `ws://` to hosts outside private networks (process environment only).
    OPENCLAW_ALLOW_INSECURE_PRIVATE_WS = "OPENCLAW_ALLOW_INSECURE_PRIVATE_WS";
    /// Authorities that vouch for gateways, PEM, beside the public ones; beats `gateway.remote.tlsCaFile`.
    OPENCLAW_TLS_CA_FILE = "OPENCLAW_TLS_CA_FILE";
    /// `1` lets several gateways share one state directory.
    OPENCLAW_ALLOW_MULTI_GATEWAY = "OPENCLAW_ALLOW_MULTI_GATEWAY";
    /// `1` says that this process is the service of a container, `0` that it is not (default: it looks); a gateway there listens on all interfaces unless told otherwise, never without a credential.
    OPENCLAW_IN_CONTAINER = "OPENCLAW_IN_CONTAINER";
    /// Deadline of the WebSocket handshake in milliseconds.
    OPENCLAW_HANDSHAKE_TIMEOUT_MS = "OPENCLAW_HANDSHAKE_TIMEOUT_MS";
    /// Directory of the log files [default: `/tmp/openclaw`]; used when it is this user's own, and loses to `logging.file`.
    OPENCLAW_LOG_DIR = "OPENCLAW_LOG_DIR";
    /// Level of the log file; beats `logging.level`.
    OPENCLAW_LOG_LEVEL = "OPENCLAW_LOG_LEVEL";
    /// True switches the mDNS advertiser off.
    OPENCLAW_DISABLE_BONJOUR = "OPENCLAW_DISABLE_BONJOUR";
    /// `1` switches the canvas host off; beats `canvasHost.enabled`.
    OPENCLAW_SKIP_CANVAS_HOST = "OPENCLAW_SKIP_CANVAS_HOST";
    /// Host label that mDNS announces.
    OPENCLAW_MDNS_HOSTNAME = "OPENCLAW_MDNS_HOSTNAME" legacy "CLAWDBOT_MDNS_HOSTNAME";
    /// Overrides the announced tailnet DNS name.
    OPENCLAW_TAILNET_DNS = "OPENCLAW_TAILNET_DNS";
    /// `LocalAPI` socket of the Tailscale daemon; beats `gateway.tailscale.socket`.
    OPENCLAW_TAILSCALE_SOCKET = "OPENCLAW_TAILSCALE_SOCKET";
    /// SSH port that discovery announces in full mode.
    OPENCLAW_SSH_PORT = "OPENCLAW_SSH_PORT";
    /// CLI path that discovery announces in full mode.
    OPENCLAW_CLI_PATH = "OPENCLAW_CLI_PATH";
    /// Wide-area discovery domain when the config has none.
    OPENCLAW_WIDE_AREA_DOMAIN = "OPENCLAW_WIDE_AREA_DOMAIN";
    /// `app` makes the macOS node host run commands only through the companion app.
    OPENCLAW_NODE_EXEC_HOST = "OPENCLAW_NODE_EXEC_HOST";
    /// `0` forbids the macOS node host to fall back to running commands itself.
    OPENCLAW_NODE_EXEC_FALLBACK = "OPENCLAW_NODE_EXEC_FALLBACK";
    /// `0` hides token previews in `status`.
    OPENCLAW_SHOW_SECRETS = "OPENCLAW_SHOW_SECRETS";
    /// True hides the banner line.
    OPENCLAW_HIDE_BANNER = "OPENCLAW_HIDE_BANNER";
    /// Version that the gateway reports instead of its own.
    OPENCLAW_VERSION = "OPENCLAW_VERSION";
    /// systemd unit name of the service commands.
    OPENCLAW_SYSTEMD_UNIT = "OPENCLAW_SYSTEMD_UNIT";
    /// launchd label of the service commands.
    OPENCLAW_LAUNCHD_LABEL = "OPENCLAW_LAUNCHD_LABEL";
    /// Scheduled-task name of the service commands.
    OPENCLAW_WINDOWS_TASK_NAME = "OPENCLAW_WINDOWS_TASK_NAME";
    /// Set by the service files to mark a supervised process.
    OPENCLAW_SERVICE_MARKER = "OPENCLAW_SERVICE_MARKER";
    /// `gateway` or `node`, set by the service files.
    OPENCLAW_SERVICE_KIND = "OPENCLAW_SERVICE_KIND";
    /// Version that wrote the service file.
    OPENCLAW_SERVICE_VERSION = "OPENCLAW_SERVICE_VERSION";
    /// `1` rewrites generated reference pages when the tests run.
    OPENCLAW_UPDATE_DOCS = "OPENCLAW_UPDATE_DOCS";
    /// Set by systemd: socket that receives the ready notice.
    NOTIFY_SOCKET = "NOTIFY_SOCKET";
    /// Set by systemd, and by a gateway that restarts: the process that the sockets in `LISTEN_FDS` are for.
    LISTEN_PID = "LISTEN_PID";
    /// Set with it: names of the sockets, separated by colons.
    LISTEN_FDNAMES = "LISTEN_FDNAMES";
    /// Non-empty switches colours off.
    NO_COLOR = "NO_COLOR";
    /// Non-empty and not `0` forces colours on.
    FORCE_COLOR = "FORCE_COLOR";
}

/// Which layer a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The environment of this process.
    Process,
    /// `<state>/.env`.
    DotEnv,
    /// The `env` block of the config file.
    ConfigBlock,
}

/// A value together with where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Trimmed, never empty.
    pub value: &'a str,
    /// The layer that held it.
    pub layer: Layer,
    /// The name that held it: the asked one, its legacy form, or the one that names a file with it.
    pub name: &'static str,
}

/// An immutable snapshot of the environment. Cloning is cheap.
#[derive(Clone, Default, PartialEq)]
pub struct Env {
    process: Arc<HashMap<String, String>>,
    file: Arc<HashMap<String, String>>,
    config_block: Arc<HashMap<String, String>>,
    home: Option<PathBuf>,
    cwd: PathBuf,
    uid: u32,
    container: Option<Arc<Detected>>,
    secrets: Arc<secret_file::Secrets>,
}

impl std::fmt::Debug for Env {
    /// Shows counts only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env")
            .field("process", &self.process.len())
            .field("file", &self.file.len())
            .field("config_block", &self.config_block.len())
            .finish_non_exhaustive()
    }
}

impl Env {
    /// Takes a snapshot of the environment of this process. Names or values that are not UTF-8
    /// are left out; those of secrets are told by [`Env::secret_problems`].
    pub fn from_process() -> Self {
        let mut process = HashMap::new();
        let mut not_text = HashSet::new();
        for (name, value) in platform::process_variables() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    process.insert(name, value);
                }
                Err(_) => {
                    not_text.insert(name);
                }
            }
        }
        let container =
            container::detect(&container::Facts::look(), |name| non_blank(&process, name))
                .map(Arc::new);
        let secrets = secret_file::read_all(&mut process, &not_text, container.is_some());
        Self {
            process: Arc::new(process),
            container,
            secrets: Arc::new(secrets),
            home: std::env::home_dir(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            uid: platform::user_id(),
            ..Self::default()
        }
    }

    /// Builds a snapshot from the given pairs and nothing else. `HOME` is the home directory, `/`
    /// the working directory.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let process: HashMap<String, String> = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let nothing = container::Facts::default();
        Self {
            home: process.get("HOME").map(PathBuf::from),
            container: container::detect(&nothing, |name| non_blank(&process, name)).map(Arc::new),
            process: Arc::new(process),
            cwd: PathBuf::from("/"),
            uid: platform::user_id(),
            ..Self::default()
        }
    }

    /// Returns a copy whose `.env` layer holds `pairs`.
    #[must_use]
    pub fn with_dot_env(&self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            file: Arc::new(pairs.into_iter().collect()),
            ..self.clone()
        }
    }

    /// Returns a copy whose config-block layer holds `pairs`.
    #[must_use]
    pub fn with_config_block(&self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            config_block: Arc::new(pairs.into_iter().collect()),
            ..self.clone()
        }
    }

    /// Returns the trimmed value, or `None` when it is unset or blank in every layer. A documented
    /// legacy name counts when the current one is unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|found| found.0)
    }

    /// Like [`Env::get`] for a documented name, with the place where the value was found.
    pub fn lookup(&self, name: &'static str) -> Option<Found<'_>> {
        self.find(name).map(|(value, layer, legacy)| {
            let file = self.secrets.from_file.get(name);
            let file = file.filter(|_| layer == Layer::Process && legacy.is_none());
            Found {
                value,
                layer,
                name: legacy.or(file.copied()).unwrap_or(name),
            }
        })
    }

    /// Like [`Env::get`], but only the environment of the process counts, for switches that a file
    /// must not be able to set.
    pub fn get_process(&self, name: &str) -> Option<&str> {
        non_blank(&self.process, name)
    }

    /// True when the value is `1`, `true`, `yes` or `on` in any case.
    pub fn truthy(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_truthy)
    }

    /// True when the value is exactly `1`.
    pub fn is_one(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    /// Returns the home directory: `OPENCLAW_HOME`, else the user's.
    pub fn home(&self) -> Option<PathBuf> {
        match self.get_process(OPENCLAW_HOME) {
            Some(home) => Some(self.absolute_from(home, self.home.as_deref())),
            None => self
                .home
                .clone()
                .filter(|home| !home.as_os_str().is_empty()),
        }
    }

    /// Expands a leading `~` and makes the path absolute against the working directory.
    pub fn absolute(&self, path: &str) -> PathBuf {
        self.absolute_from(path, self.home().as_deref())
    }

    fn absolute_from(&self, path: &str, home: Option<&Path>) -> PathBuf {
        let path = path.trim();
        let expanded = match (home, path.strip_prefix('~')) {
            (Some(home), Some("")) => home.to_path_buf(),
            (Some(home), Some(rest)) if rest.starts_with(['/', '\\']) => home.join(&rest[1..]),
            _ => PathBuf::from(path),
        };
        self.cwd.join(expanded)
    }

    /// The container whose service this process is.
    pub fn container(&self) -> Option<Container> {
        self.container.as_ref().map(|found| found.container)
    }

    /// The same with what says so.
    pub fn detected_container(&self) -> Option<&Detected> {
        self.container.as_deref()
    }

    /// Secrets that the environment gives and that cannot be had. Whoever needs one refuses: nothing may run without a secret
    /// that it was given.
    pub fn secret_problems(&self) -> &[SecretNote] {
        &self.secrets.problems
    }

    /// The one of [`Env::secret_problems`] that is about this variable.
    pub fn secret_problem(&self, name: &str) -> Option<&SecretNote> {
        self.secrets
            .problems
            .iter()
            .find(|problem| problem.secret == name)
    }

    /// Files with secrets that others than their owner can get at.
    pub fn secret_warnings(&self) -> &[SecretNote] {
        &self.secrets.warnings
    }

    /// The numeric id of the user that runs this process; on Windows, where there is none, no user of any Unix system.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The directory for temporary files: `TMPDIR`, else `/tmp`; on Windows that of the user.
    pub fn temp_dir(&self) -> PathBuf {
        platform::temp_dir(self.get_process("TMPDIR"))
    }

    /// Directories named by `OPENCLAW_INCLUDE_ROOTS`.
    pub fn include_roots(&self) -> Vec<PathBuf> {
        self.get(OPENCLAW_INCLUDE_ROOTS)
            .map(|roots| {
                roots
                    .split(platform::PATH_SEPARATOR)
                    .filter(|root| !root.trim().is_empty())
                    .map(|root| self.absolute(root))
                    .collect()
            })
            .unwrap_or_default()
    }

    /// True when the config file must not be written by us.
    pub fn config_read_only(&self) -> bool {
        self.is_one(OPENCLAW_CONFIG_READONLY) || self.is_one(OPENCLAW_NIX_MODE)
    }

    fn find(&self, name: &str) -> Option<(&str, Layer, Option<&'static str>)> {
        let legacy = secrets::legacy(name);
        let layers = [
            (&self.process, Layer::Process),
            (&self.file, Layer::DotEnv),
            (&self.config_block, Layer::ConfigBlock),
        ];
        layers.into_iter().find_map(|(values, layer)| {
            non_blank(values, name)
                .map(|value| (value, layer, None))
                .or_else(|| Some((non_blank(values, legacy?)?, layer, legacy)))
        })
    }
}

/// True for `1`, `true`, `yes` and `on` in any case.
pub fn is_truthy(value: &str) -> bool {
    ["1", "true", "yes", "on"]
        .iter()
        .any(|truthy| value.trim().eq_ignore_ascii_case(truthy))
}

fn non_blank<'a>(values: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    values
        .get(name)
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_and_legacy_names_are_tried_in_order() {
        let env = Env::from_pairs([
            ("OPENCLAW_GATEWAY_TOKEN", "  "),
            ("CLAWDBOT_GATEWAY_TOKEN", " old "),
        ])
        .with_dot_env([
            ("OPENCLAW_GATEWAY_TOKEN".into(), "file".into()),
            ("ONLY_FILE".into(), "1".into()),
        ])
        .with_config_block([
            ("ONLY_FILE".into(), "2".into()),
            ("ONLY_BLOCK".into(), "3".into()),
        ]);
        let found = env.lookup(OPENCLAW_GATEWAY_TOKEN).unwrap();
        assert_eq!(
            (found.value, found.layer, found.name),
            ("old", Layer::Process, "CLAWDBOT_GATEWAY_TOKEN")
        );
        assert_eq!(env.get("ONLY_FILE"), Some("1"));
        assert_eq!(env.get("ONLY_BLOCK"), Some("3"));
        assert_eq!(env.get_process("ONLY_FILE"), None);
        assert_eq!(env.get("MISSING"), None);
    }

    #[test]
    fn paths_expand_home_and_become_absolute() {
        let env = Env::from_pairs([("HOME", "/home/ada")]);
        for (text, path) in [
            ("~", "/home/ada"),
            ("~/x", "/home/ada/x"),
            ("~\\x", "/home/ada/x"),
            ("~other/x", "/~other/x"),
            ("rel", "/rel"),
            (" /abs ", "/abs"),
        ] {
            assert_eq!(env.absolute(text), PathBuf::from(path), "{text}");
        }
        let moved = Env::from_pairs([("HOME", "/home/ada"), ("OPENCLAW_HOME", "~/claw")]);
        assert_eq!(moved.home(), Some(PathBuf::from("/home/ada/claw")));
    }

    #[test]
    fn truthy_values() {
        for (text, expected) in [
            ("1", true),
            ("YES", true),
            ("On", true),
            ("true", true),
            ("0", false),
            ("2", false),
        ] {
            assert_eq!(is_truthy(text), expected, "{text}");
        }
    }

    #[test]
    fn debug_output_holds_no_values() {
        let env = Env::from_pairs([("OPENCLAW_GATEWAY_TOKEN", "very-secret")]);
        assert!(!format!("{env:?}").contains("very-secret"));
    }
}
