//! Which commands a node of a platform may declare and be asked to run. Pure.

use openclaw_config::schema::Settings;

const CANVAS: &[&str] = &[
    "canvas.present",
    "canvas.hide",
    "canvas.navigate",
    "canvas.eval",
    "canvas.snapshot",
    "canvas.a2ui.push",
    "canvas.a2ui.pushJSONL",
    "canvas.a2ui.reset",
];
const CAMERA: &[&str] = &["camera.list", "camera.snap", "camera.clip"];
const SCREEN: &[&str] = &["screen.record"];
const LOCATION: &[&str] = &["location.get"];
const SMS: &[&str] = &["sms.send"];
const SYSTEM: &[&str] = &[
    "system.run",
    "system.run.prepare",
    "system.which",
    "system.notify",
    "system.execApprovals.get",
    "system.execApprovals.set",
    "browser.proxy",
];
/// Further commands that release 2026.9.6 allows on desktop nodes by default.
const DESKTOP: &[&str] = &[
    "browser.proxy.upload.v1",
    "desktop.stream",
    "fs.listDir",
    "mcp.tools.call.v1",
    "ollama.chat",
    "ollama.models",
    "terminal.upload",
];

/// Commands whose approval needs `operator.admin`: they run or read anything.
const ADMIN_COMMANDS: &[&str] = &[
    "system.run",
    "system.run.prepare",
    "system.which",
    "browser.proxy",
    "browser.proxy.upload.v1",
    "fs.listDir",
    "system.execApprovals.get",
    "system.execApprovals.set",
];

/// Platform of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// iPhone, iPad.
    Ios,
    /// Android.
    Android,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
    /// Windows.
    Windows,
    /// Not recognised.
    Unknown,
}

impl Platform {
    /// From `client.platform`, else `client.deviceFamily`.
    pub fn of(platform: Option<&str>, family: Option<&str>) -> Self {
        const PREFIXES: &[(&str, Platform)] = &[
            ("ios", Platform::Ios),
            ("android", Platform::Android),
            ("mac", Platform::Macos),
            ("darwin", Platform::Macos),
            ("win", Platform::Windows),
            ("linux", Platform::Linux),
        ];
        const FAMILIES: &[(&str, Platform)] = &[
            ("iphone", Platform::Ios),
            ("ipad", Platform::Ios),
            ("ios", Platform::Ios),
            ("android", Platform::Android),
            ("mac", Platform::Macos),
            ("windows", Platform::Windows),
            ("linux", Platform::Linux),
        ];
        let platform = platform.unwrap_or_default().trim().to_ascii_lowercase();
        if let Some((_, found)) = PREFIXES
            .iter()
            .find(|(prefix, _)| platform.starts_with(prefix))
        {
            return *found;
        }
        let family = family.unwrap_or_default().trim().to_ascii_lowercase();
        FAMILIES
            .iter()
            .find(|(part, _)| family.contains(part))
            .map_or(Self::Unknown, |(_, found)| *found)
    }

    fn defaults(self) -> Vec<&'static [&'static str]> {
        match self {
            Self::Ios => vec![CANVAS, CAMERA, SCREEN, LOCATION],
            Self::Android => vec![CANVAS, CAMERA, SCREEN, LOCATION, SMS],
            Self::Macos => vec![CANVAS, CAMERA, SCREEN, LOCATION, SYSTEM, DESKTOP],
            Self::Linux | Self::Windows => vec![SYSTEM, DESKTOP],
            Self::Unknown => vec![CANVAS, CAMERA, SCREEN, LOCATION, SMS, SYSTEM, DESKTOP],
        }
    }
}

/// Whether approving or widening this command needs `operator.admin`.
pub fn needs_admin(command: &str) -> bool {
    ADMIN_COMMANDS.contains(&command)
}

/// `gateway.nodes` allow and deny lists; deny wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// Allowed beyond the platform's defaults.
    pub allow: Vec<String>,
    /// Never allowed.
    pub deny: Vec<String>,
}

impl Lists {
    /// From settings; both the older and the newer keys count.
    pub fn from_settings(settings: &Settings) -> Self {
        let nodes = &settings.gateway.nodes;
        let trimmed = |older: &[String], newer: &[String]| {
            older
                .iter()
                .chain(newer)
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty())
                .collect()
        };
        Self {
            allow: trimmed(&nodes.allow_commands, &nodes.commands.allow),
            deny: trimmed(&nodes.deny_commands, &nodes.commands.deny),
        }
    }

    /// Whether the gateway lets a node of this platform run a command.
    pub fn allows(&self, platform: Platform, command: &str) -> bool {
        !self.deny.iter().any(|name| name == command)
            && (self.allow.iter().any(|name| name == command)
                || platform
                    .defaults()
                    .into_iter()
                    .any(|set| set.contains(&command)))
    }

    /// The declared commands that are allowed: trimmed, unique, sorted.
    pub fn filter(&self, platform: Platform, declared: &[String]) -> Vec<String> {
        let mut commands: Vec<String> = declared
            .iter()
            .map(|command| command.trim())
            .filter(|command| !command.is_empty() && self.allows(platform, command))
            .map(str::to_owned)
            .collect();
        commands.sort_unstable();
        commands.dedup();
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_recognised_by_prefix_then_family() {
        for (platform, family, expected) in [
            (Some("Linux 6.1"), None, Platform::Linux),
            (Some("darwin"), Some("Linux"), Platform::Macos),
            (Some("win32"), None, Platform::Windows),
            (Some("beos"), Some("Apple iPhone"), Platform::Ios),
            (None, None, Platform::Unknown),
        ] {
            assert_eq!(
                Platform::of(platform, family),
                expected,
                "{platform:?} {family:?}"
            );
        }
    }

    #[test]
    fn deny_wins_over_allow_and_defaults() {
        let lists = Lists {
            allow: vec!["camera.snap".into(), "x.y".into()],
            deny: vec!["system.run".into(), "x.y".into()],
        };
        let declared: Vec<String> = [
            "system.run",
            " system.which ",
            "camera.snap",
            "camera.clip",
            "x.y",
            "",
            "system.which",
        ]
        .map(String::from)
        .to_vec();
        assert_eq!(
            lists.filter(Platform::Linux, &declared),
            ["camera.snap", "system.which"]
        );
    }
}
