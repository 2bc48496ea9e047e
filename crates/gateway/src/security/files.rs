//! Who may read and change what is on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::Paths;
use openclaw_config::platform::{permission_bits, set_permission_bits};

use super::{Facts, Finding, Found, Mend, Severity};

/// A file or folder that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
    /// Permission bits, of what a link points at; none where access is told in another way.
    pub mode: Option<u32>,
    /// Whether it is a link.
    pub is_link: bool,
    /// Whether it holds a credential in clear, for files of other programs.
    pub has_secret: bool,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The state directory.
    StateDir,
    /// The config file.
    Config,
    /// A file that the config includes.
    Include,
    /// `<state>/credentials`.
    Credentials,
    /// The records.
    Database,
    /// Key or tokens of this device.
    Identity,
    /// Private key of a certificate.
    TlsKey,
    /// Copies of the config.
    Backup,
    /// `.env` of the state directory.
    EnvFile,
    /// A log file.
    Log,
    /// A service unit.
    Unit,
}

/// Looks at everything that belongs to a profile. What is not there is left out.
pub fn look(
    paths: &Paths,
    includes: &[PathBuf],
    tls_key: Option<&Path>,
    log_file: &Path,
) -> Vec<FileFact> {
    let state = &paths.state_dir;
    let mut wanted: Vec<(Kind, PathBuf)> = vec![
        (Kind::StateDir, state.clone()),
        (Kind::Config, paths.config_path.clone()),
        (Kind::Credentials, state.join("credentials")),
        (Kind::Database, paths.database_file.clone()),
        (Kind::Identity, paths.identity_file.clone()),
        (Kind::Identity, paths.device_auth_file.clone()),
        (Kind::Identity, paths.node_file.clone()),
        (Kind::EnvFile, paths.dot_env_file.clone()),
        (Kind::Backup, paths.last_good_file()),
        (Kind::Log, log_file.to_path_buf()),
    ];
    wanted.extend(includes.iter().map(|path| (Kind::Include, path.clone())));
    wanted.extend(tls_key.map(|path| (Kind::TlsKey, path.to_path_buf())));
    for suffix in ["-wal", "-shm"] {
        let mut name = paths.database_file.clone().into_os_string();
        name.push(suffix);
        wanted.push((Kind::Database, name.into()));
    }
    wanted.extend(
        backups(&paths.config_path)
            .into_iter()
            .map(|path| (Kind::Backup, path)),
    );
    wanted.extend(
        units(&paths.home)
            .into_iter()
            .map(|path| (Kind::Unit, path)),
    );
    wanted
        .into_iter()
        .filter_map(|(kind, path)| fact(kind, path))
        .collect()
}

fn fact(kind: Kind, path: PathBuf) -> Option<FileFact> {
    let is_link = fs::symlink_metadata(&path).ok()?.is_symlink();
    let found = fs::metadata(&path).ok()?;
    let has_secret =
        kind == Kind::Unit && fs::read_to_string(&path).is_ok_and(|text| names_a_secret(&text));
    Some(FileFact {
        kind,
        mode: permission_bits(&found),
        is_link,
        has_secret,
        path,
    })
}

/// Whether a unit sets a credential in clear.
fn names_a_secret(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let sets = [
            "OPENCLAW_GATEWAY_TOKEN=",
            "OPENCLAW_GATEWAY_PASSWORD=",
            "CLAWDBOT_GATEWAY_TOKEN=",
            "--token ",
            "--password ",
        ];
        !line.starts_with('#') && sets.iter().any(|part| line.contains(part))
    })
}

