//! Questions to whoever sits at the terminal.

use std::io::{self, IsTerminal as _};

use openclaw_config::schema::GatewayMode;
use openclaw_config::{Secret, Settings};
use openclaw_gateway::listen::weakness;

use super::answers::{Answers, Auth, Local, Remote, Way};
use crate::context::Context;
use crate::discover::Beacon;
use crate::error::CommandError;
use crate::runtime;
use crate::setup::{self, Pasted};

/// Asks, one question at a time.
#[derive(Debug)]
pub(crate) struct Prompts(());

/// What the questions led to.
#[derive(Debug)]
pub(crate) enum Told {
    /// Answers that the config is to hold.
    Answers(Answers),
    /// A setup code or join link, which says everything itself.
    Pasted(String),
}

/// Where the gateway runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Here.
    Local,
    /// On another machine.
    Remote,
}

/// A part of a set-up that `configure` offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The gateway, topic by topic.
    Gateway,
    /// Its service.
    Service,
    /// All of them were seen.
    Done,
}

/// What of the gateway `configure` asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Who gets in with what.
    Auth,
    /// How other machines reach the gateway.
    Way,
    /// The TCP port.
    Port,
    /// All of them were seen.
    Done,
}

#[expect(
    clippy::unused_self,
    reason = "whoever asks needs a terminal, which a value of this type stands for"
)]
impl Prompts {
    /// Fails without a terminal on both sides, with what to use instead.
    pub(crate) fn new(context: &Context, instead: &str) -> Result<Self, CommandError> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(
                CommandError::new("this asks questions and needs a terminal")
                    .hint(format!("Without one: {}", context.command(instead))),
            );
        }
        runtime::hold_interrupts()?;
        Ok(Self(()))
    }

    /// The first line.
    pub(crate) fn begin(&self, title: &str) -> Result<(), CommandError> {
        done(cliclack::intro(title))
    }

    /// A remark between two questions.
    pub(crate) fn remark(&self, text: impl std::fmt::Display) -> Result<(), CommandError> {
        done(cliclack::log::info(text))
    }

    /// The last line.
    pub(crate) fn end(&self, text: impl std::fmt::Display) -> Result<(), CommandError> {
        done(cliclack::outro(text))
    }

    /// Whether to go on.
    pub(crate) fn confirm(&self, question: &str, initially: bool) -> Result<bool, CommandError> {
        done(
            cliclack::confirm(question)
                .initial_value(initially)
                .interact(),
        )
    }

    /// Local or remote.
    pub(crate) fn place(
        &self,
        initially: Place,
        hints: (String, String),
    ) -> Result<Place, CommandError> {
        let (local, remote) = hints;
        let chosen = cliclack::select("Where will the Gateway run?")
            .item("local", "On this machine", local)
            .item(
                "remote",
                "On another machine; this one only talks to it",
                remote,
            )
            .initial_value(if initially == Place::Local {
                "local"
            } else {
                "remote"
            })
            .interact();
        Ok(if done(chosen)? == "local" {
            Place::Local
        } else {
            Place::Remote
        })
    }

    /// Which part of the set-up to change.
    pub(crate) fn section(&self, answered: bool) -> Result<Section, CommandError> {
        let chosen = cliclack::select("What to change?")
            .item("gateway", "Gateway", "auth, way in, port")
            .item("service", "Service", "start the gateway with this machine")
            .item("done", "Done", if answered { "write it" } else { "" })
            .initial_value(if answered { "done" } else { "gateway" })
            .interact();
        Ok(match done(chosen)? {
            "gateway" => Section::Gateway,
            "service" => Section::Service,
            _ => Section::Done,
        })
    }

    /// What of the gateway to set.
    pub(crate) fn topic(
        &self,
        settings: &Settings,
        port: u16,
        answered: bool,
    ) -> Result<Topic, CommandError> {
        let way = Way::of(settings);
        let chosen = cliclack::select("What to set?")
            .item("auth", "Auth", "token or password of the gateway")
            .item("way", "Way in", format!("now: {}", name(&way)))
            .item("port", "Port", format!("now: {port}"))
            .item("done", "Done", "")
            .initial_value(if answered { "done" } else { "auth" })
            .interact();
        Ok(match done(chosen)? {
            "auth" => Topic::Auth,
            "way" => Topic::Way,
            "port" => Topic::Port,
            _ => Topic::Done,
        })
    }

    /// The TCP port.
    pub(crate) fn port(&self, now: u16) -> Result<u16, CommandError> {
        let text: String = done(
            cliclack::input("Gateway port")
                .default_input(&now.to_string())
                .validate(|text: &String| port_of(text).map(drop))
                .interact(),
        )?;
        port_of(&text).map_err(CommandError::new)
    }

    /// How others get in, each with what it means.
    pub(crate) fn way(&self, now: &Way, has_tailscale: bool) -> Result<Way, CommandError> {
        let mut question = cliclack::select("How do your other machines reach this gateway?");
        for (key, way) in ways() {
            let needs_tailscale = matches!(way, Way::Serve | Way::Funnel | Way::Tailnet);
            let hint = if needs_tailscale && !has_tailscale {
                format!(
                    "{} (tailscale was not found on this machine)",
                    way.consequence()
                )
            } else {
                way.consequence().to_owned()
            };
            question = question.item(key, name(&way), hint);
        }
        let initially = ways()
            .into_iter()
            .find(|(_, way)| std::mem::discriminant(way) == std::mem::discriminant(now))
            .map_or("loopback", |(key, _)| key);
        let chosen = done(question.initial_value(initially).interact())?;
        let way = ways()
            .into_iter()
            .find(|(key, _)| *key == chosen)
            .map_or(Way::Loopback, |(_, way)| way);
        let Way::Custom(_) = way else {
            return Ok(way);
        };
        let mut question = cliclack::input("Address, interface or range to listen on")
            .placeholder("192.168.1.20, wg0 or 10.0.0.0/24")
            .validate(|text: &String| {
                if text.trim().is_empty() {
                    Err("an address, interface or range is needed")
                } else {
                    Ok(())
                }
            });
        if let Way::Custom(host) = now
            && !host.is_empty()
        {
            question = question.default_input(host);
        }
        let host: String = done(question.interact())?;
        Ok(Way::Custom(host.trim().to_owned()))
    }

    /// Token or password.
    pub(crate) fn auth(
        &self,
        way: &Way,
        has_token: bool,
        has_password: bool,
    ) -> Result<Auth, CommandError> {
        let chosen = if *way == Way::Funnel {
            self.remark("Auth is password: Tailscale Funnel asks for one.")?;
            "password"
        } else {
            done(
                cliclack::select("Gateway auth")
                    .item(
                        "token",
                        "Token",
                        "a long random text that programs keep; recommended",
                    )
                    .item("password", "Password", "something a person types")
                    .interact(),
            )?
        };
        if chosen == "password" {
            return self.password(way, has_password);
        }
        let mut question = cliclack::select("Gateway token");
        if has_token {
            question = question.item("keep", "Keep", "the one there is");
        }
        let chosen = done(
            question
                .item(
                    "generate",
                    "Generate",
                    "a new one; who used the old one needs the new one",
                )
                .item("own", "Enter my own", "")
                .interact(),
        )?;
        Ok(match chosen {
            "keep" => Auth::Token(None),
            "own" => Auth::Token(Some(token()?)),
            _ => Auth::NewToken,
        })
    }

    fn password(&self, way: &Way, has_password: bool) -> Result<Auth, CommandError> {
        if has_password && self.confirm("Keep the password there is?", true)? {
            return Ok(Auth::Password(None));
        }
        let open = way.is_open();
        let password: String = done(
            cliclack::password("Gateway password")
                .validate(move |text: &String| {
                    if text.trim().is_empty() {
                        return Err("Required".to_owned());
                    }
                    match weakness(text).filter(|_| open) {
                        Some(weak) => Err(format!("{weak}: others could guess it")),
                        None => Ok(()),
                    }
                })
                .interact(),
        )?;
        Ok(Auth::Password(Some(Secret::new(password))))
    }

    /// A gateway on this machine, asked in full or in the one thing that matters.
    pub(crate) fn local(
        &self,
        context: &Context,
        port: u16,
        quick: bool,
        has_tailscale: bool,
    ) -> Result<Local, CommandError> {
        let settings = &context.snapshot().settings;
        let auth = &settings.gateway.auth;
        let now = Way::of(settings);
        let port = if quick { None } else { Some(self.port(port)?) };
        let way = self.way(&now, has_tailscale)?;
        let must_ask = way == Way::Funnel && auth.password.is_none();
        let auth = if quick && !must_ask {
            None
        } else {
            Some(self.auth(&way, auth.token.is_some(), auth.password.is_some())?)
        };
        let reset = if !quick && matches!(way, Way::Serve | Way::Funnel) {
            Some(self.confirm("Reset Tailscale serve/funnel on exit?", false)?)
        } else {
            None
        };
        Ok(Local {
            port,
            way: Some(way),
            tailscale_reset_on_exit: reset,
            auth,
            workspace: None,
        })
    }

    /// A gateway elsewhere.
    pub(crate) fn remote(&self, context: &Context, found: &[Beacon]) -> Result<Told, CommandError> {
        let mut question = cliclack::select("How does this machine get to know the gateway?")
            .item(
                "code".to_owned(),
                "Setup code or join link",
                "from `openclaw qr` or the Control UI there; nothing else to type",
            )
            .item("url".to_owned(), "Address and token", "ws:// or wss://")
            .item(
                "ssh".to_owned(),
                "SSH tunnel",
                "a machine you can ssh into; opened and kept open for you",
            );
        for (index, beacon) in found.iter().enumerate() {
            if let Some((name, url)) = offer(beacon) {
                question = question.item(
                    format!("found {index}"),
                    name,
                    format!("found on the network, {url}"),
                );
            }
        }
        let chosen = done(question.interact())?;
        let offered = chosen
            .strip_prefix("found ")
            .and_then(|index| found.get(index.parse::<usize>().ok()?))
            .and_then(offer);
        match chosen.as_str() {
            "code" => {
                let pasted: String = done(
                    cliclack::input("Setup code or join link")
                        .validate(|text: &String| match setup::read(text) {
                            Ok(Pasted::Gateway(_)) => {
                                Err("that is an address; choose Address and token".to_owned())
                            }
                            Ok(_) => Ok(()),
                            Err(error) => Err(error.to_string()),
                        })
                        .interact(),
                )?;
                Ok(Told::Pasted(pasted))
            }
            "ssh" => {
                let host: String = done(
                    cliclack::input("SSH host")
                        .placeholder("user@gateway-host")
                        .validate(|text: &String| required(text))
                        .interact(),
                )?;
                let token = self.remote_token()?;
                Ok(Told::Answers(Answers::Remote(Remote {
                    url: "ws://127.0.0.1:18789".to_owned(),
                    token,
                    tls_fingerprint: None,
                    ssh: Some(host.trim().to_owned()),
                })))
            }
            _ => {
                let now = offered
                    .map(|(_, url)| url)
                    .or_else(|| context.snapshot().settings.gateway.remote.url.clone());
                let mut question = cliclack::input("Gateway WebSocket URL")
                    .placeholder("wss://gateway.example")
                    .validate(|text: &String| {
                        Remote::check_url(text).map_err(|error| error.to_string())
                    });
                if let Some(now) = &now {
                    question = question.default_input(now);
                }
                let url: String = done(question.interact())?;
                let token = self.remote_token()?;
                Ok(Told::Answers(Answers::Remote(Remote {
                    url,
                    token,
                    tls_fingerprint: None,
                    ssh: None,
                })))
            }
        }
    }

    fn remote_token(&self) -> Result<Option<Secret>, CommandError> {
        let chosen = done(
            cliclack::select("Gateway auth")
                .item(
                    "pair",
                    "Pair this machine",
                    "somebody at the gateway approves it; no shared secret; recommended",
                )
                .item("token", "Token", "the shared token of the gateway")
                .interact(),
        )?;
        if chosen == "pair" {
            return Ok(None);
        }
        token().map(Some)
    }
}

