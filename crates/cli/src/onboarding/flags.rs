//! Answers given on the command line.

use openclaw_config::Secret;
use openclaw_config::schema::BindChoice;

use super::answers::{Answers, Auth, Local, Remote, Unusable, Way};
use crate::error::CommandError;

/// Flags of `onboard` and `setup`.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one flag of the command line"
)]
pub(crate) struct OnboardFlags {
    /// Where the gateway runs: local or remote [default: local]
    #[arg(long, value_name = "mode")]
    pub(crate) mode: Option<String>,
    /// Ask nothing; what no flag says stays as it is, or gets its default
    #[arg(long)]
    pub(crate) non_interactive: bool,
    /// Accept that anyone who gets in can run commands on your machines
    #[arg(long)]
    pub(crate) accept_risk: bool,
    /// Start from an empty config; the old one is kept beside it
    #[arg(long)]
    pub(crate) reset: bool,
    /// How many questions to ask: quickstart or advanced (alias: manual)
    #[arg(long, value_name = "flow")]
    pub(crate) flow: Option<String>,
    /// Workspace directory, stored as agents.defaults.workspace for other programs
    #[arg(long, value_name = "dir")]
    pub(crate) workspace: Option<String>,
    /// Port [default: 18789]
    #[arg(long, value_name = "port", allow_negative_numbers = true)]
    pub(crate) gateway_port: Option<String>,
    /// Where to listen: loopback, lan, tailnet, auto, or an address, interface or range [default: loopback]
    #[arg(long, value_name = "mode")]
    pub(crate) gateway_bind: Option<String>,
    /// How clients authenticate: token or password [default: token]
    #[arg(long, value_name = "mode")]
    pub(crate) gateway_auth: Option<String>,
    /// Token [default: the one there is, else a new one]
    #[arg(long, value_name = "token")]
    pub(crate) gateway_token: Option<String>,
    /// Password
    #[arg(long, value_name = "password")]
    pub(crate) gateway_password: Option<String>,
    /// Tailscale exposure: off, serve or funnel [default: off]
    #[arg(long, value_name = "mode")]
    pub(crate) tailscale: Option<String>,
    /// Take the Tailscale route away when the gateway ends
    #[arg(long)]
    pub(crate) tailscale_reset_on_exit: bool,
    /// Address of a gateway elsewhere, for --mode remote: ws:// or wss://
    #[arg(long, value_name = "url")]
    pub(crate) remote_url: Option<String>,
    /// Token of that gateway
    #[arg(long, value_name = "token")]
    pub(crate) remote_token: Option<String>,
    /// Fingerprint of that gateway's certificate
    #[arg(long, value_name = "sha256")]
    pub(crate) remote_tls_fingerprint: Option<String>,
    /// Reach that gateway through this SSH host
    #[arg(long, value_name = "user@host")]
    pub(crate) remote_ssh: Option<String>,
    /// Install the gateway as a service that starts with the machine
    #[arg(long, overrides_with_all = ["no_install_daemon", "skip_daemon"])]
    pub(crate) install_daemon: bool,
    /// Install no service
    #[arg(long)]
    pub(crate) no_install_daemon: bool,
    /// The same as --no-install-daemon
    #[arg(long)]
    pub(crate) skip_daemon: bool,
    /// Do not check whether the gateway answers
    #[arg(long)]
    pub(crate) skip_health: bool,
    #[command(flatten)]
    ignored: IgnoredFlags,
}

/// Flags of set-up scripts for other releases. They concern parts that are not here, and change nothing.
#[derive(Debug, Clone, Default, clap::Args)]
struct IgnoredFlags {
    #[arg(long, hide = true)]
    skip_channels: bool,
    #[arg(long, hide = true)]
    skip_skills: bool,
    #[arg(long, hide = true)]
    skip_ui: bool,
    #[arg(long, hide = true)]
    daemon_runtime: Option<String>,
    #[arg(long, hide = true)]
    node_manager: Option<String>,
    #[arg(long, hide = true)]
    auth_choice: Option<String>,
    #[arg(long, hide = true)]
    token_provider: Option<String>,
    #[arg(long, hide = true)]
    token: Option<String>,
    #[arg(long, hide = true)]
    token_profile_id: Option<String>,
    #[arg(long, hide = true)]
    token_expires_in: Option<String>,
    #[arg(
        long,
        hide = true,
        visible_aliases = [] as [&str; 0],
        aliases = [
            "openai-api-key", "openrouter-api-key", "ai-gateway-api-key", "moonshot-api-key", "kimi-code-api-key",
            "gemini-api-key", "zai-api-key", "xiaomi-api-key", "minimax-api-key", "synthetic-api-key", "venice-api-key",
            "opencode-zen-api-key",
        ]
    )]
    anthropic_api_key: Vec<String>,
}