fn backups(config: &Path) -> Vec<PathBuf> {
    let (Some(dir), Some(name)) = (config.parent(), config.file_name()) else {
        return Vec::new();
    };
    let prefix = format!("{}.bak", name.to_string_lossy());
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

/// Units of this user that start us.
fn units(home: &Path) -> Vec<PathBuf> {
    let folders = [
        home.join(".config/systemd/user"),
        PathBuf::from("/etc/systemd/system"),
        home.join("Library/LaunchAgents"),
    ];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    entries
        .filter(|entry| entry.file_name().to_string_lossy().contains("openclaw"))
        .map(|entry| entry.path())
        .collect()
}

/// Sets the mode, unless it is a link or gone.
pub fn mend(mend: &Mend) -> Result<(), String> {
    let found = fs::symlink_metadata(&mend.path).map_err(|_| "missing".to_owned())?;
    if found.is_symlink() {
        return Err("symlink".to_owned());
    }
    if permission_bits(&found) == Some(mend.mode) {
        return Err("already".to_owned());
    }
    set_permission_bits(&mend.path, mend.mode).map_err(|error| error.to_string())
}

struct Rule {
    writable: (&'static str, &'static str),
    readable: (Severity, &'static str, &'static str),
    group: Severity,
    mode: u32,
}

fn rule(kind: Kind) -> Rule {
    let secret = |writable, readable| Rule {
        writable,
        readable,
        group: Severity::Warn,
        mode: 0o600,
    };
    match kind {
        Kind::StateDir => Rule {
            writable: (
                "fs.state_dir.perms_world_writable",
                "State dir is world-writable",
            ),
            readable: (
                Severity::Warn,
                "fs.state_dir.perms_readable",
                "State dir is readable by others",
            ),
            group: Severity::Warn,
            mode: 0o700,
        },
        Kind::Credentials => Rule {
            writable: (
                "fs.credentials_dir.perms_writable",
                "Credentials dir is writable by others",
            ),
            readable: (
                Severity::Warn,
                "fs.credentials_dir.perms_readable",
                "Credentials dir is readable by others",
            ),
            group: Severity::Warn,
            mode: 0o700,
        },
        Kind::Config => secret(
            (
                "fs.config.perms_writable",
                "Config file is writable by others",
            ),
            (
                Severity::Critical,
                "fs.config.perms_world_readable",
                "Config file is readable by others",
            ),
        ),
        Kind::Include => secret(
            (
                "fs.config_include.perms_writable",
                "Included config file is writable by others",
            ),
            (
                Severity::Critical,
                "fs.config_include.perms_world_readable",
                "Included config file is readable by others",
            ),
        ),
        Kind::Backup => secret(
            (
                "fs.config_backup.perms_writable",
                "Copy of the config is writable by others",
            ),
            (
                Severity::Critical,
                "fs.config_backup.perms_readable",
                "Copy of the config is readable by others",
            ),
        ),
        Kind::Database => secret(
            (
                "fs.database.perms_writable",
                "The records are writable by others",
            ),
            (
                Severity::Critical,
                "fs.database.perms_readable",
                "The records are readable by others",
            ),
        ),
        Kind::Identity => secret(
            (
                "fs.identity.perms_writable",
                "Key or tokens of this device are writable by others",
            ),
            (
                Severity::Critical,
                "fs.identity.perms_readable",
                "Key or tokens of this device are readable by others",
            ),
        ),
        Kind::TlsKey => secret(
            (
                "fs.tls_key.perms_writable",
                "The certificate's key is writable by others",
            ),
            (
                Severity::Critical,
                "fs.tls_key.perms_readable",
                "The certificate's key is readable by others",
            ),
        ),
        Kind::EnvFile => secret(
            ("fs.env_file.perms_writable", ".env is writable by others"),
            (
                Severity::Critical,
                "fs.env_file.perms_readable",
                ".env is readable by others",
            ),
        ),
        Kind::Log => secret(
            (
                "fs.log_file.perms_writable",
                "The log is writable by others",
            ),
            (
                Severity::Warn,
                "fs.log_file.perms_readable",
                "The log is readable by others",
            ),
        ),
        Kind::Unit => Rule {
            writable: (
                "fs.unit.perms_writable",
                "A service unit is writable by others",
            ),
            readable: (Severity::Info, "", ""),
            group: Severity::Warn,
            mode: 0o644,
        },
    }
}

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    for file in facts.files {
        one(file, found);
    }
    let synced = ["icloud", "dropbox", "google drive", "onedrive"];
    for file in facts
        .files
        .iter()
        .filter(|file| matches!(file.kind, Kind::StateDir | Kind::Config))
    {
        let path = file.path.to_string_lossy().to_lowercase();
        if let Some(name) = synced.iter().find(|name| path.contains(*name)) {
            found.add(
                Severity::Warn,
                "fs.synced_dir",
                "State/config path looks like a synced folder",
                format!(
                    "{} is in a folder that {name} copies elsewhere, credentials included.",
                    file.path.display()
                ),
                "set OPENCLAW_STATE_DIR to a folder that is not synced",
            );
        }
    }
}

/// What its permission bits let others do.
fn openness(file: &FileFact, mode: u32, found: &mut Found) {
    let rule = rule(file.kind);
    let path = file.path.display();
    let detail = |what: &str| format!("{path} mode={:03o}; {what}", mode & 0o777);
    let mut add = |severity, check_id, title, detail: String| {
        if severity == Severity::Info {
            return;
        }
        found.0.push(Finding {
            check_id,
            severity,
            title,
            detail,
            remediation: Some(format!("chmod {:o} {path}", rule.mode)),
            mend: Some(Mend {
                path: file.path.clone(),
                mode: rule.mode,
            }),
        });
    };
    if mode & 0o002 != 0 {
        let detail = detail("anybody on this machine can change it");
        add(Severity::Critical, rule.writable.0, rule.writable.1, detail);
    } else if mode & 0o020 != 0 {
        let (id, title) = match file.kind {
            Kind::StateDir => (
                "fs.state_dir.perms_group_writable",
                "State dir is group-writable",
            ),
            _ => rule.writable,
        };
        add(rule.group, id, title, detail("its group can change it"));
    } else if mode & 0o004 != 0 {
        let detail = detail("anybody on this machine can read it");
        add(rule.readable.0, rule.readable.1, rule.readable.2, detail);
    } else if mode & 0o040 != 0 && file.kind != Kind::Unit {
        let (id, title) = match file.kind {
            Kind::Config => (
                "fs.config.perms_group_readable",
                "Config file is readable by its group",
            ),
            Kind::Include => (
                "fs.config_include.perms_group_readable",
                "Included config file is readable by its group",
            ),
            _ => (rule.readable.1, rule.readable.2),
        };
        add(Severity::Warn, id, title, detail("its group can read it"));
    }
}

fn one(file: &FileFact, found: &mut Found) {
    let path = file.path.display();
    if let Some(mode) = file.mode {
        openness(file, mode, found);
    }
    if file.is_link && matches!(file.kind, Kind::StateDir | Kind::Config) {
        let (id, title) = match file.kind {
            Kind::StateDir => ("fs.state_dir.symlink", "State dir is a symlink"),
            _ => ("fs.config.symlink", "Config file is a symlink"),
        };
        found.add(
            Severity::Warn,
            id,
            title,
            format!("{path} is a link; its target decides who may read it."),
            "",
        );
    }
    if file.has_secret {
        found.add(
            Severity::Critical,
            "fs.unit.secret",
            "A service unit holds a credential",
            format!("{path} sets a token or password; everybody on this machine can read it (systemctl cat)."),
            "remove the line; the gateway reads its token from the config file",
        );
    }
}
