//! Multicast DNS on the local network.

use std::collections::HashMap;
use std::time::Duration;

use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
use openclaw_protocol::discovery::{LOCAL_DOMAIN, SERVICE};
use tokio::time::{Instant, timeout_at};

use super::Sighting;

/// Most instances that are listened to.
const MAX_INSTANCES: usize = 256;

/// Listens for so long.
pub(super) async fn browse(timeout: Duration) -> Result<Vec<Sighting>, String> {
    let service_type = format!("{SERVICE}.{LOCAL_DOMAIN}");
    let failed = |error: mdns_sd::Error| format!("mdns is not available: {error}");
    let browser = Browser(ServiceDaemon::new().map_err(failed)?);
    let events = browser.0.browse(&service_type).map_err(failed)?;
    let deadline = Instant::now() + timeout;
    let mut found: HashMap<String, Sighting> = HashMap::new();
    while let Ok(Ok(event)) = timeout_at(deadline, events.recv_async()).await {
        match event {
            ServiceEvent::ServiceResolved(service) => {
                let name = service.get_fullname().to_lowercase();
                if found.len() < MAX_INSTANCES || found.contains_key(&name) {
                    found.insert(name, sighting(&service, &service_type));
                }
            }
            ServiceEvent::ServiceRemoved(_, name) => {
                found.remove(&name.to_lowercase());
            }
            _ => {}
        }
    }
    Ok(found.into_values().collect())
}

/// Ends the thread of the browser.
struct Browser(ServiceDaemon);

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends with the process too.
        drop(self.0.shutdown());
    }
}

fn sighting(service: &ResolvedService, service_type: &str) -> Sighting {
    let name = service.get_fullname();
    let instance = name.strip_suffix(service_type).unwrap_or(name);
    let texts = service.get_properties().iter();
    let texts = texts.map(|text| {
        let value = String::from_utf8_lossy(text.val().unwrap_or_default()).into_owned();
        (text.key().to_owned(), value)
    });
    Sighting {
        domain: LOCAL_DOMAIN.to_owned(),
        instance: unescaped(instance.trim_end_matches('.')),
        host: Some(service.get_hostname().to_owned()),
        port: Some(service.get_port()),
        addresses: service
            .get_addresses()
            .iter()
            .map(mdns_sd::ScopedIp::to_ip_addr)
            .collect(),
        txt: texts.collect(),
    }
}

/// An instance name without the escapes of its written form.
fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut name = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next()),
            other => name.push(other),
        }
    }
    name
}
