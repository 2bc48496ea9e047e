//! The service that keeps an SSH tunnel open without this program: its file as text, and the steps around it.

use std::path::{Path, PathBuf};

use openclaw_client::tunnel::{SshTarget, TunnelSpec, service_arguments};
use openclaw_config::paths::Profile;
use openclaw_config::store::{StoreError, write_private};
use openclaw_config::{Env, Paths};
use serde::{Deserialize, Serialize};

use super::act::Step;
use super::kind;
use super::plan::plist_text;
use super::plan::systemd::exec_word;

/// Where guides expect `ssh`.
const SSH: &str = "/usr/bin/ssh";

/// The SSH client for a service: where guides expect it, else what this user finds.
pub(crate) fn ssh(env: &Env) -> Option<PathBuf> {
    let usual = PathBuf::from(SSH);
    if usual.exists() {
        return Some(usual);
    }
    std::env::split_paths(env.get_process("PATH").unwrap_or_default())
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("ssh"))
        .find(|path| path.is_file())
}

/// Who runs services here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    /// systemd, per user.
    Systemd,
    /// launchd, per login.
    Launchd,
}

impl Manager {
    /// The one of this system.
    pub(crate) const fn of_this_system() -> Self {
        if cfg!(target_os = "macos") {
            Self::Launchd
        } else {
            Self::Systemd
        }
    }

    /// Name of the service.
    pub(crate) fn name(self, profile: &Profile) -> String {
        match (self, profile.named()) {
            (Self::Systemd, None) => "openclaw-tunnel.service".to_owned(),
            (Self::Systemd, Some(name)) => format!("openclaw-tunnel-{name}.service"),
            (Self::Launchd, None) => "bot.molt.tunnel".to_owned(),
            (Self::Launchd, Some(name)) => format!("bot.molt.{name}.tunnel"),
        }
    }

    /// Where its file goes.
    pub(crate) fn file(self, env: &Env, paths: &Paths) -> PathBuf {
        let name = self.name(&paths.profile);
        match self {
            Self::Systemd => env
                .get_process("XDG_CONFIG_HOME")
                .map_or_else(|| paths.home.join(".config"), PathBuf::from)
                .join("systemd/user")
                .join(name),
            Self::Launchd => paths
                .home
                .join("Library/LaunchAgents")
                .join(format!("{name}.plist")),
        }
    }

    /// Text of the file. Fails when a word cannot be written into one.
    pub(crate) fn text(
        self,
        profile: &Profile,
        ssh: &Path,
        spec: &TunnelSpec,
    ) -> Result<String, String> {
        let mut words = vec![ssh.display().to_string()];
        words.extend(service_arguments(spec));
        if let Some(odd) = words.iter().find(|word| word.chars().any(char::is_control)) {
            return Err(format!("a line break or control character in {odd:?}"));
        }
        Ok(match self {
            Self::Systemd => unit(&words),
            Self::Launchd => plist_text(&self.name(profile), &words),
        })
    }

    /// Whether a file is one of ours, or one written by hand from the guides.
    pub(crate) fn is_tunnel(text: &str) -> bool {
        text.contains("ssh") && text.contains("-N") && text.contains("-L")
    }

    /// What follows when the file is in place.
    pub(crate) fn start(self, profile: &Profile, file: &Path, uid: u32) -> Vec<Step> {
        let name = self.name(profile);
        match self {
            Self::Systemd => vec![
                Step::must(&["systemctl", "--user", "daemon-reload"]),
                Step::must(&["systemctl", "--user", "enable", &name]),
                Step::must(&["systemctl", "--user", "restart", &name]),
            ],
            Self::Launchd => vec![
                // Not loaded yet is what a first installation finds.
                Step::may(&["launchctl", "bootout", &format!("gui/{uid}/{name}")]),
                Step::must(&[
                    "launchctl",
                    "bootstrap",
                    &format!("gui/{uid}"),
                    &file.display().to_string(),
                ]),
            ],
        }
    }

    /// What comes before the file is removed, and after it.
    pub(crate) fn end(self, profile: &Profile, uid: u32) -> (Vec<Step>, Vec<Step>) {
        let name = self.name(profile);
        match self {
            Self::Systemd => (
                vec![Step::may(&[
                    "systemctl",
                    "--user",
                    "disable",
                    "--now",
                    &name,
                ])],
                vec![Step::may(&["systemctl", "--user", "daemon-reload"])],
            ),
            Self::Launchd => (
                vec![Step::may(&[
                    "launchctl",
                    "bootout",
                    &format!("gui/{uid}/{name}"),
                ])],
                Vec::new(),
            ),
        }
    }
}

