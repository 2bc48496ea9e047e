//! What is asked of the Tailscale daemon, whichever way.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use serde_json::Value;

use super::serve_config::Change;
use super::trouble::Trouble;
use crate::auth::identity::TailnetUser;

/// An answer on its way.
pub(super) type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// The daemon.
pub(super) trait Daemon: Send + Sync + std::fmt::Debug {
    /// How it is, and who we are in the tailnet.
    fn status(&self) -> Asked<'_, Status>;
    /// Its routes.
    fn routes(&self) -> Asked<'_, Routes>;
    /// Changes the routes. Fails with [`Trouble::Contended`] when they are no longer what they were.
    fn apply<'a>(&'a self, before: &'a Routes, change: &'a Change) -> Asked<'a, Applied>;
    /// The user at an address; `None` for tagged devices and strangers.
    fn whois(&self, address: IpAddr) -> Asked<'_, Option<TailnetUser>>;
    /// Where the owner of the tailnet enables `serve` or `funnel`, if the daemon knows.
    fn enable_link(&self, feature: &'static str) -> Asked<'_, Option<String>>;
}

/// The routes of the daemon.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Routes {
    /// `ServeConfig`.
    pub(super) config: Value,
    /// Its version, for a change that must start from it.
    pub(super) etag: Option<String>,
}

/// What came of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// A link that was shown: the program ends well although nothing was done when a feature has to be enabled first.
    pub(super) link: Option<String>,
}

/// What the daemon says about itself and this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// `Running`, `Stopped`, `NeedsLogin` and so on.
    pub(super) state: String,
    /// Where to log in.
    pub(super) login_link: Option<String>,
    /// Our name in the tailnet, without a final dot.
    pub(super) name: Option<String>,
    /// Our addresses.
    pub(super) addresses: Vec<IpAddr>,
    /// Whether there are certificates; `None` if the daemon does not say.
    pub(super) https: Option<bool>,
    /// Whether Funnel is allowed; `None` if the daemon does not say.
    pub(super) funnel: Option<bool>,
    /// Ports that Funnel is allowed on, as written: `443,8443,10000` or ranges.
    pub(super) funnel_ports: Option<String>,
    /// The user this machine belongs to; `None` for tagged machines and if the daemon does not say.
    pub(super) own_user: Option<TailnetUser>,
}

const FUNNEL_PORTS: &str = "https://tailscale.com/cap/funnel-ports?ports=";

impl Status {
    /// Reads the JSON of `tailscale status --json` and of the `LocalAPI`.
    pub(super) fn read(json: &Value) -> Option<Self> {
        let state = json.get("BackendState")?.as_str()?.to_owned();
        let text = |value: Option<&Value>| {
            let text = value?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let own = json.get("Self").unwrap_or(&Value::Null);
        let addresses = |value: &Value| -> Vec<IpAddr> {
            let list = value.get("TailscaleIPs").and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .filter_map(|address| address.as_str()?.parse().ok())
                .collect()
        };
        let mut own_addresses = addresses(own);
        if own_addresses.is_empty() {
            own_addresses = addresses(json);
        }
        let capabilities = capabilities(own);
        let certificates = json.get("CertDomains").and_then(Value::as_array);
        let has = |name: &str| {
            capabilities
                .as_ref()
                .map(|list| list.iter().any(|capability| capability == name))
        };
        let funnel_ports = capabilities.as_ref().and_then(|list| {
            list.iter()
                .find_map(|capability| capability.strip_prefix(FUNNEL_PORTS))
                .map(str::to_owned)
        });
        let https = match certificates {
            Some(domains) if !domains.is_empty() => Some(true),
            _ => has("https"),
        };
        Some(Self {
            state,
            login_link: text(json.get("AuthURL")),
            name: text(own.get("DNSName")).map(|name| name.trim_end_matches('.').to_owned()),
            addresses: own_addresses,
            https,
            funnel: has("funnel"),
            funnel_ports,
            own_user: own_user(json, own),
        })
    }

    /// Whether Funnel may use a port, and which ports it may use.
    pub(super) fn funnel_port(&self, port: u16) -> Result<(), String> {
        let Some(allowed) = &self.funnel_ports else {
            return Ok(());
        };
        let fits = allowed.split(',').any(|entry| {
            let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
            match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
                (Ok(first), Ok(last)) => (first..=last).contains(&port),
                _ => false,
            }
        });
        if fits { Ok(()) } else { Err(allowed.clone()) }
    }
}

