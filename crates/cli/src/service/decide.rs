//! What an installation does, from what is there. Pure.

use std::path::PathBuf;

use super::kind::Manager;

/// Whose file has the place of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Present {
    /// There is none.
    Nothing,
    /// It says what would be written now.
    Same,
    /// It serves the same state directory and says something else.
    Differs,
    /// It serves another state directory.
    OtherPlace(PathBuf),
    /// It is no service of this program.
    Foreign,
}

/// What is known before an installation.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each a row of the tests"
)]
pub(crate) struct Facts {
    pub(crate) manager: Manager,
    pub(crate) present: Present,
    /// It starts by itself.
    pub(crate) enabled: bool,
    /// It runs.
    pub(crate) active: bool,
    /// The manager has an older copy of the file.
    pub(crate) stale: bool,
    /// The user's services run without a login; `None` where that is no question.
    pub(crate) linger: Option<bool>,
    /// A service of another scope serves the same state directory.
    pub(crate) other: Option<(Manager, PathBuf)>,
    /// Agents of older programs that serve the same state directory.
    pub(crate) old_agents: Vec<(String, PathBuf)>,
    /// The process that runs outside of any service, as a person reads it.
    pub(crate) outside: Option<String>,
    pub(crate) force: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Let the user's services run without a login.
    Linger,
    /// Stop and disable a service of another scope, and set its file aside.
    Retire(Manager, PathBuf),
    /// The same for an agent with an old label.
    RetireAgent(String, PathBuf),
    /// End the process that runs outside of any service.
    EndOutside,
    /// Set the file in the place aside.
    KeepCopy,
    /// Write the file.
    Write,
    /// Have the manager read its files again.
    Reload,
    /// Start it by itself from now on.
    Enable,
    /// Start it.
    Start,
    /// Stop and start it.
    Restart,
}

/// Why an installation does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another scope serves this state directory.
    OtherScope(Manager, PathBuf),
    /// The name belongs to the service of another state directory.
    OtherPlace(PathBuf),
    /// The name belongs to a service of another program.
    Foreign,
    /// A process without a service holds the state directory.
    Outside(String),
}