impl From<Manager> for kind::Manager {
    fn from(manager: Manager) -> Self {
        match manager {
            Manager::Systemd => Self::Systemd(kind::Scope::User),
            Manager::Launchd => Self::Launchd,
        }
    }
}

fn unit(words: &[String]) -> String {
    let line: Vec<String> = words.iter().map(|word| exec_word(word)).collect();
    format!(
        "[Unit]\n\
         Description=OpenClaw SSH Tunnel\n\
         After=network.target\n\
         \n\
         [Service]\n\
         Type=simple\n\
         ExecStart={}\n\
         Restart=always\n\
         RestartSec=10\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        line.join(" ")
    )
}

/// What was installed, so that other commands find its port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Installed {
    /// Name of the service.
    pub(crate) name: String,
    /// Its file.
    pub(crate) file: PathBuf,
    /// `[user@]host[:port]`.
    pub(crate) target: String,
    /// Port on 127.0.0.1 here.
    pub(crate) local_port: u16,
    /// Port on 127.0.0.1 there.
    pub(crate) remote_port: u16,
}

impl Installed {
    /// Whether it leads to this gateway.
    pub(crate) fn serves(&self, target: &SshTarget, remote_port: u16) -> bool {
        self.target == target.to_string() && self.remote_port == remote_port
    }

    /// Remembers it.
    pub(crate) fn save(&self, paths: &Paths) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        write_private(&note(paths), &text)
    }
}

/// The service of this profile, as long as its file is there.
pub(crate) fn installed(paths: &Paths) -> Option<Installed> {
    let text = std::fs::read_to_string(note(paths)).ok()?;
    serde_json::from_str::<Installed>(&text)
        .ok()
        .filter(|installed| installed.file.exists())
}

/// Forgets the service of this profile.
pub(crate) fn forget(paths: &Paths) {
    // Not there is as good as removed.
    std::fs::remove_file(note(paths)).ok();
}

fn note(paths: &Paths) -> PathBuf {
    paths.state_dir.join("tunnel-service.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> TunnelSpec {
        TunnelSpec::new("user@gateway-host".parse().unwrap(), 18789, 18789)
    }

    #[test]
    fn u36_the_unit_of_the_guides() {
        assert_eq!(
            Manager::Systemd
                .text(&Profile::default(), Path::new(SSH), &spec())
                .unwrap(),
            "[Unit]\nDescription=OpenClaw SSH Tunnel\nAfter=network.target\n\n\
             [Service]\nType=simple\n\
             ExecStart=/usr/bin/ssh -N -L 18789:127.0.0.1:18789 -o ServerAliveInterval=60 -o ServerAliveCountMax=3 -o ExitOnForwardFailure=yes user@gateway-host\n\
             Restart=always\nRestartSec=10\n\n\
             [Install]\nWantedBy=default.target\n"
        );
    }

    #[test]
    fn words_of_a_unit_are_quoted_right() {
        let mut spec = spec();
        spec.identity = Some("/home/me/my keys/100%\"$x".into());
        let text = Manager::Systemd
            .text(&Profile::default(), Path::new(SSH), &spec)
            .unwrap();
        assert!(
            text.contains(" -i \"/home/me/my keys/100%%\\\"$$x\" user@gateway-host\n"),
            "{text}"
        );
        spec.identity = Some("/k\nExecStart=/bin/false".into());
        assert!(
            Manager::Systemd
                .text(&Profile::default(), Path::new(SSH), &spec)
                .is_err()
        );
    }

    #[test]
    fn names_and_steps() {
        let rescue = Profile::parse("rescue").unwrap();
        assert_eq!(
            Manager::Systemd.name(&rescue),
            "openclaw-tunnel-rescue.service"
        );
        assert_eq!(Manager::Launchd.name(&rescue), "bot.molt.rescue.tunnel");
        let lines = |steps: Vec<Step>| -> Vec<String> {
            steps.iter().map(|step| step.words.join(" ")).collect()
        };
        let default = Profile::default();
        assert_eq!(
            lines(Manager::Systemd.start(&default, Path::new("/u"), 501)),
            [
                "systemctl --user daemon-reload",
                "systemctl --user enable openclaw-tunnel.service",
                "systemctl --user restart openclaw-tunnel.service",
            ]
        );
        assert_eq!(
            lines(Manager::Launchd.start(&default, Path::new("/u"), 501)),
            [
                "launchctl bootout gui/501/bot.molt.tunnel",
                "launchctl bootstrap gui/501 /u",
            ]
        );
        let plist = Manager::Launchd
            .text(&default, Path::new(SSH), &spec())
            .unwrap();
        assert!(
            plist.contains("    <string>/usr/bin/ssh</string>\n    <string>-N</string>\n"),
            "{plist}"
        );
    }
}
