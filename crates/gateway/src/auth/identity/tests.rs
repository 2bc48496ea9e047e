//! Claims, who confirms them, and for how long.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::peer::TailscaleClaim;

/// Answers by the last number of the address: 1 is ada, 2 a login without a domain, 3 tagged, 4 broken, 5 never answers.
#[derive(Debug, Default)]
struct Table {
    asked: AtomicUsize,
}

impl Whois for Table {
    fn whois(
        &self,
        address: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Result<Option<TailnetUser>, WhoisError>> + Send + '_>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let user = |login: &str| {
                Ok(Some(TailnetUser {
                    login: login.to_owned(),
                    name: Some("Ada".to_owned()),
                    picture: None,
                }))
            };
            match address {
                IpAddr::V4(v4) if v4.octets()[3] == 2 => user("grace"),
                IpAddr::V4(v4) if v4.octets()[3] == 3 => Ok(None),
                IpAddr::V4(v4) if v4.octets()[3] == 4 => Err(WhoisError("broken".to_owned())),
                IpAddr::V4(v4) if v4.octets()[3] == 5 => std::future::pending().await,
                _ => user("Ada@Example.com"),
            }
        })
    }
}

fn identities() -> (Identities, Arc<Table>) {
    let identities = Identities::default();
    let table = Arc::new(Table::default());
    identities.set_whois(Some(Arc::clone(&table) as Arc<dyn Whois>));
    (identities, table)
}

fn claim(login: &str, last: u8) -> Claim {
    Claim::Tailscale(TailscaleClaim {
        login: login.to_owned(),
        name: Some("as claimed".to_owned()),
        picture: Some("https://example.com/ada.png".to_owned()),
        address: Ipv4Addr::new(100, 64, 0, last).into(),
    })
}

#[tokio::test(start_paused = true)]
async fn u17_only_what_the_daemon_confirms_is_an_identity() {
    let (identities, _) = identities();
    let identity = identities
        .verify(&claim(" ADA@example.com ", 1))
        .await
        .unwrap();
    assert_eq!(identity.user, "Ada@Example.com");
    assert_eq!(identity.name.as_deref(), Some("Ada"));
    assert_eq!(
        identity.picture.as_deref(),
        Some("https://example.com/ada.png")
    );
    // Control servers of others know logins without a domain.
    assert!(identities.verify(&claim("grace", 2)).await.is_ok());
    for (login, last, error) in [
        ("eve@example.com", 1, IdentityError::TailscaleMismatch),
        ("grace@example.com", 2, IdentityError::TailscaleMismatch),
        ("tagged-devices", 3, IdentityError::TailscaleWhois),
        ("ada@example.com", 4, IdentityError::TailscaleWhois),
        ("ada@example.com", 5, IdentityError::TailscaleWhois),
    ] {
        let verdict = identities.verify(&claim(login, last)).await;
        assert_eq!(verdict, Err(error), "{login} {last}");
    }
    let nobody = Identities::default();
    let verdict = nobody.verify(&claim("ada@example.com", 1)).await;
    assert_eq!(verdict, Err(IdentityError::TailscaleWhois));
}

#[tokio::test(start_paused = true)]
async fn u17_answers_are_kept_a_minute_and_failures_five_seconds() {
    let (identities, table) = identities();
    let asked = || table.asked.load(Ordering::Relaxed);
    let (good, bad) = (claim("ada@example.com", 1), claim("ada@example.com", 4));
    for _ in 0..3 {
        assert!(identities.verify(&good).await.is_ok());
        assert!(identities.verify(&bad).await.is_err());
    }
    assert_eq!(asked(), 2);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert!(identities.verify(&good).await.is_ok());
    assert!(identities.verify(&bad).await.is_err());
    assert_eq!(asked(), 3);
    tokio::time::advance(Duration::from_secs(55)).await;
    assert!(identities.verify(&good).await.is_ok());
    assert_eq!(asked(), 4);
    identities.forget();
    assert!(identities.verify(&good).await.is_ok());
    assert_eq!(asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn u17_what_is_remembered_is_bounded() {
    let (identities, _) = identities();
    for number in 0..3_000_u16 {
        let [high, low] = number.to_be_bytes();
        let claim = Claim::Tailscale(TailscaleClaim {
            login: "ada@example.com".to_owned(),
            name: None,
            picture: None,
            address: Ipv4Addr::new(100, 64 + high, low, 1).into(),
        });
        assert!(identities.verify(&claim).await.is_ok());
    }
    assert!(identities.remembered_addresses() <= 1_024);
}
