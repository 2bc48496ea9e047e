//! Whether this process is the one service of a container: pure, over facts that [`Facts::look`] collects.
//!
//! There nobody reaches a gateway on loopback: the ports of a container are published from its own network. Containers in
//! which people work as on their machine (toolbox, distrobox, development containers) share its loopback and do not count.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use crate::env::{OPENCLAW_IN_CONTAINER, is_truthy};

/// What runs the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// Docker.
    Docker,
    /// Podman, or another engine that leaves its mark.
    Podman,
    /// A pod.
    Kubernetes,
    /// A machine of Fly.io.
    Fly,
    /// A service on Railway.
    Railway,
    /// A service on Render.
    Render,
    /// `OPENCLAW_IN_CONTAINER` says so, or the control group does.
    Other,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "Docker",
            Self::Podman => "Podman",
            Self::Kubernetes => "Kubernetes",
            Self::Fly => "Fly.io",
            Self::Railway => "Railway",
            Self::Render => "Render",
            Self::Other => "unnamed",
        })
    }
}

/// Files that engines leave in a container.
const DOCKER_MARK: &str = "/.dockerenv";
const PODMAN_MARK: &str = "/run/.containerenv";
/// Toolbox and distrobox leave this one.
const WORKPLACE_MARK: &str = "/run/.toolboxenv";

/// Variables of platforms; each is there in every instance and nowhere else.
const PLATFORMS: [(&str, Container); 5] = [
    ("FLY_MACHINE_ID", Container::Fly),
    ("FLY_ALLOC_ID", Container::Fly),
    ("RAILWAY_SERVICE_ID", Container::Railway),
    ("RENDER_SERVICE_ID", Container::Render),
    ("KUBERNETES_SERVICE_HOST", Container::Kubernetes),
];

/// Variables of containers in which people work.
const WORKPLACES: [&str; 4] = [
    "CODESPACES",
    "DEVCONTAINER",
    "DISTROBOX_ENTER_PATH",
    "REMOTE_CONTAINERS",
];

/// What is known about the surroundings of this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The marks that are there.
    pub marks: Vec<&'static str>,
    /// Text of `/proc/self/cgroup`.
    pub cgroup: String,
}

impl Facts {
    /// Looks at this machine.
    pub fn look() -> Self {
        let marks = [DOCKER_MARK, PODMAN_MARK, WORKPLACE_MARK]
            .into_iter()
            .filter(|mark| Path::new(mark).exists())
            .collect();
        let mut cgroup = String::new();
        if let Ok(file) = fs::File::open("/proc/self/cgroup") {
            // What cannot be read says nothing.
            file.take(64 * 1024).read_to_string(&mut cgroup).ok();
        }
        Self { marks, cgroup }
    }
}

/// Decides. `variable` gives a variable of the process environment; `OPENCLAW_IN_CONTAINER` beats everything else.
pub fn detect<'a>(
    facts: &Facts,
    variable: impl Fn(&'static str) -> Option<&'a str>,
) -> Option<Container> {
    let found = || {
        PLATFORMS
            .iter()
            .find(|(name, _)| variable(name).is_some())
            .map(|(_, platform)| *platform)
            .or_else(|| {
                let has = |mark| facts.marks.contains(&mark);
                match (has(DOCKER_MARK), has(PODMAN_MARK)) {
                    (true, _) => Some(Container::Docker),
                    (_, true) => Some(Container::Podman),
                    _ => engine(&facts.cgroup),
                }
            })
    };
    match variable(OPENCLAW_IN_CONTAINER) {
        Some(word) if is_truthy(word) => return Some(found().unwrap_or(Container::Other)),
        Some(_) => return None,
        None => {}
    }
    let is_workplace = facts.marks.contains(&WORKPLACE_MARK)
        || WORKPLACES.iter().any(|name| variable(name).is_some());
    if is_workplace { None } else { found() }
}

/// The engine whose control group this process is in. With a namespace of its own the group tells nothing.
fn engine(cgroup: &str) -> Option<Container> {
    let parts = || {
        cgroup
            .lines()
            .filter_map(|line| line.splitn(3, ':').nth(2))
            .flat_map(|path| path.split('/'))
    };
    let any = |prefixes: &[&str]| {
        parts().any(|part| prefixes.iter().any(|prefix| part.starts_with(prefix)))
    };
    if any(&["kubepods"]) {
        Some(Container::Kubernetes)
    } else if any(&["libpod-"]) {
        Some(Container::Podman)
    } else if parts().any(|part| part == "docker") || any(&["docker-"]) {
        Some(Container::Docker)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks, control group, variables, verdict.
    type Case = (
        &'static [&'static str],
        &'static str,
        &'static [(&'static str, &'static str)],
        Option<Container>,
    );

    #[test]
    fn u18_containers_are_told_from_machines_and_workplaces() {
        use Container::{Docker, Fly, Kubernetes, Other, Podman, Railway, Render};
        let docker_group = "12:pids:/docker/0123abcd\n0::/docker/0123abcd";
        #[rustfmt::skip]
        let cases: &[Case] = &[
            // A machine, whatever it runs beside us.
            (&[], "0::/user.slice/user-1000.slice/session-2.scope", &[], None),
            (&[], "0::/system.slice/docker.service", &[], None),
            (&[], "0::/system.slice/containerd.service", &[], None),
            (&[], "", &[], None),
            (&[], "garbage", &[], None),
            // Marks, control groups, platforms.
            (&[DOCKER_MARK], "0::/", &[], Some(Docker)),
            (&[PODMAN_MARK], "0::/", &[], Some(Podman)),
            (&[], docker_group, &[], Some(Docker)),
            (&[], "0::/system.slice/docker-0123.scope", &[], Some(Docker)),
            (&[], "0::/machine.slice/libpod-0123.scope/container", &[], Some(Podman)),
            (&[], "1:cpu:/kubepods.slice/kubepods-pod1.slice", &[], Some(Kubernetes)),
            (&[], "0::/", &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], Some(Kubernetes)),
            (&[DOCKER_MARK], "0::/", &[("FLY_MACHINE_ID", "1")], Some(Fly)),
            (&[], "0::/", &[("RAILWAY_SERVICE_ID", "1")], Some(Railway)),
            (&[], "0::/", &[("RENDER_SERVICE_ID", "srv-1")], Some(Render)),
            // The tools of a platform on a laptop are not the platform.
            (&[], "0::/", &[("FLY_API_TOKEN", "x"), ("RAILWAY_TOKEN", "x")], None),
            // Containers in which people work.
            (&[PODMAN_MARK, WORKPLACE_MARK], "0::/", &[], None),
            (&[DOCKER_MARK], "0::/", &[("CODESPACES", "true")], None),
            (&[DOCKER_MARK], "0::/", &[("REMOTE_CONTAINERS", "true")], None),
            // The word of the user counts.
            (&[DOCKER_MARK], docker_group, &[("OPENCLAW_IN_CONTAINER", "0")], None),
            (&[], "0::/", &[("OPENCLAW_IN_CONTAINER", "1")], Some(Other)),
            (&[DOCKER_MARK], "0::/", &[("OPENCLAW_IN_CONTAINER", "yes"), ("CODESPACES", "true")], Some(Docker)),
        ];
        for (marks, cgroup, variables, expected) in cases {
            let facts = Facts {
                marks: marks.to_vec(),
                cgroup: (*cgroup).to_owned(),
            };
            let variable = |name: &str| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| *value)
            };
            assert_eq!(
                detect(&facts, variable),
                *expected,
                "{marks:?} {cgroup} {variables:?}"
            );
        }
    }
}
