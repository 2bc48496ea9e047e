//! Certificates by ACME (RFC 8555): ordered, proven over http-01 or tls-alpn-01, renewed, and pushed to the gateway.
//!
//! Until the first certificate is there, and whenever something is wrong, the gateway serves its own; nothing waits for this.

mod account;
mod failure;
mod order;
mod schedule;
mod settings;
mod shelf;
mod transport;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openclaw_gateway::adapters::{Adapter, Running};
use openclaw_gateway::auth::secret::random_below;
use openclaw_gateway::core::Core;
use openclaw_gateway::subsystems::Part;
use openclaw_gateway::tls::Issued;
use ring::digest::{SHA256, digest};
use tokio::sync::Notify;

use failure::{Advice, Failure};
use order::Desk;
use schedule::{next_order_ms, renewal_ms};
use settings::{Wanted, Wish};
use shelf::{Known, Shelf};
use transport::Transport;

/// Longest sleep: the calendar goes on while a machine sleeps, timers do not.
const LONGEST_SLEEP: Duration = Duration::from_secs(15 * 60);

/// Keeps certificates of an authority.
#[derive(Debug, Default)]
pub struct Acme;

impl Adapter for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn run(self: Box<Self>, core: Arc<Core>, part: Part) -> Running {
        Box::pin(follow(core, part))
    }
}

/// What the settings ask for now; `None` when they cannot be read, and what was asked for before stays.
fn wish(core: &Core) -> Option<Wish> {
    let plan = core.tls_plan()?;
    let settings = Arc::clone(&core.snapshot().settings);
    Some(Wish::read(&plan, &settings, &core.server.paths))
}

/// Follows the settings.
async fn follow(core: Arc<Core>, part: Part) {
    let mut changes = core.config.clone();
    let mut current = wish(&core).unwrap_or(Wish::Off);
    loop {
        changes.mark_unchanged();
        let nudge = Notify::new();
        let next = async {
            loop {
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                match wish(&core) {
                    Some(wish) if wish != current => return wish,
                    _ => nudge.notify_one(),
                }
            }
        };
        let work = async {
            match &current {
                Wish::Off => {
                    core.tls.set_issued(Vec::new());
                    part.off();
                }
                Wish::Incomplete(advice) => part.degraded(&advice.reason, &advice.fix, None),
                Wish::Order(wanted) => {
                    Office::open(&core, wanted, &part, &nudge)
                        .await
                        .work()
                        .await;
                }
            }
            std::future::pending::<()>().await;
        };
        let next = tokio::select! {
            next = next => next,
            () = work => return,
        };
        current = next;
    }
}

/// Where the orders of one set of settings are looked after.
struct Office<'a> {
    core: &'a Core,
    wanted: &'a Wanted,
    part: &'a Part,
    nudge: &'a Notify,
    shelf: Shelf,
    domains: BTreeMap<String, Known>,
}

impl<'a> Office<'a> {
    /// Takes up what is on disk and serves it.
    async fn open(core: &'a Core, wanted: &'a Wanted, part: &'a Part, nudge: &'a Notify) -> Self {
        let shelf = Shelf::new(wanted.folder.clone());
        let settings = settings_mark(wanted);
        let mut domains = BTreeMap::new();
        for domain in &wanted.domains {
            let mut known = shelf.known(domain).await;
            known.record.take_up(&settings, core.now_ms());
            domains.insert(domain.clone(), known);
        }
        Self {
            core,
            wanted,
            part,
            nudge,
            shelf,
            domains,
        }
    }

