//! Users of this machine.

use std::path::PathBuf;

use openclaw_config::Env;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Name.
    pub(crate) name: String,
    /// Number.
    pub(crate) uid: u32,
    /// Home directory.
    pub(crate) home: PathBuf,
}

impl Account {
    /// The user with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        find(&passwd(), |account| account.name == name)
    }

    /// The user that runs this command.
    pub(crate) fn own(env: &Env) -> Option<Self> {
        let uid = env.uid();
        find(&passwd(), |account| account.uid == uid).or_else(|| {
            // Users of a directory service are not in the file.
            let name = env
                .get_process("USER")
                .or_else(|| env.get_process("LOGNAME"))
                .or_else(|| env.get_process("USERNAME"))?;
            Some(Self {
                name: name.to_owned(),
                uid,
                home: env
                    .get_process("HOME")
                    .or_else(|| env.get_process("USERPROFILE"))
                    .map(PathBuf::from)?,
            })
        })
    }
}

fn passwd() -> String {
    std::fs::read_to_string("/etc/passwd").unwrap_or_default()
}

fn find(passwd: &str, wanted: impl Fn(&Account) -> bool) -> Option<Account> {
    passwd.lines().filter_map(parse).find(wanted)
}

fn parse(line: &str) -> Option<Account> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, _, home, ..] = fields.as_slice() else {
        return None;
    };
    Some(Account {
        name: (*name).to_owned(),
        uid: uid.parse().ok()?,
        home: PathBuf::from(home),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_passwd() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\nbroken\nmolty:x:1000:1000:M,,,:/home/molty:/bin/bash\n";
        let molty = find(text, |account| account.name == "molty").unwrap();
        assert_eq!(
            (molty.uid, molty.home),
            (1000, PathBuf::from("/home/molty"))
        );
        assert_eq!(find(text, |account| account.uid == 0).unwrap().name, "root");
        assert!(find(text, |account| account.name == "mol").is_none());
    }
}
