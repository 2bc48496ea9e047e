//! Owns where everything lives: profile, state directory, config file and the files below them.
//!
//! Pure given an [`Env`] and a way to ask whether a file exists.

use std::path::{Path, PathBuf};

use crate::env::{self, Env};
use crate::hash::{sha256, sha256_hex};
use crate::platform;

/// Port of the default profile.
pub const DEFAULT_PORT: u16 = 18789;
/// Port of the `dev` profile.
pub const DEV_PORT: u16 = 19001;
/// First base port of other named profiles.
const NAMED_PORT_BASE: u16 = 20000;
/// Named base ports lie this far apart, so that ports derived from one never meet the next.
const NAMED_PORT_STEP: u16 = 20;
/// Number of base ports: 20000, 20020, … 31980, below the range systems use for outgoing sockets.
const NAMED_PORT_COUNT: u16 = 600;
/// Longest socket path we use, in bytes. Linux allows 108, macOS 104, each with a terminator.
const MAX_SOCKET_PATH: usize = 100;
/// Names of the state directory below the home directory, newest first.
const STATE_DIR_NAMES: [&str; 4] = [".openclaw", ".clawdbot", ".moltbot", ".moldbot"];
/// Names of the config file, newest first.
const CONFIG_NAMES: [&str; 4] = [
    "openclaw.json",
    "clawdbot.json",
    "moltbot.json",
    "moldbot.json",
];

/// What the command line said about profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChoice {
    /// Value of `--profile`; `Some("")` when the flag had no value.
    pub profile: Option<String>,
    /// Whether `--dev` was given.
    pub dev: bool,
}

impl ProfileChoice {
    /// No flag: the environment decides.
    pub fn unset() -> Self {
        Self::default()
    }

    /// `--profile <name>`.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            profile: Some(name.into()),
            dev: false,
        }
    }

    /// `--dev`.
    pub fn dev() -> Self {
        Self {
            profile: None,
            dev: true,
        }
    }
}

/// Why the paths cannot be worked out. The texts are shown as they are; profile errors exit with 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The profile name has other characters, or is too long.
    #[error("[openclaw] Invalid --profile (use letters, numbers, \"_\", \"-\" only)")]
    InvalidProfile,
    /// `OPENCLAW_PROFILE` holds an unusable name.
    #[error("[openclaw] Invalid OPENCLAW_PROFILE (use letters, numbers, \"_\", \"-\" only)")]
    InvalidEnvProfile,
    /// Both flags were given.
    #[error("[openclaw] Cannot combine --dev with --profile")]
    DevWithProfile,
    /// `--profile` came without a name.
    #[error("[openclaw] --profile requires a value")]
    MissingProfileName,
    /// Neither `OPENCLAW_HOME` nor `HOME` is set and the user database has no entry.
    #[error("cannot find the home directory: set HOME or OPENCLAW_HOME")]
    NoHome,
}

/// The profile in use: the default one, or a named one with its own state and ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile(Option<String>);

impl Profile {
    /// The name as typed; `default` for the default profile.
    pub fn name(&self) -> &str {
        self.0.as_deref().unwrap_or("default")
    }