impl OnboardFlags {
    /// Whether any answer was given.
    pub(crate) fn says_something(&self) -> bool {
        self.mode.is_some()
            || self.gateway_port.is_some()
            || self.gateway_bind.is_some()
            || self.gateway_auth.is_some()
            || self.gateway_token.is_some()
            || self.gateway_password.is_some()
            || self.tailscale.is_some()
            || self.remote_url.is_some()
            || self.remote_token.is_some()
            || self.remote_ssh.is_some()
    }

    /// Whether the gateway is elsewhere and no flag says where: that is asked, where somebody can answer.
    pub(crate) fn asks_where(&self) -> bool {
        let about_it = [
            &self.remote_url,
            &self.remote_token,
            &self.remote_tls_fingerprint,
            &self.remote_ssh,
        ];
        self.mode.as_deref().map(str::trim) == Some("remote")
            && about_it.iter().all(|flag| flag.is_none())
    }

    /// Whether the gateway is to be a service; `None` when no flag says so.
    pub(crate) fn service(&self) -> Option<bool> {
        if self.install_daemon {
            Some(true)
        } else if self.no_install_daemon || self.skip_daemon {
            Some(false)
        } else {
            None
        }
    }

    /// Whether only the few things are asked that everybody has to decide.
    pub(crate) fn is_quick(&self) -> Result<Option<bool>, CommandError> {
        match self.flow.as_deref().map(str::trim) {
            None => Ok(None),
            Some("quickstart") => Ok(Some(true)),
            Some("advanced" | "manual") => Ok(Some(false)),
            Some(other) => Err(CommandError::plain(format!(
                "Invalid --flow \"{other}\" (use quickstart|advanced|manual)."
            ))),
        }
    }

    /// The answers, as far as flags give them.
    pub(crate) fn answers(&self) -> Result<Answers, CommandError> {
        match self.mode.as_deref().map(str::trim) {
            None | Some("local") => self.local().map(Answers::Local),
            Some("remote") => self.remote().map(Answers::Remote),
            Some(other) => Err(CommandError::plain(format!(
                "Invalid --mode \"{other}\" (use local|remote)."
            ))),
        }
    }

    fn local(&self) -> Result<Local, CommandError> {
        if self.remote_url.is_some() || self.remote_token.is_some() || self.remote_ssh.is_some() {
            return Err(CommandError::plain(
                "--remote-url, --remote-token and --remote-ssh need --mode remote.",
            ));
        }
        let port = self
            .gateway_port
            .as_deref()
            .map(|text| match text.trim().parse() {
                Ok(port) if port > 0 => Ok(port),
                _ => Err(CommandError::plain("Invalid --gateway-port")
                    .hint(format!("Fix: a number from 1 to 65535, not {text}"))),
            })
            .transpose()?;
        Ok(Local {
            port,
            way: self.way()?,
            tailscale_reset_on_exit: self.tailscale_reset_on_exit.then_some(true),
            auth: self.auth()?,
            workspace: self
                .workspace
                .as_deref()
                .map(str::trim)
                .filter(|workspace| !workspace.is_empty())
                .map(str::to_owned),
        })
    }

    fn way(&self) -> Result<Option<Way>, CommandError> {
        let bind = self
            .gateway_bind
            .as_deref()
            .map(|bind| match bind.trim() {
                "loopback" => Ok(Way::Loopback),
                "lan" => Ok(Way::Lan),
                "tailnet" => Ok(Way::Tailnet),
                "auto" => Ok(Way::Auto),
                "" | "custom" => Err(CommandError::plain("Invalid --gateway-bind (use loopback|lan|tailnet|auto, or an address, interface or range).")),
                other => match BindChoice::parse(other) {
                    Some(_) => Ok(Way::Custom(other.to_owned())),
                    None => Err(CommandError::plain(format!(
                        "Invalid --gateway-bind: {other} (use loopback|lan|tailnet|auto, or an address, interface or range)."
                    ))),
                },
            })
            .transpose()?;
        let tailscale = match self.tailscale.as_deref().map(str::trim) {
            None => return Ok(bind),
            // Whatever was open by Tailscale is closed; the bind is the one that was named.
            Some("off") => return Ok(Some(bind.unwrap_or(Way::Loopback))),
            Some("serve") => Way::Serve,
            Some("funnel") => Way::Funnel,
            Some(_) => {
                return Err(CommandError::plain(
                    "Invalid --tailscale (use off|serve|funnel).",
                ));
            }
        };
        // Both forward to loopback, so that nobody can go around them.
        Ok(Some(tailscale))
    }

    fn auth(&self) -> Result<Option<Auth>, CommandError> {
        let secret = |text: &Option<String>| text.clone().map(Secret::new);
        let (token, password) = (secret(&self.gateway_token), secret(&self.gateway_password));
        Ok(match self.gateway_auth.as_deref().map(str::trim) {
            Some("token") => Some(Auth::Token(token)),
            Some("password") => Some(Auth::Password(password)),
            Some(_) => {
                return Err(CommandError::plain(
                    "Invalid --gateway-auth (use token|password).",
                ));
            }
            None if password.is_some() => Some(Auth::Password(password)),
            None if token.is_some() => Some(Auth::Token(token)),
            None => None,
        })
    }