    /// Orders what is due, one after the other, for ever.
    async fn work(mut self) {
        self.serve();
        loop {
            self.tell();
            let now_ms = self.core.now_ms();
            let next = self
                .domains
                .iter()
                .map(|(domain, known)| (due_ms(known, now_ms), domain.clone()))
                .min();
            let Some((at, domain)) = next else { return };
            let wait = u64::try_from(at.saturating_sub(now_ms)).unwrap_or_default();
            if wait == 0 {
                self.attempt(&domain).await;
                continue;
            }
            let wait = Duration::from_millis(wait).min(LONGEST_SLEEP);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.nudge.notified() => {}
            }
        }
    }

    /// One attempt for one domain; afterwards the record says what came of it.
    async fn attempt(&mut self, domain: &str) {
        let mut known = self.domains.get(domain).cloned().unwrap_or_default();
        let done = self.obtain(domain, &mut known).await;
        let now_ms = self.core.now_ms();
        match done {
            Ok(issued) => {
                tracing::info!(
                    target: "gateway", domain, sha256 = %issued.facts.fingerprint,
                    until = date(issued.facts.not_after_ms), "acme: certificate issued"
                );
                known.issued = Some(issued);
                known.record.issued(now_ms);
            }
            Err(failure) => {
                let advice = failure.advice(domain, self.core.port());
                let keeps_order = matches!(
                    failure,
                    Failure::Unreachable(_) | Failure::Storage(_) | Failure::Port { .. }
                );
                if !keeps_order {
                    known.record.order = None;
                }
                tracing::warn!(target: "gateway", domain, fix = %advice.fix, "acme: {}", advice.reason);
                let spread = random_below(1_001);
                known.record.failed(&failure, advice, now_ms, spread);
            }
        }
        if let Err(failure) = self.shelf.put_record(domain, &known.record).await {
            // The server must not be asked again before this can be remembered; memory does until the process ends.
            tracing::warn!(target: "gateway", domain, ?failure, "acme: what was tried cannot be remembered");
        }
        self.domains.insert(domain.to_owned(), known);
        self.serve();
    }

    async fn obtain(&self, domain: &str, known: &mut Known) -> Result<Issued, Failure> {
        known.record.started_at_ms = Some(self.core.now_ms());
        // Nothing is asked of the server that could not be remembered or kept.
        self.shelf.put_record(domain, &known.record).await?;
        let transport = Transport::new(self.wanted.ca_file.as_deref())?;
        let pem = match self.order(domain, known, &transport).await {
            Err(Failure::NoAccount) => {
                account::forget(&self.shelf).await;
                self.order(domain, known, &transport).await?
            }
            other => other?,
        };
        let issued = Issued::from_pem(pem.as_bytes()).map_err(|problem| {
            Failure::Unreachable(format!(
                "the ACME server issued something of no use: {problem}"
            ))
        })?;
        if !issued.covers(domain) {
            let names = issued.facts.names.dns;
            return Err(Failure::Unreachable(format!(
                "the ACME server issued a certificate for {names:?} instead of {domain}"
            )));
        }
        self.shelf.put_certificate(domain, pem).await?;
        Ok(issued)
    }

    /// Tries one proof after the other.
    async fn order(
        &self,
        domain: &str,
        known: &mut Known,
        transport: &Transport,
    ) -> Result<String, Failure> {
        let account = account::open(self.wanted, &self.shelf, transport).await?;
        let desk = Desk {
            core: self.core,
            wanted: self.wanted,
            shelf: &self.shelf,
            transport,
            account: &account,
        };
        // An order under way is gone on with first.
        let mut proofs = self.wanted.challenges.clone();
        if let Some(open) = &known.record.order {
            proofs.sort_by_key(|proof| !open.is_by(*proof));
        }
        let mut first_failure = None;
        for proof in proofs {
            match desk.order(domain, proof, &mut known.record).await {
                Ok(pem) => return Ok(pem),
                Err(failure @ (Failure::Denied { .. } | Failure::Port { .. })) => {
                    if matches!(failure, Failure::Denied { .. }) {
                        known.record.refused(self.core.now_ms());
                        self.shelf.put_record(domain, &known.record).await?;
                    }
                    tracing::info!(target: "gateway", domain, proof = proof.name(), ?failure, "acme: not proven");
                    first_failure = first_failure.or(Some(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(first_failure.unwrap_or(Failure::Interrupted))
    }

    /// Hands the certificates to the gateway.
    fn serve(&self) {
        let issued = self
            .domains
            .values()
            .filter_map(|known| known.issued.clone());
        self.core.tls.set_issued(issued.collect());
    }

    /// Says how it goes.
    fn tell(&self) {
        let now_ms = self.core.now_ms();
        match state(&self.domains, now_ms) {
            State::Starting => self.part.starting(),
            State::Up(detail) => self.part.up(detail),
            State::Degraded(advice, retry_at_ms) => {
                let wait = u64::try_from(retry_at_ms - now_ms).unwrap_or_default();
                self.part.degraded(
                    &advice.reason,
                    &advice.fix,
                    Some(Duration::from_millis(wait)),
                );
            }
        }
    }
}

fn due_ms(known: &Known, now_ms: i64) -> i64 {
    let facts = known.issued.as_ref().map(|issued| &issued.facts);
    next_order_ms(&known.record, facts, now_ms)
}

/// How it goes, in the words of subsystems.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Starting,
    Up(String),
    Degraded(Advice, i64),
}

fn state(domains: &BTreeMap<String, Known>, now_ms: i64) -> State {
    let failing = domains
        .values()
        .filter_map(|known| {
            let advice = known.record.advice.clone()?;
            Some((due_ms(known, now_ms), advice))
        })
        .min_by_key(|(at, _)| *at);
    if let Some((at, advice)) = failing {
        return State::Degraded(advice, at);
    }
    let certificates: Option<Vec<_>> = domains
        .iter()
        .map(|(domain, known)| Some((domain, known.issued.as_ref()?, known.record.issued_at_ms)))
        .collect();
    let Some(certificates) = certificates else {
        return State::Starting;
    };
    let each = certificates.iter().map(|(domain, issued, issued_at_ms)| {
        format!(
            "{domain} until {}, renewed on {}",
            date(issued.facts.not_after_ms),
            date(renewal_ms(&issued.facts, *issued_at_ms))
        )
    });
    State::Up(each.collect::<Vec<_>>().join("; "))
}

/// The day, in UTC.
fn date(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

/// What must change for an attempt to be worth making before its time: anything that the server sees.
fn settings_mark(wanted: &Wanted) -> String {
    let binding = wanted.binding.as_ref().map(|binding| &binding.key_id);
    let text = format!(
        "{} {:?} {:?} {:?} {:?} {:?} {binding:?}",
        wanted.directory,
        wanted.contact,
        wanted.challenges,
        wanted.http_port,
        wanted.tls_port,
        wanted.ca_file
    );
    let hash = digest(&SHA256, text.as_bytes());
    data_encoding::HEXLOWER.encode(&hash.as_ref()[..8])
}