    /// The name of a named profile.
    pub fn named(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// True for the profile that has no suffix.
    pub fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// True for exactly `dev`.
    pub fn is_dev(&self) -> bool {
        self.0.as_deref() == Some("dev")
    }

    /// Checks a profile name: a letter or digit, then up to 63 letters, digits, `_` or `-`.
    /// `default` in any case is the default profile.
    pub fn parse(name: &str) -> Option<Self> {
        let mut bytes = name.bytes();
        let first = bytes.next()?;
        let rest_is_valid =
            bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !first.is_ascii_alphanumeric() || !rest_is_valid || name.len() > 64 {
            return None;
        }
        Some(Self(
            Some(name.to_owned()).filter(|name| !name.eq_ignore_ascii_case("default")),
        ))
    }

    /// Rewrites a printed command so that it uses this profile:
    /// `openclaw gateway stop` → `openclaw --profile rescue gateway stop`.
    pub fn command(&self, command: &str) -> String {
        let has_flag = command
            .split_whitespace()
            .any(|word| word == "--dev" || word.starts_with("--profile"));
        match (&self.0, command.strip_prefix("openclaw ")) {
            (Some(name), Some(rest)) if !has_flag => format!("openclaw --profile {name} {rest}"),
            _ => command.to_owned(),
        }
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns the base port of a profile: 18789, 19001 for `dev`, and for any other name a port that
/// depends on the name alone: `20000 + 20 × (first two bytes of SHA-256(lower-case name) mod 600)`.
/// Two profiles never start on the same port by accident of order, and a profile keeps its port.
pub fn default_port(profile: &Profile) -> u16 {
    match profile.named() {
        None => DEFAULT_PORT,
        Some("dev") => DEV_PORT,
        Some(name) => {
            let digest = sha256(name.to_ascii_lowercase().as_bytes());
            let slot = u16::from_be_bytes([digest[0], digest[1]]) % NAMED_PORT_COUNT;
            NAMED_PORT_BASE + NAMED_PORT_STEP * slot
        }
    }
}

/// Every path of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Home directory that the defaults start from.
    pub home: PathBuf,
    /// The profile.
    pub profile: Profile,
    /// State directory, 0700.
    pub state_dir: PathBuf,
    /// The config file; need not exist.
    pub config_path: PathBuf,
    /// Preferred log directory; `store::usable_log_dir` checks that it is ours.
    pub log_dir: PathBuf,
    /// Whether somebody named that directory. Its permissions are then theirs to choose.
    pub log_dir_is_named: bool,
    /// Default workspace directory.
    pub workspace_dir: PathBuf,
    /// Ed25519 device key.
    pub identity_file: PathBuf,
    /// Issued device tokens.
    pub device_auth_file: PathBuf,
    /// Node host settings.
    pub node_file: PathBuf,
    /// Exec approvals of this machine.
    pub exec_approvals_file: PathBuf,
    /// Gateway database.
    pub database_file: PathBuf,
    /// Lock that a running gateway holds.
    pub lock_file: PathBuf,
    /// Owner-only control socket.
    pub control_socket: PathBuf,
    /// Variables for this profile, see [`crate::dotenv`].
    pub dot_env_file: PathBuf,
}

impl Paths {
    /// Works out the paths, asking the file system which files exist.
    pub fn resolve(env: &Env, choice: &ProfileChoice) -> Result<Self, PathError> {
        Self::resolve_with(env, choice, &|path| path.exists())
    }

    /// Works out the paths; `exists` answers for the file system.
    pub fn resolve_with(
        env: &Env,
        choice: &ProfileChoice,
        exists: &dyn Fn(&Path) -> bool,
    ) -> Result<Self, PathError> {
        let profile = choose_profile(env, choice)?;
        let home = env.home().ok_or(PathError::NoHome)?;
        let state_dir = match (env.get(env::OPENCLAW_STATE_DIR), profile.named()) {
            (Some(dir), _) => env.absolute(dir),
            (None, Some(name)) => home.join(format!(".openclaw-{name}")),
            (None, None) => STATE_DIR_NAMES
                .iter()
                .map(|name| home.join(name))
                .find(|dir| exists(dir))
                .unwrap_or_else(|| home.join(STATE_DIR_NAMES[0])),
        };
        let config_path = match env.get(env::OPENCLAW_CONFIG_PATH) {
            Some(path) => env.absolute(path),
            None => find_config(env, &profile, &home, &state_dir, exists),
        };
        let workspace_dir = match (env.get(env::OPENCLAW_WORKSPACE_DIR), profile.named()) {
            (Some(dir), _) => env.absolute(dir),
            (None, Some(name)) => home.join(".openclaw").join(format!("workspace-{name}")),
            (None, None) => home.join(".openclaw").join("workspace"),
        };
        Ok(Self {
            log_dir_is_named: env.get(env::OPENCLAW_LOG_DIR).is_some(),
            log_dir: env.get(env::OPENCLAW_LOG_DIR).map_or_else(
                || platform::log_dir(env.temp_dir()),
                |dir| env.absolute(dir),
            ),
            workspace_dir,
            identity_file: state_dir.join("identity").join("device.json"),
            device_auth_file: state_dir.join("identity").join("device-auth.json"),
            node_file: state_dir.join("node.json"),
            exec_approvals_file: state_dir.join("exec-approvals.json"),
            database_file: state_dir.join("gateway.sqlite"),
            lock_file: state_dir.join("gateway.lock"),
            control_socket: control_socket(env, &state_dir),
            dot_env_file: state_dir.join(".env"),
            home,
            profile,
            state_dir,
            config_path,
        })
    }

    /// Base port of this profile when nothing else names one.
    pub fn default_port(&self) -> u16 {
        default_port(&self.profile)
    }

    /// Copy of the last config that was valid.
    pub fn last_good_file(&self) -> PathBuf {
        with_suffix(&self.config_path, ".last-good")
    }

    /// The database and all that belongs to it or was set aside from it, be it there or not.
    pub fn database_files(&self) -> Vec<PathBuf> {
        let suffixes = ["", "-wal", "-shm", "-journal", ".snapshot", ".snapshot.tmp"];
        let mut files: Vec<PathBuf> = suffixes
            .iter()
            .map(|suffix| with_suffix(&self.database_file, suffix))
            .collect();
        let name = self.database_file.file_name().unwrap_or_default();
        let beside = std::fs::read_dir(&self.state_dir).into_iter().flatten();
        for entry in beside.flatten() {
            let belongs = entry
                .file_name()
                .as_encoded_bytes()
                .starts_with(name.as_encoded_bytes());
            if belongs && !files.contains(&entry.path()) {
                files.push(entry.path());
            }
        }
        files
    }

    /// Name of the log file of a day, `openclaw-2026-01-30.log`; a named profile adds its name.
    pub fn log_file_name(&self, date: &str) -> String {
        match self.profile.named() {
            Some(name) => format!("openclaw-{name}-{date}.log"),
            None => format!("openclaw-{date}.log"),
        }
    }

    /// Shows a path with the home directory shortened to `~`.
    pub fn display_home(&self, path: &Path) -> String {
        display_home(path, &self.home)
    }
}

/// Shows a path with `home` shortened to `~`.
pub fn display_home(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// Appends `suffix` to the last component of `path`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}

fn choose_profile(env: &Env, choice: &ProfileChoice) -> Result<Profile, PathError> {
    match (&choice.profile, choice.dev) {
        (Some(_), true) => Err(PathError::DevWithProfile),
        (Some(name), false) if name.trim().is_empty() => Err(PathError::MissingProfileName),
        (Some(name), false) => Profile::parse(name.trim()).ok_or(PathError::InvalidProfile),
        (None, true) => Ok(Profile(Some("dev".to_owned()))),
        (None, false) => match env.get(env::OPENCLAW_PROFILE) {
            Some(name) => Profile::parse(name).ok_or(PathError::InvalidEnvProfile),
            None => Ok(Profile::default()),
        },
    }
}

/// An isolated state directory (a profile, or one named by the environment) is never mixed with the
/// config of another one, so only the default profile searches the older places.
fn find_config(
    env: &Env,
    profile: &Profile,
    home: &Path,
    state_dir: &Path,
    exists: &dyn Fn(&Path) -> bool,
) -> PathBuf {
    let isolated = !profile.is_default() || env.get(env::OPENCLAW_STATE_DIR).is_some();
    let mut dirs = vec![state_dir.to_path_buf()];
    if !isolated {
        dirs.extend(STATE_DIR_NAMES.iter().map(|name| home.join(name)));
    }
    dirs.iter()
        .flat_map(|dir| CONFIG_NAMES.iter().map(move |name| dir.join(name)))
        .find(|path| exists(path))
        .unwrap_or_else(|| state_dir.join(CONFIG_NAMES[0]))
}

fn control_socket(env: &Env, state_dir: &Path) -> PathBuf {
    let fits = |path: &Path| path.as_os_str().len() <= MAX_SOCKET_PATH;
    let usual = state_dir.join("gateway.sock");
    if fits(&usual) {
        return usual;
    }
    let digest = sha256_hex(state_dir.as_os_str().as_encoded_bytes());
    let name = format!("{}.sock", &digest[..16]);
    let runtime = env
        .get_process("XDG_RUNTIME_DIR")
        .map(|dir| PathBuf::from(dir).join("openclaw"));
    let temporary = env.temp_dir().join(format!("openclaw-{}", env.uid()));
    runtime
        .into_iter()
        .chain([temporary])
        .map(|dir| dir.join(&name))
        .find(|path| fits(path))
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/openclaw-{}", env.uid())).join(&name))
}

#[cfg(test)]
mod tests;
