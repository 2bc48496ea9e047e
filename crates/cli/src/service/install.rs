//! Installing a service: looks, decides, acts, says what was done.

mod place;

use std::fs;
use std::path::Path;

use openclaw_config::Env;
use openclaw_config::platform::set_permission_bits;
use openclaw_config::store::{private_dir, write_private};

use super::act::{Verb, logs_hint, make, steps};
use super::decide::{Action, Facts, Present, Refusal, decide};
use super::find::{self, Found, State};
use super::installed::Installed;
use super::kind::{Kind, Manager, Scope};
use super::lifecycle::{NO_SUPERVISOR, Report, refuse_part_of_gateway, service_json};
use super::plan::{Service, environment_line};
use super::{linger, nearby, running};
use crate::context::Context;
use crate::error::CommandError;
pub(crate) use place::{Choice, Place, choose, program};

/// What is to be installed.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// What follows `gateway run` or `node run`.
    pub(crate) arguments: Vec<String>,
    /// Variables for the owner-only file; none leaves the file as it is.
    pub(crate) secrets: Vec<(&'static str, String)>,
    /// Replace what belongs to others, and restart in any case.
    pub(crate) force: bool,
    /// A service of the machine.
    pub(crate) system: bool,
    /// The user it runs as.
    pub(crate) user: Option<String>,
    /// A service of another scope will do, as long as it runs and starts by itself.
    pub(crate) any_scope: bool,
}

/// Arguments of the commands that install a service.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// Install a system service that starts at boot; needs root
    #[arg(long)]
    pub(crate) system: bool,
    /// User the system service runs as [default: the sudo user, else the current user]
    #[arg(long, value_name = "user", requires = "system")]
    pub(crate) user: Option<String>,
    /// Replace a service of another program or scope, stop what runs without one, and always restart
    #[arg(long)]
    pub(crate) force: bool,
    /// Accepted for compatibility; the service runs this program
    #[arg(long, hide = true, value_name = "runtime")]
    runtime: Option<String>,
}

impl Flags {
    /// Older command lines name the runtime of another program.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        match self.runtime.as_deref() {
            None | Some("node" | "bun") => Ok(()),
            Some(_) => Err(CommandError::plain(
                "Invalid --runtime (use \"node\" or \"bun\")",
            )),
        }
    }
}

impl From<Flags> for Request {
    fn from(flags: Flags) -> Self {
        Self {
            force: flags.force,
            system: flags.system,
            user: flags.user,
            ..Self::default()
        }
    }
}

/// Installs a service and starts it.
pub(crate) fn install(
    context: &Context,
    kind: Kind,
    request: &Request,
) -> Result<Report, CommandError> {
    let place = match choose(context, kind, request)? {
        Choice::Place(place) => place,
        Choice::Nobody { in_container } => {
            return Ok(foreground(context, kind, request, in_container));
        }
    };
    Job::new(context, kind, request, place)?.run()
}

/// Nobody restarts it here: the command to run instead, which is what a container's image wants to know.
fn foreground(context: &Context, kind: Kind, request: &Request, in_container: bool) -> Report {
    let word = kind.word();
    let mut words = vec![format!("openclaw {word} run")];
    if kind == Kind::Gateway {
        words.extend(request.arguments.iter().cloned());
    }
    let command = context.command(&words.join(" "));
    let message = if in_container {
        "This is a container without a service manager; nothing was installed."
    } else {
        "There is no service manager here (systemd, OpenRC); nothing was installed."
    };
    Report {
        result: NO_SUPERVISOR,
        in_container,
        lines: vec![
            message.to_owned(),
            format!(
                "Run the {word} in the foreground, as the command of the container or under your supervisor:"
            ),
            format!("  {command}"),
            "Do not restart it after exit code 78: its settings are invalid.".to_owned(),
        ],
        message: Some(message.to_owned()),
        hints: vec![command],
        ..Report::new("install", None)
    }
}

struct Job<'a> {
    context: &'a Context,
    kind: Kind,
    request: &'a Request,
    place: Box<Place>,
    name: String,
    file: std::path::PathBuf,
    text: String,
    found: Option<Found>,
    state: State,
    done: Vec<String>,
    warnings: Vec<String>,
}

