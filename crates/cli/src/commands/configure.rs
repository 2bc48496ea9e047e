//! `openclaw configure`: change the set-up part by part, by questions.

use openclaw_config::schema::GatewayMode;

use super::onboard::{port, report};
use crate::commands::connect;
use crate::commands::gateway::install;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::onboarding::{
    Answers, Local, Place, Prompts, Section, Seen, Told, Topic, Way, apply, has_tailscale, look,
};
use crate::runtime;

/// Sections that set-up scripts name.
const SECTIONS: [&str; 8] = [
    "workspace",
    "model",
    "web",
    "gateway",
    "daemon",
    "channels",
    "skills",
    "health",
];
/// Those that this program has.
const OURS: [&str; 3] = ["gateway", "daemon", "health"];

/// Arguments of `configure`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this part: gateway, daemon or health; may be repeated
    #[arg(long, value_name = "section")]
    section: Vec<String>,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        for section in &self.section {
            if !SECTIONS.contains(&section.as_str()) {
                return Err(CommandError::plain(format!(
                    "Invalid --section: {section}. Expected one of: {}.",
                    SECTIONS.join(", ")
                )));
            }
        }
        let foreign: Vec<&str> = self
            .section
            .iter()
            .map(String::as_str)
            .filter(|section| !OURS.contains(section))
            .collect();
        if !foreign.is_empty() {
            context.ui().note(format!(
                "Section not supported here: {} (this program covers the gateway, nodes and access to them)",
                foreign.join(", ")
            ));
            if foreign.len() == self.section.len() {
                return Ok(Exit::OK);
            }
        }
        let asked = |name: &str| self.section.iter().any(|section| section == name);
        if asked("daemon") {
            let done = install::Args::default().run(context)?;
            if !asked("gateway") && !asked("health") {
                return Ok(done);
            }
        }
        if asked("health") && !asked("gateway") {
            return health(context);
        }
        let prompts = Prompts::new(
            context,
            "openclaw config set <path> <value>, or openclaw onboard --non-interactive --accept-risk",
        )?;
        prompts.begin("OpenClaw configure")?;
        choose(context, &prompts, asked("gateway"))
    }
}

/// Whether the gateway answers.
fn health(context: &Context) -> Outcome {
    match look(context, false)? {
        Seen::Answers { url, .. } => {
            context.ui().line(format!("Gateway: answers at {url}"))?;
            Ok(Exit::OK)
        }
        Seen::Silent(problem) => Err(problem),
    }
}

/// Asks where the gateway is, then for the parts to change. `gateway_alone`: that part was named.
fn choose(context: &Context, prompts: &Prompts, gateway_alone: bool) -> Outcome {
    let settings = &context.snapshot().settings;
    let port_now = port(context);
    let elsewhere = settings.gateway.mode == Some(GatewayMode::Remote);
    let url = settings.gateway.remote.url.as_deref();
    let remote_hint = match url {
        None => "No remote URL configured yet".to_owned(),
        Some(url) if elsewhere => match look(context, false)? {
            Seen::Answers { .. } => format!("Gateway reachable ({url})"),
            Seen::Silent(_) => format!("Configured but unreachable ({url})"),
        },
        Some(url) => format!("configured ({url})"),
    };
    let local_url = format!("ws://127.0.0.1:{port_now}");
    let local_hint = if elsewhere {
        local_url
    } else if look(context, false)?.answers() {
        format!("Gateway reachable ({local_url})")
    } else {
        format!("No gateway detected ({local_url})")
    };
    let initially = if elsewhere {
        Place::Remote
    } else {
        Place::Local
    };
    if prompts.place(initially, (local_hint, remote_hint))? == Place::Remote {
        return remote(context, prompts);
    }
    let mut local = Local::default();
    let mut service = false;
    if gateway_alone {
        topics(context, prompts, &mut local)?;
    } else {
        loop {
            match prompts.section(service || local != Local::default())? {
                Section::Gateway => topics(context, prompts, &mut local)?,
                Section::Service => service = true,
                Section::Done => break,
            }
        }
    }
    let answers = Answers::Local(local);
    let applied = apply(context, &answers, "configure", false)?;
    prompts.end("Settings written")?;
    let fresh = context.fresh();
    if service {
        // It starts with what was written just now.
        install::Args::default().run(&fresh)?;
    }
    let seen = look(&fresh, false)?;
    report(&fresh, &answers, &applied, None, Some(&seen))
}

/// Asks about the gateway, topic by topic.
fn topics(context: &Context, prompts: &Prompts, local: &mut Local) -> Result<(), CommandError> {
    let settings = &context.snapshot().settings;
    let port_now = port(context);
    loop {
        let port = local.port.unwrap_or(port_now);
        match prompts.topic(settings, port, *local != Local::default())? {
            Topic::Auth => {
                let way = local.way.clone().unwrap_or_else(|| Way::of(settings));
                let auth = &settings.gateway.auth;
                local.auth =
                    Some(prompts.auth(&way, auth.token.is_some(), auth.password.is_some())?);
            }
            Topic::Way => {
                let now = local.way.clone().unwrap_or_else(|| Way::of(settings));
                local.way = Some(prompts.way(&now, has_tailscale(context))?);
            }
            Topic::Port => local.port = Some(prompts.port(port)?),
            Topic::Done => return Ok(()),
        }
    }
}

fn remote(context: &Context, prompts: &Prompts) -> Outcome {
    let mut found = Vec::new();
    runtime::run(async {
        found = crate::discover::find(context, std::time::Duration::from_secs(2))
            .await
            .beacons;
        Ok(Exit::OK)
    })?;
    let answers = match prompts.remote(context, &found)? {
        Told::Pasted(pasted) => {
            prompts.end("Using the code")?;
            return connect::Args::pasted(pasted).run(context);
        }
        Told::Answers(answers) => answers,
    };
    let applied = apply(context, &answers, "configure", false)?;
    prompts.end("Remote gateway configured.")?;
    let fresh = context.fresh();
    let seen = look(&fresh, false)?;
    report(&fresh, &answers, &applied, None, Some(&seen))
}