/// What to do, in order; nothing when all is as it should be.
pub(crate) fn decide(facts: &Facts) -> Result<Vec<Action>, Refusal> {
    if !facts.force {
        if let Some((manager, file)) = &facts.other {
            return Err(Refusal::OtherScope(*manager, file.clone()));
        }
        match &facts.present {
            Present::OtherPlace(state_dir) => return Err(Refusal::OtherPlace(state_dir.clone())),
            Present::Foreign => return Err(Refusal::Foreign),
            Present::Nothing | Present::Same | Present::Differs => {}
        }
        if let Some(holder) = &facts.outside {
            return Err(Refusal::Outside(holder.clone()));
        }
    }
    let mut actions = Vec::new();
    // Before the service is enabled: a user manager that is only there while somebody is logged in takes the
    // service down with it.
    if facts.linger == Some(false) {
        actions.push(Action::Linger);
    }
    if let Some((manager, file)) = &facts.other {
        actions.push(Action::Retire(*manager, file.clone()));
    }
    for (label, file) in &facts.old_agents {
        actions.push(Action::RetireAgent(label.clone(), file.clone()));
    }
    if facts.outside.is_some() {
        actions.push(Action::EndOutside);
    }
    let writes = facts.present != Present::Same;
    if matches!(
        facts.present,
        Present::Differs | Present::OtherPlace(_) | Present::Foreign
    ) {
        actions.push(Action::KeepCopy);
    }
    if writes {
        actions.push(Action::Write);
    }
    if writes || facts.stale {
        actions.push(Action::Reload);
    }
    if !facts.enabled || (writes && !matches!(facts.manager, Manager::Systemd(_))) {
        actions.push(Action::Enable);
    }
    if !facts.active {
        actions.push(Action::Start);
    } else if writes || facts.stale || facts.force {
        actions.push(Action::Restart);
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::kind::Scope;

    fn facts() -> Facts {
        Facts {
            manager: Manager::Systemd(Scope::User),
            present: Present::Same,
            enabled: true,
            active: true,
            stale: false,
            linger: Some(true),
            other: None,
            old_agents: Vec::new(),
            outside: None,
            force: false,
        }
    }

    #[test]
    fn u02_install_is_idempotent_and_rewrites_a_differing_unit() {
        use Action::{Enable, KeepCopy, Linger, Reload, Restart, Start, Write};
        for (what, facts, expected) in [
            ("all is well", facts(), vec![]),
            (
                "nothing there",
                Facts {
                    present: Present::Nothing,
                    enabled: false,
                    active: false,
                    linger: Some(false),
                    ..facts()
                },
                vec![Linger, Write, Reload, Enable, Start],
            ),
            (
                "a differing unit that runs",
                Facts {
                    present: Present::Differs,
                    ..facts()
                },
                vec![KeepCopy, Write, Reload, Restart],
            ),
            (
                "edited, manager not told",
                Facts {
                    stale: true,
                    ..facts()
                },
                vec![Reload, Restart],
            ),
            (
                "stopped and disabled",
                Facts {
                    enabled: false,
                    active: false,
                    ..facts()
                },
                vec![Enable, Start],
            ),
            (
                "forced",
                Facts {
                    force: true,
                    ..facts()
                },
                vec![Restart],
            ),
            (
                "only linger is missing",
                Facts {
                    linger: Some(false),
                    ..facts()
                },
                vec![Linger],
            ),
            (
                "a task is registered again with its new script",
                Facts {
                    manager: Manager::TaskScheduler,
                    present: Present::Differs,
                    linger: None,
                    ..facts()
                },
                vec![KeepCopy, Write, Reload, Enable, Restart],
            ),
        ] {
            assert_eq!(decide(&facts), Ok(expected), "{what}");
        }
    }

    #[test]
    fn u12_linger_comes_before_everything() {
        let all = Facts {
            present: Present::Foreign,
            enabled: false,
            active: false,
            linger: Some(false),
            other: Some((Manager::Systemd(Scope::System), "/etc/x".into())),
            old_agents: vec![("ai.openclaw.x".into(), "/a".into())],
            outside: Some("pid 1".into()),
            force: true,
            ..facts()
        };
        let actions = decide(&all).unwrap();
        let at = |action: &Action| actions.iter().position(|known| known == action).unwrap();
        assert_eq!(at(&Action::Linger), 0);
        assert!(at(&Action::Linger) < at(&Action::Enable));
        assert!(at(&Action::EndOutside) < at(&Action::Start));
        assert!(at(&Action::KeepCopy) < at(&Action::Write));
        assert!(at(&Action::RetireAgent("ai.openclaw.x".into(), "/a".into())) < at(&Action::Start));
    }

    #[test]
    fn u08_what_belongs_to_others_is_refused_unless_forced() {
        let other = (Manager::Systemd(Scope::System), PathBuf::from("/etc/x"));
        for (facts, refusal) in [
            (
                Facts {
                    other: Some(other.clone()),
                    ..facts()
                },
                Refusal::OtherScope(other.0, other.1.clone()),
            ),
            (
                Facts {
                    present: Present::OtherPlace("/s".into()),
                    ..facts()
                },
                Refusal::OtherPlace("/s".into()),
            ),
            (
                Facts {
                    present: Present::Foreign,
                    ..facts()
                },
                Refusal::Foreign,
            ),
            (
                Facts {
                    outside: Some("pid 7".into()),
                    ..facts()
                },
                Refusal::Outside("pid 7".into()),
            ),
        ] {
            assert_eq!(decide(&facts), Err(refusal));
            let forced = Facts {
                force: true,
                ..facts
            };
            assert!(decide(&forced).is_ok_and(|actions| !actions.is_empty()));
        }
    }
}