impl<'a> Job<'a> {
    fn new(
        context: &'a Context,
        kind: Kind,
        request: &'a Request,
        place: Box<Place>,
    ) -> Result<Self, CommandError> {
        let (manager, env, paths) = (place.manager, &place.env, &place.paths);
        let name = manager.name(kind, &paths.profile, env);
        let file = manager.file(kind, &name, env, paths);
        let service = Service {
            kind,
            profile: paths.profile.clone(),
            program: program(context.env())?,
            arguments: request.arguments.clone(),
            home: place.account.home.clone(),
            state_dir: paths.state_dir.clone(),
            config_path: paths.config_path.clone(),
            user: manager.is_of_machine().then(|| place.account.name.clone()),
        };
        if manager.is_of_machine() {
            place::check_reachable(&service.program, &place.account)?;
        }
        let text = service.render(manager, &name).map_err(CommandError::new)?;
        let found = find::at(manager, kind, env, paths);
        let state = found
            .as_ref()
            .map(|found| found.state(context.env()))
            .unwrap_or_default();
        Ok(Self {
            context,
            kind,
            request,
            name,
            file,
            text,
            found,
            state,
            place,
            done: Vec::new(),
            warnings: Vec::new(),
        })
    }

    fn run(mut self) -> Result<Report, CommandError> {
        if let Some(other) = self.by_hand() {
            return self.leave_to(&other);
        }
        // Ended for the sake of its own service, the gateway would end with it.
        let holder = running::holder(&self.kind.lock_file(&self.place.paths))?;
        refuse_part_of_gateway(self.context, self.kind, holder.as_ref())?;
        let facts = self.facts()?;
        let actions = match decide(&facts) {
            Ok(actions) => actions,
            Err(Refusal::OtherScope(manager, file))
                if self.request.any_scope && self.is_served_by(manager) =>
            {
                return Ok(self.left_to(manager, file));
            }
            Err(refusal) => return Err(self.refused(&refusal)),
        };
        let secrets_changed = self.write_secrets()?;
        for action in &actions {
            self.act(action)?;
        }
        if secrets_changed
            && !actions.contains(&Action::Start)
            && !actions.contains(&Action::Restart)
        {
            self.act(&Action::Restart)?;
        }
        Ok(self.report(actions.is_empty() && !secrets_changed))
    }

    fn facts(&self) -> Result<Facts, CommandError> {
        let (manager, paths) = (self.place.manager, &self.place.paths);
        let present = match &self.found {
            None => Present::Nothing,
            Some(found) if found.installed.says(&self.text) => Present::Same,
            Some(found) if found.is_of(&paths.state_dir) => Present::Differs,
            Some(found) if found.installed.is_of_openclaw() => {
                Present::OtherPlace(found.state_dir.clone())
            }
            Some(_) => Present::Foreign,
        };
        let other = find::all(self.kind, &self.place.env, paths)
            .into_iter()
            .find(|found| found.manager != manager && found.is_of(&paths.state_dir))
            .map(|found| (found.manager, found.file));
        let holder = running::holder(&self.kind.lock_file(paths))?;
        // Only a process that a service runs already is not in the way of it. Whose it is can be told where the
        // manager tells its number; the service of the other scope is told apart from both.
        let outside = holder
            .filter(|_| other.is_none())
            .filter(|holder| {
                !(self.state.active && (self.state.pid.is_none() || self.state.pid == holder.pid))
            })
            .map(|holder| holder.to_string());
        Ok(Facts {
            manager,
            present,
            enabled: self.state.enabled,
            active: self.state.active,
            stale: self.state.stale,
            linger: match manager {
                Manager::Systemd(Scope::User) => {
                    linger::is_on(self.context.env(), &self.place.account.name)
                }
                _ => None,
            },
            other,
            old_agents: self.old_agents(),
            outside,
            force: self.request.force,
        })
    }

    /// Whether the service of another scope runs, and starts by itself.
    fn is_served_by(&self, manager: Manager) -> bool {
        find::at(manager, self.kind, &self.place.env, &self.place.paths).is_some_and(|found| {
            let state = found.state(self.context.env());
            state.enabled && state.active
        })
    }

    /// There is nothing to install: what was asked for is there, under another manager.
    fn left_to(self, manager: Manager, file: std::path::PathBuf) -> Report {
        let state = State {
            enabled: true,
            ..State::default()
        };
        Report {
            result: "already-installed",
            lines: vec![format!(
                "A {} runs this {} already: {}",
                manager.noun(),
                self.kind.word(),
                file.display()
            )],
            service: service_json(Some(manager), &state),
            file: Some(file),
            ..Report::new("install", Some(manager))
        }
    }

    /// The service of another name that runs this gateway, as far as its manager is to run it at all.
    fn by_hand(&self) -> Option<Found> {
        let (env, paths) = (&self.place.env, &self.place.paths);
        nearby::of_state(self.kind, env, paths)
            .into_iter()
            .filter(|found| found.is_by_hand(env, paths))
            .find(|found| {
                let state = found.state(self.context.env());
                state.enabled || state.active
            })
    }