fn required(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        Err("Required")
    } else {
        Ok(())
    }
}

/// A token that somebody has.
fn token() -> Result<Secret, CommandError> {
    let token: String = done(
        cliclack::password("Gateway token")
            .validate(|text: &String| required(text))
            .interact(),
    )?;
    Ok(Secret::new(token.trim()))
}

impl Prompts {
    /// All questions of a first set-up.
    pub(crate) fn everything(
        &self,
        context: &Context,
        port: u16,
        quick: bool,
    ) -> Result<Told, CommandError> {
        let settings = &context.snapshot().settings;
        let elsewhere = settings.gateway.mode == Some(GatewayMode::Remote);
        let remote = settings.gateway.remote.url.clone().map_or_else(
            || "No remote URL configured yet".to_owned(),
            |url| format!("now: {url}"),
        );
        let place = self.place(
            if elsewhere {
                Place::Remote
            } else {
                Place::Local
            },
            (format!("listens on port {port}"), remote),
        )?;
        if place == Place::Local {
            let local = self.local(context, port, quick, has_tailscale(context))?;
            return Ok(Told::Answers(Answers::Local(local)));
        }
        self.elsewhere(context)
    }

    /// All questions about a gateway elsewhere.
    pub(crate) fn elsewhere(&self, context: &Context) -> Result<Told, CommandError> {
        let mut found = Vec::new();
        if self.confirm("Look for gateways on the network?", true)? {
            runtime::run(async {
                found = crate::discover::find(context, std::time::Duration::from_secs(2))
                    .await
                    .beacons;
                Ok(crate::error::Exit::OK)
            })?;
            if found.is_empty() {
                self.remark("None was found.")?;
            }
        }
        self.remote(context, &found)
    }
}

