//! One route, ours, and nobody else's.

use std::sync::Arc;

use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::tailscale::{HOST, StandIn, Visit};
use openclaw_testkit::wire::operator_params;
use serde_json::{Value, json};

use super::{
    PASSWORD, builder, config, proxy, serves_locally, until_degraded, until_off, until_up, visit,
};

fn foreign() -> Value {
    json!({
        "TCP": { "8443": { "HTTPS": true }, "2222": { "TCPForward": "127.0.0.1:22" } },
        "Web": { "gw.tail1.ts.net:8443": { "Handlers": { "/": { "Proxy": "http://127.0.0.1:3000" }, "/docs": { "Path": "/srv" } } } },
        "AllowFunnel": { "gw.tail1.ts.net:8443": true },
    })
}

#[tokio::test]
async fn u06_serve_gives_https_in_the_tailnet_and_says_where() {
    let stand_in = StandIn::start();
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    let detail = until_up(&gateway).await;
    assert_eq!(
        detail,
        format!("serve enabled: https://{HOST}/ (WS via wss://{HOST})")
    );
    let (front, _) = stand_in.front(Visit::from("100.64.0.9")).await;
    let mut wire = visit(front, &[]).await;
    let hello = wire
        .hello(operator_params(Some(TOKEN), &["operator.read"]), None)
        .await;
    // From elsewhere, whatever the socket says: the shared secret without a device gives no scopes.
    assert_eq!(hello["auth"]["method"], "token");
    assert_eq!(hello["auth"]["scopes"], json!([]));
    let facts = gateway.gateway.core().tailnet_facts();
    assert_eq!(facts.name.as_deref(), Some(HOST));
    assert_eq!(facts.url.as_deref(), Some("https://gw.tail1.ts.net"));
    assert_eq!(facts.addresses.len(), 2);
}

#[tokio::test]
async fn u06_c_fifty_restarts_leave_one_route_and_the_others_as_they_were() {
    let stand_in = StandIn::start();
    stand_in.change(|machine| machine.routes = foreign());
    let mut home = None;
    let mut first = None;
    for round in 0..50 {
        let mut prepared = builder(&stand_in, &json!({ "mode": "serve" }));
        if let Some(home) = home.take() {
            prepared = prepared.home(home);
        }
        let gateway = prepared.start().await;
        until_up(&gateway).await;
        let routes = stand_in.routes();
        assert_eq!(
            *first.get_or_insert_with(|| routes.clone()),
            routes,
            "{round}"
        );
        let (report, kept) = gateway.stop().await;
        assert!(report.is_clean(), "{report:?}");
        home = Some(kept);
    }
    let calls = stand_in.machine().calls;
    assert_eq!(calls, ["api serve-config"], "one change is enough");
    // Taken down at the end, only the others are left, byte for byte.
    let home: Arc<_> = home.unwrap();
    let gateway = builder(&stand_in, &json!({ "mode": "serve", "resetOnExit": true }))
        .home(home)
        .start()
        .await;
    until_up(&gateway).await;
    gateway.stop().await;
    assert_eq!(stand_in.routes(), foreign().to_string());
}

#[tokio::test]
async fn u06_c_a_route_left_behind_is_taken_down_when_it_is_no_longer_wanted() {
    let stand_in = StandIn::start();
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    until_up(&gateway).await;
    let (_, home) = gateway.stop().await;
    assert!(proxy(&stand_in, 443).is_some());
    let gateway = builder(&stand_in, &json!({ "mode": "off" }))
        .home(home)
        .start()
        .await;
    until_off(&gateway).await;
    assert_eq!(stand_in.routes(), "{}");
}

