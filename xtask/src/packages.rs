//! `cargo xtask packages`: the system programs that tests run for real, installed from the distribution when one is missing.
//!
//! A test that needs a program adds its Debian package to [`PACKAGES`]. The installation starts no service: what the packages
//! bring is started by the tests alone, on loopback or in network namespaces of their own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{run as run_command, search_path, works};

/// A package of the distribution.
struct Package {
    /// Name for `apt-get install`.
    name: &'static str,
    /// A program that it brings, or another file by its absolute path; the package is installed when this one is found.
    program: &'static str,
    /// What the tests do with it.
    why: &'static str,
}

/// Every package, sorted by name.
const PACKAGES: [Package; 15] = [
    Package {
        name: "avahi-daemon",
        program: "avahi-daemon",
        why: "another mDNS responder on the link",
    },
    Package {
        name: "avahi-utils",
        program: "avahi-browse",
        why: "browses what the gateway announces",
    },
    Package {
        name: "bind9-dnsutils",
        program: "dig",
        why: "asks the wide-area DNS responder",
    },
    Package {
        name: "caddy",
        program: "caddy",
        why: "reverse proxy in front of the gateway",
    },
    Package {
        name: "chromium",
        program: "chromium",
        why: "the Control UI in a real browser",
    },
    Package {
        name: "curl",
        program: "curl",
        why: "fetches pages as people are told to",
    },
    Package {
        name: "dbus",
        program: "dbus-daemon",
        why: "avahi-browse talks to avahi-daemon over it",
    },
    Package {
        name: "haproxy",
        program: "haproxy",
        why: "reverse proxy that speaks the PROXY protocol",
    },
    Package {
        name: "iproute2",
        program: "ip",
        why: "network namespaces: several hosts on one machine",
    },
    Package {
        name: "libnginx-mod-stream",
        // A module, by its absolute path.
        program: "/usr/lib/nginx/modules/ngx_stream_module.so",
        why: "nginx passes connections on with the PROXY protocol",
    },
    Package {
        name: "netcat-openbsd",
        program: "nc",
        why: "raw connections from another host",
    },
    Package {
        name: "nginx",
        program: "nginx",
        why: "reverse proxy in front of the gateway",
    },
    Package {
        name: "openssh-client",
        program: "ssh",
        why: "tunnels to the gateway",
    },
    Package {
        name: "openssh-server",
        program: "sshd",
        why: "the other end of the tunnels",
    },
    Package {
        name: "pebble",
        program: "pebble",
        why: "ACME server that issues certificates",
    },
];

/// Installs what it is given: no questions, no recommended extras, and no service started or enabled to start now.
/// A package that the distribution does not have costs that package only.
const INSTALL: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }
apt update || echo "packages: the package lists could not be refreshed; trying with those at hand"
apt install --yes --no-install-recommends "$@" > /dev/null && exit 0
for package in "$@"; do
    apt install --yes --no-install-recommends "$package" > /dev/null || echo "packages: $package was not installed"
done
"#;

pub(crate) fn run() -> TaskResult {
    let missing = missing();
    if missing.is_empty() {
        println!("packages: every system program is there");
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!(
        "Install them by hand: apt-get install --no-install-recommends {}",
        names.join(" ")
    );
    let Some(mut installer) = installer() else {
        return Err(describe(
            &missing,
            &format!(
                "this needs apt-get, and root or sudo without a password. {by_hand}, or what your system calls them"
            ),
        ));
    };
    println!("packages: installing {}", names.join(" "));
    let result = run_command(installer.args(&names).stdin(Stdio::null()));
    let missing = self::missing();
    if missing.is_empty() {
        println!("packages: installed");
        return Ok(());
    }
    let why = match result {
        Ok(()) => by_hand,
        // The whole script is part of that text; what apt-get said is on the terminal already.
        Err(_) => format!("apt-get failed, see above. {by_hand}"),
    };
    Err(describe(&missing, &why))
}

/// A shell that runs [`INSTALL`] with the names that follow, as root; `None` where that cannot be.
fn installer() -> Option<Command> {
    find("apt-get")?;
    let user = Command::new("id").arg("-u").output().ok()?.stdout;
    let mut command = if user.trim_ascii() == b"0" {
        Command::new("sh")
    } else {
        let may_become_root = works(Command::new("sudo").args(["-n", "true"]));
        if !may_become_root {
            return None;
        }
        let mut command = Command::new("sudo");
        command.args(["-n", "sh"]);
        command
    };
    command.args(["-c", INSTALL, "packages"]);
    Some(command)
}

fn missing() -> Vec<&'static Package> {
    PACKAGES
        .iter()
        .filter(|package| find(package.program).is_none())
        .collect()
}

fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn describe(missing: &[&Package], what_to_do: &str) -> String {
    let lines: Vec<String> = missing
        .iter()
        .map(|package| format!("  {} ({}): {}", package.program, package.name, package.why))
        .collect();
    format!(
        "packages: not installed:\n{}\n{what_to_do}",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_says_why() {
        assert!(PACKAGES.is_sorted_by(|before, after| before.name < after.name));
        for package in &PACKAGES {
            assert!(!package.program.is_empty() && !package.why.is_empty());
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let package = Package {
            name: "nginx",
            program: "nginx",
            why: "a proxy",
        };
        assert_eq!(
            describe(&[&package], "Do this."),
            "packages: not installed:\n  nginx (nginx): a proxy\nDo this."
        );
        assert!(find("sh").is_some());
        assert!(find("no such program").is_none());
    }
}
