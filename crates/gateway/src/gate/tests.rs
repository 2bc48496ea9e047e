use super::*;

fn limits() -> GateLimits {
    GateLimits {
        per_address: 2,
        loopback: 4,
        total: 5,
        connections: 20,
        waiting: 3,
        wait: Duration::from_secs(2),
    }
}

fn enter(gate: &Gate, address: &str) -> Result<PreAuthPermit, Refusal> {
    let charge = Charge::Address(address.parse().unwrap());
    gate.try_enter(charge, gate.connection()?)
        .map_err(|(refusal, _)| refusal)
}

#[test]
fn s08_one_address_cannot_take_everything() {
    let gate = Gate::new(limits());
    let _first = enter(&gate, "192.0.2.1").unwrap();
    let second = enter(&gate, "192.0.2.1").unwrap();
    assert_eq!(enter(&gate, "192.0.2.1").unwrap_err(), Refusal::Address);
    let _other = enter(&gate, "192.0.2.2").unwrap();
    drop(second);
    let _again = enter(&gate, "192.0.2.1").unwrap();
}

#[test]
fn s15_rotating_addresses_meet_the_prefix_and_the_total() {
    let gate = Gate::new(limits());
    let same_prefix = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
    let _held: Vec<_> = same_prefix[..2]
        .iter()
        .map(|address| enter(&gate, address).unwrap())
        .collect();
    assert_eq!(enter(&gate, same_prefix[2]).unwrap_err(), Refusal::Address);
    let _more: Vec<_> = (1..=3)
        .map(|last| enter(&gate, &format!("198.51.100.{last}")).unwrap())
        .collect();
    assert_eq!(enter(&gate, "198.51.100.9").unwrap_err(), Refusal::Total);
    assert_eq!(gate.counts().unauthenticated, 5);
}

#[test]
fn mapped_addresses_are_the_same_client() {
    let gate = Gate::new(limits());
    let _first = enter(&gate, "192.0.2.1").unwrap();
    let _second = enter(&gate, "::ffff:192.0.2.1").unwrap();
    assert_eq!(enter(&gate, "192.0.2.1").unwrap_err(), Refusal::Address);
}

#[test]
fn loopback_has_a_budget_of_its_own() {
    let gate = Gate::new(limits());
    let _remote: Vec<_> = (1..=5)
        .map(|last| enter(&gate, &format!("198.51.100.{last}")).unwrap())
        .collect();
    let _local: Vec<_> = ["127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"]
        .iter()
        .map(|address| enter(&gate, address).unwrap())
        .collect();
    assert_eq!(enter(&gate, "::1").unwrap_err(), Refusal::Address);
}

#[test]
fn authenticated_connections_free_the_share_but_stay_counted() {
    let gate = Gate::new(limits());
    let mut permits: Vec<_> = (0..20)
        .map(|_| {
            let mut permit = enter(&gate, "192.0.2.1").unwrap();
            permit.authenticated();
            permit
        })
        .collect();
    let counts = gate.counts();
    assert_eq!((counts.connections, counts.unauthenticated), (20, 0));
    assert_eq!(enter(&gate, "192.0.2.2").unwrap_err(), Refusal::Connections);
    permits.pop();
    drop(enter(&gate, "192.0.2.2").unwrap());
    drop(permits);
    let counts = gate.counts();
    assert_eq!((counts.connections, counts.unauthenticated), (0, 0));
    assert_eq!(counts.admitted, 21);
    assert_eq!(counts.refused_connections, 1);
    assert!(gate.inner.keys.lock().is_empty());
}

#[test]
fn s15_a_client_behind_a_trusted_proxy_is_charged_itself() {
    let gate = Gate::new(limits());
    let client: IpAddr = "203.0.113.7".parse().unwrap();
    let through_proxy = || {
        gate.try_enter(Charge::Proxy, gate.connection().unwrap())
            .unwrap()
    };
    let mut first = through_proxy();
    let mut second = through_proxy();
    let mut third = through_proxy();
    first.charge_client(client).unwrap();
    second.charge_client(client).unwrap();
    assert_eq!(third.charge_client(client).unwrap_err(), Refusal::Address);
    through_proxy()
        .charge_client("203.0.113.8".parse().unwrap())
        .unwrap();
    assert_eq!(gate.counts().refused_address, 1);
    assert_eq!(gate.counts().unauthenticated, 2);
}

#[test]
fn the_control_socket_needs_no_budget() {
    let gate = Gate::new(GateLimits {
        connections: 0,
        ..limits()
    });
    assert!(gate.connection().is_err());
    let mut permit = PreAuthPermit::unlimited();
    permit.charge_client("192.0.2.1".parse().unwrap()).unwrap();
    permit.authenticated();
}

#[tokio::test(start_paused = true)]
async fn u21_a_herd_is_let_in_one_after_the_other() {
    let gate = Gate::new(limits());
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    let mut inside = vec![
        enter(&gate, "192.0.2.1").unwrap(),
        enter(&gate, "192.0.2.1").unwrap(),
    ];
    let mut waiters: Vec<_> = (0..3)
        .map(|_| {
            let (gate, connection) = (gate.clone(), gate.connection().unwrap());
            let place = gate.waiting_room().unwrap();
            crate::tasks::spawn_owned("waiter", async move {
                gate.enter(Charge::Address(address), connection, &place)
                    .await
            })
        })
        .collect();
    assert!(gate.waiting_room().is_none());
    tokio::task::yield_now().await;
    assert_eq!(gate.counts().waiting, 3);
    for permit in &mut inside {
        permit.authenticated();
    }
    let last = waiters.pop().unwrap();
    for waiter in waiters {
        inside.push(waiter.await.unwrap().unwrap());
    }
    assert_eq!(last.await.unwrap().unwrap_err(), Refusal::Address);
    assert_eq!(gate.counts().waiting, 0);
    assert_eq!(gate.counts().refused_address, 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_total_ends_too() {
    let gate = Gate::new(limits());
    let _held: Vec<_> = (1..=5)
        .map(|last| enter(&gate, &format!("198.51.100.{last}")).unwrap())
        .collect();
    let place = gate.waiting_room().unwrap();
    let refused = gate
        .enter(Charge::Proxy, gate.connection().unwrap(), &place)
        .await;
    assert_eq!(refused.unwrap_err(), Refusal::Total);
    assert_eq!(gate.counts().connections, 5);
}

#[test]
fn budgets_follow_the_descriptor_limit() {
    for (fds, connections) in [(0, 64), (256, 128), (1024, 896), (65_536, 65_408)] {
        assert_eq!(connection_budget(fds), connections, "{fds}");
    }
    assert!(connection_budget(u64::MAX) >= 1 << 20);
}
