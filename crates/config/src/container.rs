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

/// Files that engines and platforms leave in a container.
const DOCKER_MARK: &str = "/.dockerenv";
const PODMAN_MARK: &str = "/run/.containerenv";
const FLY_MARK: &str = "/.fly";
/// Toolbox and distrobox leave this one.
const WORKPLACE_MARK: &str = "/run/.toolboxenv";

/// Variables of platforms. Their tools may set them on other machines, too, so each is a sign and no proof.
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

/// What starts a machine, as the beginning of its name: a process of that name says nothing about containers, any other first
/// process does. WSL calls its own `init(<distribution>)`.
const INITS: [&str; 9] = [
    "busybox",
    "dinit",
    "finit",
    "init",
    "openrc-init",
    "runit",
    "s6-svscan",
    "shepherd",
    "systemd",
];

/// What is known about the surroundings of this process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The marks that are there.
    pub marks: Vec<&'static str>,
    /// Text of `/proc/self/cgroup`.
    pub cgroup: String,
    /// Name of process 1; empty when it is not known.
    pub first_process: String,
    /// Text of `/proc/self/mounts`.
    pub mounts: String,
}

impl Facts {
    /// Looks at this machine.
    pub fn look() -> Self {
        let marks = [DOCKER_MARK, PODMAN_MARK, FLY_MARK, WORKPLACE_MARK]
            .into_iter()
            .filter(|mark| Path::new(mark).exists())
            .collect();
        Self {
            marks,
            cgroup: beginning("/proc/self/cgroup"),
            first_process: beginning("/proc/1/comm").trim().to_owned(),
            mounts: beginning("/proc/self/mounts"),
        }
    }
}

/// The beginning of a file of the system. What cannot be read says nothing.
fn beginning(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        file.take(64 * 1024).read_to_end(&mut bytes).ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A container, and what says that it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// What runs it.
    pub container: Container,
    /// The signs, shortest form.
    pub signs: Vec<&'static str>,
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.container {
            Container::Other => f.write_str(&self.signs.join(", ")),
            container => write!(f, "{container}: {}", self.signs.join(", ")),
        }
    }
}

/// Decides. `variable` gives a variable of the process environment; `OPENCLAW_IN_CONTAINER` beats everything else.
///
/// One sign is not enough: a machine that was made from an image still has the image's mark, and a variable is easily copied.
/// At least one of the signs names an engine or a platform; the others may be that process 1 is no init or that the root is an
/// overlay.
pub fn detect<'a>(
    facts: &Facts,
    variable: impl Fn(&'static str) -> Option<&'a str>,
) -> Option<Detected> {
    let (container, mut signs) = signs(facts, &variable);
    match variable(OPENCLAW_IN_CONTAINER) {
        Some(word) if is_truthy(word) => {
            signs.insert(0, OPENCLAW_IN_CONTAINER);
            return Some(Detected {
                container: container.unwrap_or(Container::Other),
                signs,
            });
        }
        Some(_) => return None,
        None => {}
    }
    let is_workplace = facts.marks.contains(&WORKPLACE_MARK)
        || WORKPLACES.iter().any(|name| variable(name).is_some());
    match container {
        Some(container) if signs.len() > 1 && !is_workplace => Some(Detected { container, signs }),
        _ => None,
    }
}

/// What the signs name, the platform before the engine, and all of them.
fn signs<'a>(
    facts: &Facts,
    variable: &impl Fn(&'static str) -> Option<&'a str>,
) -> (Option<Container>, Vec<&'static str>) {
    let mut signs = Vec::new();
    let platform = PLATFORMS
        .iter()
        .find(|(name, _)| variable(name).is_some())
        .map(|(name, platform)| {
            signs.push(*name);
            *platform
        });
    let marks = [
        (DOCKER_MARK, Container::Docker),
        (PODMAN_MARK, Container::Podman),
        (FLY_MARK, Container::Fly),
    ];
    let marked = marks
        .iter()
        .find(|(mark, _)| facts.marks.contains(mark))
        .map(|(mark, engine)| {
            signs.push(*mark);
            *engine
        });
    let grouped = engine(&facts.cgroup);
    if grouped.is_some() {
        signs.push("cgroup");
    }
    if has_foreign_first_process(&facts.first_process) {
        signs.push("process 1");
    }
    if has_overlay_root(&facts.mounts) {
        signs.push("overlay root");
    }
    (platform.or(marked).or(grouped), signs)
}

/// Whether what runs first is something that starts no machine.
fn has_foreign_first_process(name: &str) -> bool {
    !name.is_empty() && !INITS.iter().any(|init| name.starts_with(init))
}