/// Names of capabilities: the keys of `CapMap`, with older daemons the list `Capabilities`.
fn capabilities(own: &Value) -> Option<Vec<String>> {
    let map = own.get("CapMap").and_then(Value::as_object);
    let list = own.get("Capabilities").and_then(Value::as_array);
    if map.is_none() && list.is_none() {
        return None;
    }
    let from_map = map.into_iter().flatten().map(|(name, _)| name.clone());
    let from_list = list
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned));
    Some(from_map.chain(from_list).collect())
}

fn own_user(json: &Value, own: &Value) -> Option<TailnetUser> {
    if is_tagged(own) {
        return None;
    }
    let id = own.get("UserID")?.to_string();
    profile(json.get("User")?.get(&id)?)
}

fn is_tagged(node: &Value) -> bool {
    let tags = node.get("Tags").and_then(Value::as_array);
    tags.is_some_and(|tags| !tags.is_empty())
}

fn profile(profile: &Value) -> Option<TailnetUser> {
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| profile.get(*name)?.as_str())
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    Some(TailnetUser {
        login: text(&["LoginName", "Login", "login"])?,
        name: text(&["DisplayName", "Name", "displayName"]),
        picture: text(&["ProfilePicURL"]),
    })
}

/// Reads an answer to `whois`.
pub(super) fn user(answer: &Value) -> Option<TailnetUser> {
    if answer.get("Node").is_some_and(is_tagged) {
        return None;
    }
    let of_user = ["UserProfile", "userProfile", "User"]
        .iter()
        .find_map(|name| answer.get(*name).filter(|value| value.is_object()));
    let user = profile(of_user.unwrap_or(answer))?;
    // What the control server calls the owner of tagged devices.
    (user.login != "tagged-devices").then_some(user)
}

/// The JSON in an answer with other lines around it: from the first `{` to the last `}`.
pub(super) fn json_in(text: &str) -> Option<Value> {
    let (start, end) = (text.find('{')?, text.rfind('}')?);
    serde_json::from_str(text.get(start..=end)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn u17_who_is_a_user_and_who_is_not() {
        let ada = json!({ "LoginName": "ada@example.com", "DisplayName": "Ada", "ProfilePicURL": "https://p/a" });
        for (answer, login) in [
            (
                json!({ "Node": { "Name": "phone" }, "UserProfile": ada }),
                Some("ada@example.com"),
            ),
            (
                json!({ "Node": { "Tags": [] }, "User": { "Login": "grace" } }),
                Some("grace"),
            ),
            (json!({ "login": "grace", "name": "x" }), Some("grace")),
            (
                json!({ "Node": { "Tags": ["tag:ci"] }, "UserProfile": ada }),
                None,
            ),
            (
                json!({ "UserProfile": { "LoginName": "tagged-devices" } }),
                None,
            ),
            (json!({ "UserProfile": { "LoginName": " " } }), None),
            (json!({}), None),
        ] {
            assert_eq!(
                user(&answer).map(|user| user.login).as_deref(),
                login,
                "{answer}"
            );
        }
    }

    #[test]
    fn statuses_of_old_and_new_daemons_are_read_and_noise_is_passed_over() {
        let noisy = "Warning: client version differs\n{\"BackendState\":\"Running\",\"Self\":{\"DNSName\":\"gw.tail1.ts.net.\",\
                     \"TailscaleIPs\":[\"100.64.0.1\",\"fd7a:115c:a1e0::1\"],\"UserID\":7,\"CapMap\":{\"https\":null,\
                     \"https://tailscale.com/cap/funnel-ports?ports=443,8000-8999\":null}},\
                     \"User\":{\"7\":{\"LoginName\":\"ada@example.com\"}}}\n# Health check: fine\n";
        let status = Status::read(&json_in(noisy).unwrap()).unwrap();
        assert_eq!(status.name.as_deref(), Some("gw.tail1.ts.net"));
        assert_eq!(status.addresses.len(), 2);
        assert_eq!((status.https, status.funnel), (Some(true), Some(false)));
        assert_eq!(
            status.own_user.as_ref().map(|user| user.login.as_str()),
            Some("ada@example.com")
        );
        assert!(status.funnel_port(443).is_ok() && status.funnel_port(8443).is_ok());
        assert_eq!(status.funnel_port(10_000).unwrap_err(), "443,8000-8999");
        let old = json!({ "BackendState": "NeedsLogin", "AuthURL": "https://login.tailscale.com/a/1", "TailscaleIPs": null });
        let status = Status::read(&old).unwrap();
        assert_eq!(
            status.login_link.as_deref(),
            Some("https://login.tailscale.com/a/1")
        );
        assert_eq!(
            (status.https, status.funnel, status.name),
            (None, None, None)
        );
        assert_eq!(Status::read(&json!({})), None);
        assert_eq!(json_in("no json here"), None);
    }
}
