//! launchd agents.

use super::{Kind, Service, shell_word};

pub(super) fn agent(service: &Service, label: &str) -> String {
    let log = |suffix: &str| {
        let name = format!("{}{suffix}.log", service.kind.word());
        let path = service.state_dir.join("logs").join(name);
        string(&path.display().to_string())
    };
    let environment: Vec<String> = service
        .environment("macos")
        .iter()
        .map(|(name, value)| format!("    <key>{name}</key>\n    {}", string(value)))
        .collect();
    let entries = [
        ("ProgramArguments", arguments(&words(service))),
        (
            "EnvironmentVariables",
            format!("<dict>\n{}  </dict>\n", environment.concat()),
        ),
        (
            "WorkingDirectory",
            string(&service.home.display().to_string()),
        ),
        ("StandardOutPath", log("")),
        ("StandardErrorPath", log(".err")),
        // Seconds that a stop may take.
        ("ExitTimeOut", "<integer>45</integer>\n".to_owned()),
        // 077 in octal.
        ("Umask", "<integer>63</integer>\n".to_owned()),
    ];
    document(label, &entries)
}

/// launchd has no environment files; `sh` reads the one of a node, which may hold the token of a gateway elsewhere.
fn words(service: &Service) -> Vec<String> {
    let words = service.words();
    if service.kind == Kind::Gateway {
        return words;
    }
    let file = shell_word(&service.environment_file().display().to_string());
    let script = format!("set -a; [ ! -r {file} ] || . {file}; set +a; exec \"$@\"");
    let mut wrapped = vec!["/bin/sh".into(), "-c".into(), script, "openclaw".into()];
    wrapped.extend(words);
    wrapped
}

/// A property list that keeps a program running.
pub(crate) fn plist_text(label: &str, words: &[String]) -> String {
    document(label, &[("ProgramArguments", arguments(words))])
}

fn document(label: &str, entries: &[(&str, String)]) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(key, value)| format!("  <key>{key}</key>\n  {value}"))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n\
         <dict>\n\
         \x20 <key>Label</key>\n\
         \x20 {}{entries}\
         \x20 <key>RunAtLoad</key>\n\
         \x20 <true/>\n\
         \x20 <key>KeepAlive</key>\n\
         \x20 <true/>\n\
         \x20 <key>ThrottleInterval</key>\n\
         \x20 <integer>10</integer>\n\
         </dict>\n\
         </plist>\n",
        string(label),
        entries = entries.concat(),
    )
}

fn arguments(words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("    {}", string(word)))
        .collect();
    format!("<array>\n{}  </array>\n", words.concat())
}

fn string(text: &str) -> String {
    format!("<string>{}</string>\n", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