#[tokio::test]
async fn u22_the_route_follows_the_settings_while_the_gateway_runs() {
    let stand_in = StandIn::start();
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    until_up(&gateway).await;
    let was = proxy(&stand_in, 443).unwrap();
    gateway.apply_config(&config(
        &json!({ "tailscale": { "mode": "serve", "port": 8443 } }),
    ));
    super::until(&gateway, |state| format!("{state:?}").contains(":8443/ ")).await;
    assert_eq!(proxy(&stand_in, 443), None);
    assert_eq!(proxy(&stand_in, 8443).as_deref(), Some(was.as_str()));
    gateway.apply_config(&config(&json!({ "tailscale": { "mode": "off" } })));
    until_off(&gateway).await;
    assert_eq!(stand_in.routes(), "{}");
    let auth = json!({ "mode": "password", "password": PASSWORD });
    gateway.apply_config(&config(
        &json!({ "tailscale": { "mode": "funnel" }, "auth": auth }),
    ));
    assert!(
        until_up(&gateway)
            .await
            .starts_with("funnel enabled: https://gw.tail1.ts.net/ ")
    );
    assert_eq!(
        stand_in.machine().routes["AllowFunnel"],
        json!({ "gw.tail1.ts.net:443": true })
    );
    gateway.apply_config(&config(
        &json!({ "tailscale": { "mode": "serve" }, "auth": auth }),
    ));
    super::until(&gateway, |state| {
        format!("{state:?}").contains("serve enabled")
    })
    .await;
    assert_eq!(stand_in.machine().routes.get("AllowFunnel"), None);
}

#[tokio::test]
async fn u06_c_somebody_elses_route_and_funnel_stay_and_the_fix_names_a_free_port() {
    let stand_in = StandIn::start();
    let theirs = json!({
        "TCP": { "443": { "HTTPS": true } },
        "Web": { "gw.tail1.ts.net:443": { "Handlers": { "/": { "Proxy": "http://127.0.0.1:3000" } } } },
        "AllowFunnel": { "gw.tail1.ts.net:443": true },
    });
    stand_in.change(|machine| machine.routes = theirs.clone());
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    let (reason, fix) = until_degraded(&gateway, "port 443").await;
    assert!(
        reason.contains("proxy to http://127.0.0.1:3000"),
        "{reason}"
    );
    assert_eq!(fix, "openclaw config set gateway.tailscale.port 8443");
    assert_eq!(stand_in.routes(), theirs.to_string());
    serves_locally(&gateway).await;
    gateway.apply_config(&config(
        &json!({ "tailscale": { "mode": "serve", "port": 8443, "resetOnExit": true } }),
    ));
    until_up(&gateway).await;
    gateway.stop().await;
    assert_eq!(stand_in.routes(), theirs.to_string());
}

#[tokio::test]
async fn u06_a_route_that_somebody_takes_away_comes_back() {
    let stand_in = StandIn::start();
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    until_up(&gateway).await;
    let routes = stand_in.routes();
    stand_in.change(|machine| machine.routes = json!({}));
    stand_in
        .until(|machine| {
            let now = machine.routes.to_string();
            now == routes
        })
        .await;
}

#[tokio::test]
async fn u06_e_the_program_is_used_where_the_socket_is_not_there_and_sudo_where_it_asks_nothing() {
    let mut stand_in = StandIn::stopped();
    stand_in.start_daemon_for_the_program();
    stand_in.install_program();
    stand_in.change(|machine| machine.routes = foreign());
    let gateway = builder(&stand_in, &json!({ "mode": "serve", "resetOnExit": true }))
        .start()
        .await;
    until_up(&gateway).await;
    let target = proxy(&stand_in, 443).unwrap();
    let calls = stand_in.machine().calls;
    assert!(
        calls.contains(&"tailscale status --json --peers=false".to_owned()),
        "{calls:?}"
    );
    assert!(
        calls.contains(&format!("tailscale serve --bg --yes --https=443 {target}")),
        "{calls:?}"
    );
    gateway.stop().await;
    assert_eq!(stand_in.routes(), foreign().to_string());
    let calls = stand_in.machine().calls;
    assert!(
        calls.contains(&"tailscale serve --https=443 --set-path=/ off".to_owned()),
        "{calls:?}"
    );
    assert!(
        !calls.iter().any(|call| call.contains("reset")),
        "{calls:?}"
    );
}
