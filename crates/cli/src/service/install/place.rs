//! Where a service is installed: which manager, for whom, with which paths and program.

use std::path::{Path, PathBuf};

use openclaw_config::paths::ProfileChoice;
use openclaw_config::{Env, Paths, env};

use super::Request;
use crate::context::Context;
use crate::error::CommandError;
use crate::platform::is_closed_to;
use crate::service::account::Account;
use crate::service::find::{self, Supervisor, supervisor};
use crate::service::kind::{Kind, Manager, Scope};

/// Who will run the service.
#[derive(Debug)]
pub(crate) enum Choice {
    /// A service manager.
    Place(Box<Place>),
    /// Nobody.
    Nobody { in_container: bool },
}

/// Who runs the service, and as whom.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) manager: Manager,
    pub(crate) account: Account,
    /// Paths of that user.
    pub(crate) paths: Paths,
    /// Environment of that user, as far as it decides about paths and names.
    pub(crate) env: Env,
    /// The manager of the user does not answer yet.
    pub(crate) user_manager_missing: bool,
    /// What it said instead.
    pub(crate) user_manager_said: Option<String>,
}

impl Place {
    /// Whether the service runs as another user than this command.
    pub(crate) fn is_of_other_user(&self, env: &Env) -> bool {
        self.account.uid != env.uid()
    }
}

/// Chooses by what the machine has and what was asked for.
pub(crate) fn choose(
    context: &Context,
    kind: Kind,
    request: &Request,
) -> Result<Choice, CommandError> {
    let env = context.env();
    let is_root = env.uid() == 0;
    let mut said = None;
    let manager = match supervisor(env) {
        Supervisor::Nobody { in_container } => return Ok(Choice::Nobody { in_container }),
        Supervisor::Other(manager @ Manager::OpenRc) => manager,
        Supervisor::Other(manager) if request.system => {
            return Err(CommandError::plain(format!(
                "--system is for systemd and OpenRC; here a {} is installed",
                manager.noun()
            )));
        }
        Supervisor::Other(manager) => manager,
        Supervisor::Systemd { .. } if request.system => Manager::Systemd(Scope::System),
        Supervisor::Systemd { user_manager } => match user_manager {
            // root needs no login, and nobody else's manager.
            Err(_) if is_root => Manager::Systemd(Scope::System),
            Err(reason) => {
                said = Some(reason);
                Manager::Systemd(Scope::User)
            }
            // What root installed from a shell without a login stays where it is.
            Ok(()) if is_root && has_system_service(context, kind) => {
                Manager::Systemd(Scope::System)
            }
            Ok(()) => Manager::Systemd(Scope::User),
        },
    };
    let own = Account::own(env).ok_or_else(|| {
        CommandError::plain(
            "this user has no name on this machine (no entry in /etc/passwd, no USER)",
        )
    })?;
    if manager.is_of_machine() && !is_root {
        let user = request.user.as_deref().unwrap_or(&own.name);
        return Err(
            CommandError::plain(format!("a {} is installed by root", manager.noun()))
                .hint(format!("Fix: sudo {}", system_command(context, kind, user))),
        );
    }
    let account = if manager.is_of_machine() {
        match request.user.as_deref().or_else(|| invoker(env)) {
            None => own,
            Some(name) => Account::named(name).ok_or_else(|| {
                CommandError::plain(format!("there is no user {name} on this machine")).hint(
                    format!(
                        "Fix: name one that is there, or make it: useradd --create-home {name}"
                    ),
                )
            })?,
        }
    } else {
        own
    };
    let (paths, of_account) = if account.uid == env.uid() {
        (context.paths().clone(), context.process_env().clone())
    } else {
        paths_of(context, &account)?
    };
    Ok(Choice::Place(Box::new(Place {
        manager,
        account,
        paths,
        env: of_account,
        user_manager_missing: said.is_some(),
        user_manager_said: said,
    })))
}

/// Whether the machine runs this state directory, and this user does not.
fn has_system_service(context: &Context, kind: Kind) -> bool {
    let (env, paths) = (context.env(), context.paths());
    let is_there = |scope| {
        find::at(Manager::Systemd(scope), kind, env, paths)
            .is_some_and(|found| found.is_of(&paths.state_dir))
    };
    is_there(Scope::System) && !is_there(Scope::User)
}

/// Who called `sudo`.
fn invoker(env: &Env) -> Option<&str> {
    env.get_process("SUDO_USER").filter(|name| *name != "root")
}

/// The paths of another user, with places that were named explicitly left as they are.
fn paths_of(context: &Context, account: &Account) -> Result<(Paths, Env), CommandError> {
    let mut pairs = vec![("HOME", account.home.display().to_string())];
    for name in [env::OPENCLAW_STATE_DIR, env::OPENCLAW_CONFIG_PATH] {
        if let Some(value) = context.env().get_process(name) {
            pairs.push((name, value.to_owned()));
        }
    }
    let env = Env::from_pairs(pairs);
    let profile = context.paths().profile.named();
    let choice = profile.map_or_else(ProfileChoice::unset, ProfileChoice::named);
    let paths = Paths::resolve(&env, &choice).map_err(CommandError::new)?;
    Ok((paths, env))
}

fn system_command(context: &Context, kind: Kind, user: &str) -> String {
    context.command(&format!(
        "openclaw {} install --system --user {user}",
        kind.word()
    ))
}

/// The manager of this user cannot be had.
pub(super) fn no_user_manager(
    context: &Context,
    kind: Kind,
    account: &Account,
    said: Option<&str>,
) -> CommandError {
    CommandError::plain(format!(
        "systemctl --user unavailable: {}",
        said.unwrap_or("it does not answer")
    ))
    .hint(format!(
        "Fix: sudo loginctl enable-linger {}, then install again; where that does not help, install the package dbus-user-session",
        account.name
    ))
    .hint(format!(
        "Or as a service of the machine: sudo {}",
        system_command(context, kind, &account.name)
    ))
}

/// This program, by the path that stays valid when it is replaced by a newer one.
pub(crate) fn program(env: &Env) -> Result<PathBuf, CommandError> {
    let own = std::env::current_exe().map_err(CommandError::new)?;
    if !own.exists() {
        return Err(CommandError::plain(format!(
            "{} was removed or replaced while this command ran",
            own.display()
        ))
        .hint("Fix: run the command again"));
    }
    let real = own.canonicalize().ok();
    let on_path = std::env::split_paths(env.get_process("PATH").unwrap_or_default())
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(format!("openclaw{}", std::env::consts::EXE_SUFFIX)))
        .find(|path| path.canonicalize().ok() == real);
    Ok(on_path.unwrap_or(own))
}

/// A program in somebody's home cannot be run by somebody else.
pub(super) fn check_reachable(program: &Path, account: &Account) -> Result<(), CommandError> {
    let closed = program
        .ancestors()
        .skip(1)
        .find(|dir| is_closed_to(dir, account.uid));
    match closed {
        None => Ok(()),
        Some(dir) => Err(CommandError::plain(format!(
            "{} cannot run {}: {} is closed to others",
            account.name,
            program.display(),
            dir.display()
        ))
        .hint(format!(
            "Fix: sudo install -m 755 {} /usr/local/bin/openclaw, then install with that one",
            program.display()
        ))),
    }
}
