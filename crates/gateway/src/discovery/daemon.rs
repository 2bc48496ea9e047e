//! The mDNS responder: one thread, started for one set of names and addresses, stopped with a goodbye.

use std::time::Duration;

use mdns_sd::{DaemonEvent, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceInfo};

use super::records::Service;
use crate::listen::InterfaceAddress;

/// How often the responder looks for new and gone addresses.
const ADDRESSES_EVERY_SECONDS: u32 = 1;
/// How long the goodbye may take.
const FAREWELL: Duration = Duration::from_millis(700);

/// A running responder. Dropping it stops the thread, without waiting for the goodbye.
pub(super) struct Daemon {
    thread: ServiceDaemon,
    /// What it tells; bounded, the responder never waits for the reader.
    pub(super) events: Receiver<DaemonEvent>,
    service: Service,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl Daemon {
    /// Starts the thread and registers the service on the interfaces that it can be reached on, and on no other.
    pub(super) fn start(service: &Service) -> Result<Self, mdns_sd::Error> {
        let thread = ServiceDaemon::new()?;
        let events = thread.monitor()?;
        // From here on a failure stops the thread again.
        let this = Self {
            thread,
            events,
            service: service.clone(),
        };
        this.thread.set_ip_check_interval(ADDRESSES_EVERY_SECONDS)?;
        this.thread.disable_interface(IfKind::All)?;
        let reached = IfKind::Predicate(reached(service));
        this.thread.enable_interface(reached)?;
        this.thread.register(info(service)?)?;
        Ok(this)
    }

    /// Announces the same names with other texts.
    pub(super) fn update(&mut self, service: &Service) -> Result<(), mdns_sd::Error> {
        self.thread.register(info(service)?)?;
        self.service = service.clone();
        Ok(())
    }

    /// What it announces.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Says goodbye and waits for it, not for long.
    pub(super) async fn stop(self) {
        let Ok(done) = self.thread.shutdown() else {
            return;
        };
        if tokio::time::timeout(FAREWELL, done.recv_async())
            .await
            .is_err()
        {
            tracing::debug!("the mdns responder did not say goodbye in time");
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A responder that was stopped already says so; there is nobody to tell.
        drop(self.thread.shutdown());
    }
}

/// The addresses to announce on; the same rule as [`Reach::neighbours`](super::reach::Reach::neighbours).
fn reached(service: &Service) -> IfPredicate {
    let reach = service.reach.clone();
    IfPredicate::new(move |interface| {
        let address = InterfaceAddress {
            name: interface.name.clone(),
            index: interface.index.unwrap_or(0),
            address: interface.ip(),
            point_to_point: interface.is_p2p(),
        };
        !reach.neighbours(&[address]).is_empty()
    })
}

fn info(service: &Service) -> Result<ServiceInfo, mdns_sd::Error> {
    let pairs = service.txt.pairs();
    let mut info = ServiceInfo::new(
        &Service::service_type(),
        &service.instance,
        &format!("{}.local.", service.host_label),
        "",
        service.port,
        &pairs[..],
    )?
    .enable_addr_auto();
    info.set_interfaces(vec![IfKind::Predicate(reached(service))]);
    Ok(info)
}
