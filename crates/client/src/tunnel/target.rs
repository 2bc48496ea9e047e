//! `[user@]host[:port]`.

use std::fmt;
use std::str::FromStr;

/// An SSH host as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SshTarget {
    /// User; `None` leaves the choice to `ssh`.
    pub user: Option<String>,
    /// Name, address without brackets, or an alias of the SSH configuration.
    pub host: String,
    /// Port; `None` leaves the choice to `ssh`.
    pub port: Option<u16>,
}

/// Text that is no SSH host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid SSH target: {0} (write [user@]host[:port])")]
pub struct InvalidSshTarget(
    /// The text as it was given.
    pub String,
);

impl FromStr for SshTarget {
    type Err = InvalidSshTarget;

    /// Parses; a leading `ssh ` is cut off. A user or host that begins with `-` would be read as an option and is refused.
    fn from_str(text: &str) -> Result<Self, InvalidSshTarget> {
        parse(text).ok_or_else(|| InvalidSshTarget(text.trim().to_owned()))
    }
}

fn parse(text: &str) -> Option<SshTarget> {
    let text = text.trim();
    let text = text.strip_prefix("ssh ").map_or(text, str::trim);
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, text),
    };
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return None,
        }
    } else if place.matches(':').count() > 1 {
        // An IPv6 address without brackets cannot carry a port.
        (place, None)
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port: &u16| *port > 0)?),
        None => None,
    };
    let is_word = |word: &str| {
        !word.is_empty()
            && !word.starts_with('-')
            && word.chars().all(|c| {
                !c.is_whitespace() && !c.is_control() && !"'\"`\\$;&|<>(){}*?!#/@".contains(c)
            })
    };
    if !is_word(host) || user.is_some_and(|user| !is_word(user)) {
        return None;
    }
    Some(SshTarget {
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port,
    })
}

impl SshTarget {
    /// What `ssh` takes as its destination, without the port.
    pub fn destination(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }

    /// The command that logs in there, for a person to run.
    pub fn login_command(&self) -> String {
        let port = self.port.map(|port| format!("-p {port} "));
        format!("ssh {}{}", port.unwrap_or_default(), self.destination())
    }

    /// How `known_hosts` names it.
    pub fn known_host(&self) -> String {
        match self.port {
            Some(port) if port != 22 => format!("[{}]:{port}", self.host),
            _ => self.host.clone(),
        }
    }
}

impl fmt::Display for SshTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u36_targets_as_people_write_them() {
        for (text, shown, destination, login) in [
            ("gw", "gw", "gw", "ssh gw"),
            ("me@gw", "me@gw", "me@gw", "ssh me@gw"),
            ("me@gw:2222", "me@gw:2222", "me@gw", "ssh -p 2222 me@gw"),
            (" ssh me@gw ", "me@gw", "me@gw", "ssh me@gw"),
            (
                "me@[::1]:2222",
                "me@[::1]:2222",
                "me@::1",
                "ssh -p 2222 me@::1",
            ),
            ("::1", "[::1]", "::1", "ssh ::1"),
            (
                "[fe80::1%eth0]",
                "[fe80::1%eth0]",
                "fe80::1%eth0",
                "ssh fe80::1%eth0",
            ),
        ] {
            let target: SshTarget = text.parse().expect(text);
            assert_eq!(target.to_string(), shown, "{text}");
            assert_eq!(target.destination(), destination, "{text}");
            assert_eq!(target.login_command(), login, "{text}");
        }
    }

    #[test]
    fn u36_what_could_be_an_option_or_a_command_is_refused() {
        for text in [
            "",
            "-oProxyCommand=x",
            "me@-oProxyCommand=x",
            "-l@gw",
            "@gw",
            "me@",
            "gw:0",
            "gw:x",
            "gw:70000",
            "[::1",
            "[::1]x",
            "g w",
            "gw;id",
            "$(id)",
            "gw\n",
        ] {
            let expected = text.trim().to_owned();
            match text.parse::<SshTarget>() {
                // A line break at the end is white space.
                Ok(target) => assert_eq!((text, target.host.as_str()), ("gw\n", "gw")),
                Err(error) => assert_eq!(error, InvalidSshTarget(expected)),
            }
        }
    }
}
