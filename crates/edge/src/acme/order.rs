//! One order at the ACME server: from a domain to a certificate.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeHandle, ChallengeType, Identifier, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use openclaw_gateway::core::Core;
use openclaw_gateway::tls::{ChallengeKind, ChallengePort, Offered};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::failure::Failure;
use super::schedule::{OpenOrder, Record};
use super::settings::{Proof, Wanted};
use super::shelf::Shelf;
use super::transport::Transport;

/// How long the server may take to look at the domain, and how often it is asked whether it did.
const PROVING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.5)
    .timeout(Duration::from_secs(90));
/// How long the server may take to sign.
const SIGNING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(100))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

/// What an order works with.
pub(crate) struct Desk<'a> {
    /// The gateway that answers the server's questions.
    pub(crate) core: &'a Core,
    /// What is wanted.
    pub(crate) wanted: &'a Wanted,
    /// Where things are kept.
    pub(crate) shelf: &'a Shelf,
    /// The way to the server.
    pub(crate) transport: &'a Transport,
    /// Who we are there.
    pub(crate) account: &'a Account,
}

impl Desk<'_> {
    /// Orders a certificate for one domain, or goes on with the order that `record` knows. Returns key and chain, PEM.
    pub(crate) async fn order(
        &self,
        domain: &str,
        proof: Proof,
        record: &mut Record,
    ) -> Result<String, Failure> {
        let _port = self.open_port(proof)?;
        let mut order = match self.resume(domain, proof, record).await {
            Some(order) => order,
            None => self.begin(domain, proof, record).await?,
        };
        self.prove(&mut order, proof).await?;
        self.collect(&mut order, domain).await
    }

    fn failed(&self, error: &instant_acme::Error) -> Failure {
        Failure::from_error(error, self.transport.retry_after())
    }

    /// Opens the extra port of a challenge; the gateway's own port answers all along.
    fn open_port(&self, proof: Proof) -> Result<Option<ChallengePort>, Failure> {
        let (kind, port) = match proof {
            Proof::Http => (ChallengeKind::Http, self.wanted.http_port),
            Proof::Tls => (ChallengeKind::Tls, self.wanted.tls_port),
        };
        let Some(port) = port.filter(|port| *port != self.core.port()) else {
            return Ok(None);
        };
        match ChallengePort::open(self.core.tls.challenges(), kind, port) {
            Ok(open) => Ok(Some(open)),
            Err(error) => Err(Failure::Port {
                port,
                detail: error.to_string(),
            }),
        }
    }

    /// The order that the last attempt left, if it is still good for something.
    async fn resume(&self, domain: &str, proof: Proof, record: &mut Record) -> Option<Order> {
        let open = record.order.take().filter(|open| open.is_by(proof))?;
        let mut order = self.account.order(open.url.clone()).await.ok()?;
        let goes_on = match order.state().status {
            OrderStatus::Pending | OrderStatus::Ready => true,
            // What was signed is of use with its key only.
            OrderStatus::Processing | OrderStatus::Valid => {
                self.shelf.next_key(domain).await.is_some()
            }
            OrderStatus::Invalid => false,
        };
        goes_on.then(|| {
            record.order = Some(open);
            order
        })
    }

    async fn begin(
        &self,
        domain: &str,
        proof: Proof,
        record: &mut Record,
    ) -> Result<Order, Failure> {
        let identifiers = [Identifier::Dns(domain.to_owned())];
        let order = self
            .account
            .new_order(&NewOrder::new(&identifiers))
            .await
            .map_err(|error| self.failed(&error))?;
        record.order = Some(OpenOrder {
            url: order.url().to_owned(),
            proof: proof.name().to_owned(),
        });
        self.shelf.put_record(domain, record).await?;
        Ok(order)
    }

    /// Answers the server's questions until it is satisfied or not.
    async fn prove(&self, order: &mut Order, proof: Proof) -> Result<(), Failure> {
        if order.state().status != OrderStatus::Pending {
            return Ok(());
        }
        let mut offered = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| self.failed(&error))?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                _ => return Err(denial(&authorization.challenges, proof)),
            }
            let name = match authorization.identifier().identifier {
                Identifier::Dns(name) => name.clone(),
                other => return Err(Failure::Refused(format!("{other:?} was not ordered"))),
            };
            let Some(mut challenge) = authorization.challenge(challenge_type(proof)) else {
                return Err(Failure::Refused(format!(
                    "the server offers no {} for {name}",
                    proof.name()
                )));
            };
            offered.push(self.offer(&name, proof, &challenge)?);
            challenge
                .set_ready()
                .await
                .map_err(|error| self.failed(&error))?;
        }
        match order.poll_ready(&PROVING).await {
            Ok(OrderStatus::Invalid) => Err(self.why_invalid(order, proof).await),
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = self.failed(&error);
                // The reason may stand with the order instead of the authorization.
                match (&error, failure) {
                    (instant_acme::Error::Api(problem), Failure::Refused(_))
                        if order.state().status == OrderStatus::Invalid =>
                    {
                        Err(Failure::from_proof(proof, Some(problem)))
                    }
                    (_, failure) => Err(failure),
                }
            }
        }
    }

    fn offer(
        &self,
        domain: &str,
        proof: Proof,
        challenge: &ChallengeHandle<'_>,
    ) -> Result<Offered, Failure> {
        let challenges = self.core.tls.challenges();
        let answer = challenge.key_authorization();
        match proof {
            Proof::Http => Ok(challenges.offer_http(&challenge.token, answer.as_str())),
            Proof::Tls => {
                let certificate =
                    challenge_certificate(domain, answer.digest().as_ref()).map_err(|error| {
                        Failure::Refused(format!(
                            "no certificate for the challenge could be made: {error}"
                        ))
                    })?;
                Ok(challenges.offer_tls(domain, Arc::new(certificate)))
            }
        }
    }

    async fn why_invalid(&self, order: &mut Order, proof: Proof) -> Failure {
        let mut authorizations = order.authorizations();
        while let Some(Ok(mut authorization)) = authorizations.next().await {
            if let Ok(state) = authorization.refresh().await
                && state.status == AuthorizationStatus::Invalid
            {
                return denial(&state.challenges, proof);
            }
        }
        Failure::from_proof(proof, None)
    }

    /// Has the certificate signed and fetches it.
    async fn collect(&self, order: &mut Order, domain: &str) -> Result<String, Failure> {
        let unmade = |error: rcgen::Error| Failure::Refused(format!("no request: {error}"));
        let kept = self.shelf.next_key(domain).await;
        let key = if let Some(key) = kept.and_then(|pem| KeyPair::from_pem(&pem).ok()) {
            key
        } else {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(unmade)?;
            self.shelf.put_next_key(domain, key.serialize_pem()).await?;
            key
        };
        if matches!(
            order.state().status,
            OrderStatus::Pending | OrderStatus::Ready
        ) {
            let mut params = CertificateParams::new(vec![domain.to_owned()]).map_err(unmade)?;
            params.distinguished_name = DistinguishedName::new();
            let request = params.serialize_request(&key).map_err(unmade)?;
            order
                .finalize_csr(request.der())
                .await
                .map_err(|error| self.failed(&error))?;
        }
        let chain = order
            .poll_certificate(&SIGNING)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(format!("{}{chain}", key.serialize_pem()))
    }
}

fn challenge_type(proof: Proof) -> ChallengeType {
    match proof {
        Proof::Http => ChallengeType::Http01,
        Proof::Tls => ChallengeType::TlsAlpn01,
    }
}

fn denial(challenges: &[instant_acme::Challenge], proof: Proof) -> Failure {
    let problem = challenges
        .iter()
        .find_map(|challenge| challenge.error.as_ref());
    Failure::from_proof(proof, problem)
}

/// The certificate of tls-alpn-01: for the domain, with the answer in an extension.
fn challenge_certificate(domain: &str, answer: &[u8]) -> Result<CertifiedKey, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::DnsName(domain.try_into()?)];
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(answer)];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = any_ecdsa_type(&der).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
    Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
}