    /// Two services cannot share a state directory, and a file that somebody wrote by hand is not ours to replace.
    fn leave_to(self, other: &Found) -> Result<Report, CommandError> {
        if self.request.any_scope {
            return Ok(self.left_to(other.manager, other.file.clone()));
        }
        let uid = self.context.env().uid();
        Err(CommandError::plain(format!(
            "{} runs this {} already; it was written by hand and stays as it is",
            other.name,
            self.kind.word()
        ))
        .hint(format!(
            "To have this one instead: {} && {}, then install again",
            other.typed(Verb::Stop, uid),
            other.typed(Verb::Disable, uid)
        )))
    }

    fn old_agents(&self) -> Vec<(String, std::path::PathBuf)> {
        let (manager, paths, env) = (self.place.manager, &self.place.paths, &self.place.env);
        manager
            .old_labels(self.kind, &paths.profile)
            .into_iter()
            .filter_map(|label| {
                let file = manager.file(self.kind, &label, env, paths);
                let text = fs::read_to_string(&file).ok()?;
                let installed = Installed::parse(manager, &text);
                find::same_place(&installed.state_dir(&paths.home), &paths.state_dir)
                    .then_some((label, file))
            })
            .collect()
    }

    fn refused(&self, refusal: &Refusal) -> CommandError {
        let word = self.kind.word();
        let again = self
            .context
            .command(&format!("openclaw {word} install --force"));
        match refusal {
            Refusal::OtherScope(manager, file) => CommandError::plain(format!(
                "a {} runs this {word} already: {}",
                manager.noun(),
                file.display()
            ))
            .hint(format!("To replace it by a {}: {again}", self.place.manager.noun())),
            Refusal::OtherPlace(state_dir) => CommandError::plain(format!(
                "{} runs the {word} of {}, and this is {}",
                self.name,
                state_dir.display(),
                self.place.paths.state_dir.display()
            ))
            .hint(format!(
                "Fix: give this one a profile: openclaw --profile <name> {word} install; or replace that service: {again}"
            )),
            Refusal::Foreign => CommandError::plain(format!(
                "{} is no service of openclaw; it stays as it is",
                self.file.display()
            ))
            .hint(format!("Fix: look at it; to replace it: {again}")),
            Refusal::Outside(holder) => CommandError::plain(format!(
                "a {word} runs without a service ({holder}); two cannot share a state directory"
            ))
            .hint(format!(
                "Fix: stop it: {}; then install again. Or both in one step: {again}",
                self.context.command(&format!("openclaw {word} stop"))
            )),
        }
    }

    fn act(&mut self, action: &Action) -> Result<(), CommandError> {
        let failed = |what: &str, path: &Path, error: &dyn std::fmt::Display| {
            CommandError::plain(format!("cannot {what} {}: {error}", path.display()))
        };
        match action {
            Action::Linger => {
                match linger::enable(self.context.env(), &self.place.account.name) {
                    Ok(said) => self.done.push(said),
                    Err(warning) => self.warnings.push(warning),
                }
                self.await_user_manager()?;
            }
            Action::Retire(manager, file) => {
                let name = file
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                self.call(*manager, Verb::Stop, &name, file)?;
                self.call(*manager, Verb::Forget, &name, file)?;
                self.call(*manager, Verb::Disable, &name, file)?;
                self.set_aside(file)?;
                self.call(*manager, Verb::Reload, &name, file)?;
            }
            Action::RetireAgent(label, file) => {
                let (label, file) = (label.clone(), file.clone());
                self.call(self.place.manager, Verb::Stop, &label, &file)?;
                self.set_aside(&file)?;
            }
            Action::EndOutside => {
                let lock = self.kind.lock_file(&self.place.paths);
                if let Some(pid) = running::end(&lock)? {
                    self.done.push(format!(
                        "Stopped the {} that ran without a service (pid {pid})",
                        self.kind.word()
                    ));
                }
            }
            Action::KeepCopy => {
                if let Some(found) = &self.found {
                    // It may hold a secret, as units of other releases do.
                    let copy = with_suffix(&self.file, ".bak");
                    write_private(&copy, found.installed.text.as_bytes())
                        .map_err(|error| failed("write", &copy, &error))?;
                    self.done
                        .push(format!("Kept the file that was there: {}", copy.display()));
                }
            }
            Action::Write => self.write()?,
            Action::Reload => self.own(Verb::Reload)?,
            Action::Enable => self.own(Verb::Enable)?,
            Action::Start => self.begin(Verb::Start)?,
            Action::Restart => self.begin(Verb::Restart)?,
        }
        Ok(())
    }

