//! What settings, environment and flags ask of Tailscale.

use std::path::PathBuf;

use openclaw_config::resolve::GatewayPlan;
use openclaw_config::schema::{AuthMode, BindMode, TailscaleMode};

/// Ports that Funnel knows.
pub(super) const FUNNEL_PORTS: [u16; 3] = [443, 8443, 10_000];

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing.
    Off,
    /// A route.
    Route(Wish),
    /// Something that is not safe, or that cannot work with the other settings.
    Refused {
        /// Why not.
        reason: String,
        /// A command that makes it right.
        fix: String,
    },
}

/// A route that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// From the internet, and not only from the tailnet.
    pub(super) funnel: bool,
    /// HTTPS port.
    pub(super) port: u16,
    /// Take the route down at the end.
    pub(super) reset_on_exit: bool,
}

/// How the daemon is reached, and whether anybody wants to know about the tailnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// Its socket, when it is not where the system keeps it.
    pub(super) socket: Option<PathBuf>,
    /// Somebody needs our addresses in the tailnet: programs may be started to learn them.
    pub(super) addresses: bool,
}

/// What the plan of a gateway asks for.
pub(super) fn wanted(plan: &GatewayPlan) -> Wanted {
    let mode = plan.tailscale.mode.value;
    if mode == TailscaleMode::Off {
        return Wanted::Off;
    }
    let funnel = mode == TailscaleMode::Funnel;
    let refused = |reason: String, fix: &str| Wanted::Refused {
        reason,
        fix: fix.to_owned(),
    };
    let bind = plan.bind.value;
    if bind != BindMode::Loopback {
        return refused(
            format!("tailscale {mode} requires gateway bind=loopback (127.0.0.1); it is {bind}"),
            "openclaw config set gateway.bind loopback",
        );
    }
    match plan.auth.mode.value {
        AuthMode::None => {
            return refused(
                format!(
                    "tailscale {mode} requires a gateway that asks who is there; gateway.auth.mode is none"
                ),
                "openclaw config set gateway.auth.mode token",
            );
        }
        AuthMode::Password if plan.auth.password.is_some() => {}
        _ if funnel => {
            return refused(
                "tailscale funnel requires gateway auth mode=password (set gateway.auth.password or OPENCLAW_GATEWAY_PASSWORD)"
                    .to_owned(),
                "openclaw config set gateway.auth.password <password>; then: openclaw config set gateway.auth.mode password",
            );
        }
        AuthMode::Password | AuthMode::Token | AuthMode::TrustedProxy => {}
    }
    if funnel
        && let Some(weakness) = plan
            .auth
            .password
            .as_ref()
            .and_then(|password| crate::listen::password::weakness(password.value.expose()))
    {
        return refused(
            format!(
                "tailscale funnel opens the gateway to the internet, and the password is weak: {weakness}"
            ),
            "openclaw config set gateway.auth.password <a longer password>",
        );
    }
    let port = plan.tailscale.port.value;
    if funnel && !FUNNEL_PORTS.contains(&port) {
        return refused(
            format!("tailscale funnel knows the ports 443, 8443 and 10000, not {port}"),
            "openclaw config set gateway.tailscale.port 443",
        );
    }
    Wanted::Route(Wish {
        funnel,
        port,
        reset_on_exit: plan.tailscale.reset_on_exit,
    })
}

/// How the daemon is reached.
pub(super) fn reach(plan: &GatewayPlan) -> Reach {
    Reach {
        socket: plan.tailscale.socket.clone(),
        addresses: plan.bind.value == BindMode::Tailnet,
    }
}

#[cfg(test)]
mod tests {
    use openclaw_config::paths::Profile;
    use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
    use openclaw_config::{Env, Settings};
    use serde_json::json;

    use super::*;

    const STRONG: &str = "correct horse battery";

    #[test]
    fn u06_what_is_not_safe_is_refused_with_a_command_and_the_rest_is_a_route() {
        let token = json!({ "token": "t" });
        let password = json!({ "mode": "password", "password": STRONG });
        let cases = [
            (json!({}), "off", ""),
            (
                json!({ "tailscale": { "mode": "serve" }, "auth": token }),
                "serve 443",
                "",
            ),
            (
                json!({ "tailscale": { "mode": "serve", "port": 8443 }, "auth": password }),
                "serve 8443",
                "",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": password }),
                "funnel 443",
                "",
            ),
            (
                json!({ "tailscale": { "mode": "serve" }, "bind": "lan", "auth": token }),
                "requires gateway bind=loopback",
                "gateway.bind loopback",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "bind": "tailnet", "auth": password }),
                "requires gateway bind=loopback",
                "gateway.bind loopback",
            ),
            (
                json!({ "tailscale": { "mode": "serve" }, "auth": { "mode": "none" } }),
                "gateway.auth.mode is none",
                "gateway.auth.mode token",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": { "mode": "none" } }),
                "gateway.auth.mode is none",
                "gateway.auth.mode token",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": token }),
                "requires gateway auth mode=password",
                "gateway.auth.mode password",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": { "mode": "password" } }),
                "requires gateway auth mode=password",
                "gateway.auth.password",
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": { "password": "hunter2" } }),
                "the password is weak",
                "gateway.auth.password",
            ),
            (
                json!({ "tailscale": { "mode": "funnel", "port": 444 }, "auth": password }),
                "443, 8443 and 10000, not 444",
                "gateway.tailscale.port 443",
            ),
        ];
        for (gateway, expected, command) in cases {
            let (settings, _) = Settings::from_value(&json!({ "gateway": gateway }));
            let env = Env::from_pairs(std::iter::empty::<(&str, &str)>());
            let plan = resolve_gateway(
                &GatewayFlags::default(),
                &env,
                &settings,
                &Profile::default(),
            )
            .unwrap();
            match wanted(&plan) {
                Wanted::Off => assert_eq!(expected, "off"),
                Wanted::Route(wish) => {
                    let mode = if wish.funnel { "funnel" } else { "serve" };
                    assert_eq!(format!("{mode} {}", wish.port), expected, "{gateway}");
                }
                Wanted::Refused { reason, fix } => {
                    assert!(reason.contains(expected), "{reason}: {gateway}");
                    assert!(
                        fix.contains(command) && !command.is_empty(),
                        "{fix}: {gateway}"
                    );
                }
            }
        }
    }
}