/// Whether the tailscale program is there.
pub(crate) fn has_tailscale(context: &Context) -> bool {
    let path = context.env().get_process("PATH").unwrap_or_default();
    std::env::split_paths(path).any(|folder| folder.join("tailscale").is_file())
}

/// The choices in their order: what is safest first.
fn ways() -> [(&'static str, Way); 7] {
    [
        ("loopback", Way::Loopback),
        ("serve", Way::Serve),
        ("tailnet", Way::Tailnet),
        ("lan", Way::Lan),
        ("custom", Way::Custom(String::new())),
        ("funnel", Way::Funnel),
        ("auto", Way::Auto),
    ]
}

fn name(way: &Way) -> String {
    match way {
        Way::Loopback => "This machine only (SSH tunnel)".to_owned(),
        Way::Serve => "Tailscale Serve".to_owned(),
        Way::Funnel => "Tailscale Funnel".to_owned(),
        Way::Tailnet => "Tailnet address".to_owned(),
        Way::Lan => "LAN".to_owned(),
        Way::Auto => "Automatic".to_owned(),
        Way::Custom(host) if host.is_empty() => "One address or interface".to_owned(),
        Way::Custom(host) => host.clone(),
    }
}

/// Name and address of a gateway that was found.
fn offer(beacon: &Beacon) -> Option<(String, String)> {
    let url = beacon.first()?.ws_url.clone()?;
    Some((beacon.display_name.clone(), url))
}

fn port_of(text: &str) -> Result<u16, String> {
    match text.trim().parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err("a number from 1 to 65535".to_owned()),
    }
}

/// Ctrl-C and Escape end a set-up; nothing was written then.
fn done<T>(result: io::Result<T>) -> Result<T, CommandError> {
    result.map_err(|error| {
        if error.kind() == io::ErrorKind::Interrupted {
            CommandError::cancelled()
        } else {
            CommandError::from(error)
        }
    })
}