    /// A manager of the user that was not there before appears with lingering.
    fn await_user_manager(&self) -> Result<(), CommandError> {
        if !self.place.user_manager_missing || linger::await_user_manager(self.context.env()) {
            return Ok(());
        }
        Err(place::no_user_manager(
            self.context,
            self.kind,
            &self.place.account,
            self.place.user_manager_said.as_deref(),
        ))
    }

    fn write(&mut self) -> Result<(), CommandError> {
        let failed = |error: &dyn std::fmt::Display| {
            CommandError::plain(format!("cannot write {}: {error}", self.file.display()))
        };
        write_private(&self.file, self.text.as_bytes()).map_err(|error| failed(&error))?;
        let mode = match self.place.manager {
            // Nothing in it is secret, and tools of every user read it.
            Manager::Systemd(_) | Manager::Launchd => 0o644,
            Manager::OpenRc => 0o755,
            Manager::TaskScheduler => 0o600,
        };
        set_permission_bits(&self.file, mode).map_err(|error| failed(&error))?;
        if self.place.manager == Manager::Launchd {
            // It does not make the folder of the log.
            let logs = self.place.paths.state_dir.join("logs");
            private_dir(&logs).map_err(CommandError::new)?;
        }
        self.done.push(format!("Wrote {}", self.file.display()));
        Ok(())
    }

    fn write_secrets(&self) -> Result<bool, CommandError> {
        if self.request.secrets.is_empty() {
            return Ok(false);
        }
        let file = self.kind.environment_file(&self.place.paths.state_dir);
        let lines: Vec<String> = self
            .request
            .secrets
            .iter()
            .map(|(name, value)| environment_line(name, value))
            .collect();
        let text = lines.concat();
        if fs::read_to_string(&file).is_ok_and(|present| present == text) {
            return Ok(false);
        }
        if self.place.is_of_other_user(self.context.env()) {
            return Err(CommandError::plain(format!(
                "a token for another user's {} is not written by root",
                self.kind.word()
            ))
            .hint(format!(
                "Fix: install without it, and put it into {} as {} (mode 0600): OPENCLAW_GATEWAY_TOKEN=\"…\"",
                file.display(),
                self.place.account.name
            )));
        }
        write_private(&file, text.as_bytes()).map_err(CommandError::new)?;
        Ok(true)
    }

    fn set_aside(&mut self, file: &Path) -> Result<(), CommandError> {
        let aside = with_suffix(file, ".replaced");
        fs::rename(file, &aside).map_err(|error| {
            CommandError::plain(format!("cannot set {} aside: {error}", file.display()))
        })?;
        self.done.push(format!(
            "Set {} aside, as {}",
            file.display(),
            aside.display()
        ));
        Ok(())
    }

    fn own(&mut self, verb: Verb) -> Result<(), CommandError> {
        let (name, file) = (self.name.clone(), self.file.clone());
        self.call(self.place.manager, verb, &name, &file)
    }

    fn call(
        &mut self,
        manager: Manager,
        verb: Verb,
        name: &str,
        file: &Path,
    ) -> Result<(), CommandError> {
        let env: &Env = self.context.env();
        make(
            env,
            manager,
            &steps(manager, verb, name, file, env.uid()),
            &mut self.done,
        )
    }

    fn begin(&mut self, verb: Verb) -> Result<(), CommandError> {
        self.own(verb).map_err(|error| {
            error.hint(logs_hint(
                self.place.manager,
                &self.name,
                &self.place.paths.state_dir,
            ))
        })
    }

    fn report(self, nothing_to_do: bool) -> Report {
        let (word, title) = (self.kind.word(), self.kind.title());
        let loaded = self.place.manager.loaded_texts().0;
        let mut lines = self.done;
        let result = if nothing_to_do {
            lines.push(format!("{title} service already {loaded}."));
            lines.push(format!(
                "Reinstall with: {}",
                self.context
                    .command(&format!("openclaw {word} install --force"))
            ));
            "already-installed"
        } else {
            lines.push(String::new());
            lines.push(format!(
                "Installed {}: {}",
                self.place.manager.noun(),
                self.file.display()
            ));
            let user = &self.place.account.name;
            if self.place.manager.is_of_machine() {
                lines.push(format!("It runs as {user}."));
            }
            let check = self.context.command(&format!("openclaw {word} status"));
            // The state directory of root is another one.
            lines.push(if self.place.is_of_other_user(self.context.env()) {
                format!("Check, as {user}: {check}")
            } else {
                format!("Check: {check}")
            });
            "installed"
        };
        let state = State {
            enabled: true,
            ..State::default()
        };
        Report {
            result,
            lines,
            warnings: self.warnings,
            service: service_json(Some(self.place.manager), &state),
            file: Some(self.file),
            ..Report::new("install", Some(self.place.manager))
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    text.into()
}
