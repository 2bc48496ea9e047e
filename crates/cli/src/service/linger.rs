//! Lingering: the services of a user run although the user is not logged in.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use openclaw_config::Env;

use super::manager::{Ran, run_words};

/// How long the manager of a user may take to appear once lingering is on.
const USER_MANAGER_WAIT: Duration = Duration::from_secs(10);

/// Waits for the manager of this user, which was not there before lingering was on.
pub(crate) fn await_user_manager(env: &Env) -> bool {
    let end = Instant::now() + USER_MANAGER_WAIT;
    while !run_words(env, &["systemctl", "--user", "show", "--property=Version"]).is_done() {
        if Instant::now() >= end {
            return false;
        }
        sleep(Duration::from_millis(50));
    }
    true
}

/// Whether it is on; `None` when the machine has no such thing.
pub(crate) fn is_on(env: &Env, user: &str) -> Option<bool> {
    match run_words(env, &["loginctl", "show-user", user, "--property=Linger"]) {
        Ran::Done(said) if said.contains("Linger=") => Some(said.contains("Linger=yes")),
        Ran::Missing => None,
        // Who is neither logged in nor lingers is not known there.
        Ran::Done(_) | Ran::Failed(_) => {
            Some(Path::new("/var/lib/systemd/linger").join(user).exists())
        }
    }
}

/// Switches it on: as this user, else through `sudo` without a password. Says what was done, or what to run.
pub(crate) fn enable(env: &Env, user: &str) -> Result<String, String> {
    let own = ["loginctl", "enable-linger", user];
    let by_sudo = ["sudo", "-n", "loginctl", "enable-linger", user];
    for words in [&own[..], &by_sudo[..]] {
        if run_words(env, words).is_done() {
            return Ok(format!(
                "Lingering is on for {user}: the service runs while nobody is logged in (ran {})",
                words.join(" ")
            ));
        }
    }
    Err(format!(
        "Systemd lingering is disabled for {user}: the service stops when nobody is logged in. Run: sudo loginctl enable-linger {user}"
    ))
}