    fn remote(&self) -> Result<Remote, CommandError> {
        let text = |flag: &Option<String>| {
            flag.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let ssh = text(&self.remote_ssh);
        let url = match text(&self.remote_url) {
            Some(url) => url,
            // The far end of the tunnel.
            None if ssh.is_some() => "ws://127.0.0.1:18789".to_owned(),
            None => {
                return Err(CommandError::plain("Missing --remote-url for remote mode."));
            }
        };
        Remote::check_url(&url).map_err(Unusable::into_error)?;
        Ok(Remote {
            url,
            token: text(&self.remote_token).map(Secret::new),
            tls_fingerprint: text(&self.remote_tls_fingerprint),
            ssh,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        flags: OnboardFlags,
    }

    fn flags(line: &str) -> OnboardFlags {
        Line::try_parse_from(std::iter::once("onboard").chain(line.split_whitespace()))
            .unwrap()
            .flags
    }

    #[test]
    fn where_a_gateway_is_gets_asked_when_no_flag_says_it() {
        for (line, asks) in [
            ("--mode remote", true),
            ("--mode remote --remote-url ws://h", false),
            ("--mode remote --remote-ssh u@h", false),
            ("--mode remote --remote-token t", false),
            ("--mode local", false),
            ("", false),
        ] {
            assert_eq!(flags(line).asks_where(), asks, "{line}");
        }
    }

    #[test]
    fn flags_become_answers() {
        for (line, expected) in [
            ("", Local::default()),
            (
                "--mode local --gateway-port 4000 --gateway-bind lan --gateway-token t --workspace /w",
                Local {
                    port: Some(4000),
                    way: Some(Way::Lan),
                    auth: Some(Auth::Token(Some(Secret::new("t")))),
                    workspace: Some("/w".into()),
                    ..Local::default()
                },
            ),
            (
                "--gateway-bind lan --tailscale serve --tailscale-reset-on-exit",
                Local {
                    way: Some(Way::Serve),
                    tailscale_reset_on_exit: Some(true),
                    ..Local::default()
                },
            ),
            (
                "--tailscale off",
                Local {
                    way: Some(Way::Loopback),
                    ..Local::default()
                },
            ),
            (
                "--gateway-bind 192.0.2.1 --gateway-password pw --skip-channels --auth-choice skip --openai-api-key k",
                Local {
                    way: Some(Way::Custom("192.0.2.1".into())),
                    auth: Some(Auth::Password(Some(Secret::new("pw")))),
                    ..Local::default()
                },
            ),
        ] {
            let answers = flags(line).answers().unwrap();
            assert_eq!(answers, Answers::Local(expected), "{line}");
        }
        let remote = |line: &str| match flags(line).answers().unwrap() {
            Answers::Remote(remote) => (remote.url, remote.ssh),
            Answers::Local(local) => panic!("{local:?}"),
        };
        assert_eq!(
            remote("--mode remote --remote-url wss://gw --remote-token t"),
            ("wss://gw".to_owned(), None)
        );
        assert_eq!(
            remote("--mode remote --remote-ssh me@box"),
            ("ws://127.0.0.1:18789".to_owned(), Some("me@box".to_owned()))
        );
    }

    #[test]
    fn wrong_flags_are_named() {
        for (line, text) in [
            ("--mode foo", "Invalid --mode \"foo\" (use local|remote)."),
            ("--mode remote", "Missing --remote-url for remote mode."),
            (
                "--gateway-auth foo",
                "Invalid --gateway-auth (use token|password).",
            ),
            ("--gateway-port 0", "Invalid --gateway-port"),
            ("--gateway-port 70000", "Invalid --gateway-port"),
            ("--gateway-port -1", "Invalid --gateway-port"),
            ("--gateway-port abc", "Invalid --gateway-port"),
            (
                "--tailscale on",
                "Invalid --tailscale (use off|serve|funnel).",
            ),
            (
                "--remote-url ws://a",
                "--remote-url, --remote-token and --remote-ssh need --mode remote.",
            ),
            (
                "--mode remote --remote-url http://a",
                "Error: URL must start with ws:// or wss://",
            ),
        ] {
            let error = flags(line).answers().unwrap_err();
            assert_eq!(error.to_string(), text, "{line}");
        }
        assert!(flags("--flow x").is_quick().is_err());
    }

    #[test]
    fn the_last_word_on_the_service_counts() {
        assert_eq!(flags("").service(), None);
        assert_eq!(flags("--install-daemon").service(), Some(true));
        assert_eq!(
            flags("--no-install-daemon --install-daemon").service(),
            Some(true)
        );
        assert_eq!(flags("--skip-daemon").service(), Some(false));
    }
}