/// Whether the root is put together from layers, as engines do. Of several mounts in one place the last one counts.
fn has_overlay_root(mounts: &str) -> bool {
    let kind = |line: &str| {
        let mut words = line.split(' ').skip(1);
        (words.next()? == "/").then(|| words.next().unwrap_or_default().to_owned())
    };
    let root = mounts.lines().filter_map(kind).next_back();
    root.is_some_and(|kind| matches!(kind.as_str(), "overlay" | "fuse.fuse-overlayfs"))
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

    const OVERLAY: &str =
        "overlay / overlay rw,relatime,lowerdir=/var/lib 0 0\nproc /proc proc rw 0 0\n";
    const DISK: &str = "rootfs / rootfs rw 0 0\noverlay /var/lib/docker/x overlay rw 0 0\n/dev/sda1 / ext4 rw 0 0\n";
    const DOCKER_GROUP: &str = "12:pids:/docker/0123abcd\n0::/docker/0123abcd";

    /// Marks, control group, process 1, mounts.
    type Machine = (
        &'static [&'static str],
        &'static str,
        &'static str,
        &'static str,
    );
    /// The machine, variables, verdict.
    type Case = (
        Machine,
        &'static [(&'static str, &'static str)],
        Option<Container>,
    );

    fn found(
        (marks, cgroup, first_process, mounts): Machine,
        variables: &[(&'static str, &'static str)],
    ) -> Option<Detected> {
        let facts = Facts {
            marks: marks.to_vec(),
            cgroup: cgroup.to_owned(),
            first_process: first_process.to_owned(),
            mounts: mounts.to_owned(),
        };
        detect(&facts, |name| {
            let variable = variables.iter().find(|(known, _)| *known == name);
            variable.map(|(_, value)| *value)
        })
    }

    #[test]
    fn u18_containers_are_told_from_machines_and_workplaces() {
        use Container::{Docker, Fly, Kubernetes, Other, Podman, Railway, Render};
        #[rustfmt::skip]
        let cases: &[Case] = &[
            // A machine, whatever it runs beside us.
            ((&[], "0::/user.slice/user-1000.slice/session-2.scope", "systemd", DISK), &[], None),
            ((&[], "0::/system.slice/docker.service", "systemd", DISK), &[], None),
            ((&[], "0::/system.slice/containerd.service", "init", DISK), &[], None),
            ((&[], "", "", ""), &[], None),
            ((&[], "garbage", "garbage", "garbage"), &[], None),
            // Machines and WSL distributions that were made from an image.
            ((&[DOCKER_MARK], "0::/init.scope", "systemd", DISK), &[], None),
            ((&[DOCKER_MARK], "0::/", "init(Ubuntu)", DISK), &[], None),
            ((&[PODMAN_MARK], "0::/", "openrc-init", DISK), &[], None),
            ((&[DOCKER_MARK], "", "", ""), &[], None),
            // Variables that were copied, or that the tools of a platform set on a laptop.
            ((&[], "0::/", "systemd", DISK), &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], None),
            ((&[], "0::/", "systemd", DISK), &[("RAILWAY_SERVICE_ID", "1")], None),
            ((&[], "0::/", "systemd", DISK), &[("FLY_API_TOKEN", "x"), ("RAILWAY_TOKEN", "x")], None),
            // A sandbox or a live system: no sign names an engine.
            ((&[], "0::/", "bwrap", OVERLAY), &[], None),
            // Engines, with and without a namespace of the control groups, with and without an init.
            ((&[DOCKER_MARK], "0::/", "openclaw", OVERLAY), &[], Some(Docker)),
            ((&[DOCKER_MARK], "0::/", "docker-init", DISK), &[], Some(Docker)),
            ((&[DOCKER_MARK], DOCKER_GROUP, "systemd", DISK), &[], Some(Docker)),
            ((&[], DOCKER_GROUP, "tini", DISK), &[], Some(Docker)),
            ((&[PODMAN_MARK], "0::/", "catatonit", "fuse-overlayfs / fuse.fuse-overlayfs rw 0 0"), &[], Some(Podman)),
            ((&[], "0::/machine.slice/libpod-0123.scope/container", "openclaw", ""), &[], Some(Podman)),
            // Pods, also those that see the processes of their machine.
            ((&[], "0::/", "pause", OVERLAY), &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], Some(Kubernetes)),
            ((&[], "0::/", "systemd", OVERLAY), &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], Some(Kubernetes)),
            ((&[], "1:cpu:/kubepods.slice/kubepods-pod1.slice", "sh", ""), &[], Some(Kubernetes)),
            // Platforms. Fly runs machines with an init of its own.
            ((&[FLY_MARK], "0::/", "init", DISK), &[("FLY_MACHINE_ID", "1")], Some(Fly)),
            ((&[], "0::/", "openclaw", OVERLAY), &[("RAILWAY_SERVICE_ID", "1")], Some(Railway)),
            ((&[], "0::/", "openclaw", ""), &[("RENDER_SERVICE_ID", "srv-1"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1")], Some(Render)),
            // Containers in which people work.
            ((&[PODMAN_MARK, WORKPLACE_MARK], "0::/", "sleep", OVERLAY), &[], None),
            ((&[DOCKER_MARK], "0::/", "sleep", OVERLAY), &[("CODESPACES", "true")], None),
            ((&[DOCKER_MARK], "0::/", "sleep", OVERLAY), &[("REMOTE_CONTAINERS", "true")], None),
            // The word of the user counts.
            ((&[DOCKER_MARK], DOCKER_GROUP, "sh", OVERLAY), &[("OPENCLAW_IN_CONTAINER", "0")], None),
            ((&[], "0::/", "systemd", DISK), &[("OPENCLAW_IN_CONTAINER", "1")], Some(Other)),
            ((&[DOCKER_MARK], "0::/", "init", DISK), &[("OPENCLAW_IN_CONTAINER", "yes"), ("CODESPACES", "true")], Some(Docker)),
        ];
        for (machine, variables, expected) in cases {
            let verdict = found(*machine, variables).map(|detected| detected.container);
            assert_eq!(verdict, *expected, "{machine:?} {variables:?}");
        }
    }

    #[test]
    fn u18_the_signs_are_told() {
        let docker = found((&[DOCKER_MARK], DOCKER_GROUP, "sh", OVERLAY), &[]).unwrap();
        assert_eq!(
            docker.to_string(),
            "Docker: /.dockerenv, cgroup, process 1, overlay root"
        );
        let said = found((&[], "", "", ""), &[("OPENCLAW_IN_CONTAINER", "1")]).unwrap();
        assert_eq!(said.to_string(), "OPENCLAW_IN_CONTAINER");
    }
}
