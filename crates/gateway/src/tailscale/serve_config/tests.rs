//! Our route among the routes of others.

use super::*;

const HOST: &str = "gw.tail1.ts.net";

fn route(port: u16, funnel: bool) -> Route {
    Route {
        host: HOST.to_owned(),
        port,
        ingress: 20_001,
        funnel,
    }
}

fn foreign() -> Value {
    json!({
        "TCP": { "8443": { "HTTPS": true }, "2222": { "TCPForward": "127.0.0.1:22", "TerminateTLS": HOST } },
        "Web": { "gw.tail1.ts.net:8443": { "Handlers": { "/": { "Proxy": "http://127.0.0.1:3000" }, "/docs": { "Path": "/srv/docs" } } } },
        "AllowFunnel": { "gw.tail1.ts.net:8443": true },
        "Services": { "svc:db": { "Tun": true } },
    })
}

fn change(finding: Finding) -> Change {
    match finding {
        Finding::Change(change) => change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn u06_c_the_route_is_added_once_and_taken_out_without_a_trace() {
    for before in [Value::Null, json!({}), foreign()] {
        for funnel in [false, true] {
            let route = route(443, funnel);
            let change = change(place(&before, &route, &[20_001], false));
            assert_eq!(change.steps, [Step::Enable(route.clone())]);
            assert_eq!(
                place(&change.after, &route, &[20_001], funnel),
                Finding::InPlace {
                    foreign_funnel: false
                }
            );
            let gone = remove(&change.after, &[20_001], true).unwrap();
            assert_eq!(gone.after.to_string(), object(&before).to_string());
            assert_eq!(gone.steps, [Step::Remove { port: 443, funnel }]);
        }
        assert_eq!(remove(&before, &[20_001], true), None);
    }
}

#[test]
fn u06_c_what_others_have_at_our_place_is_a_conflict() {
    let places = [
        (
            json!({ "TCP": { "443": { "TCPForward": "127.0.0.1:22" } } }),
            "TCP to 127.0.0.1:22",
        ),
        (json!({ "TCP": { "443": { "HTTP": true } } }), "plain HTTP"),
        (
            json!({ "TCP": { "443": { "HTTPS": true } }, "Web": { "gw.tail1.ts.net:443": { "Handlers": { "/": { "Proxy": "http://127.0.0.1:3000" } } } } }),
            "proxy to http://127.0.0.1:3000",
        ),
        (
            json!({ "TCP": { "443": { "HTTPS": true } }, "Web": { "gw.tail1.ts.net:443": { "Handlers": { "/": { "Proxy": "http://127.0.0.1:20001" }, "/app": { "Path": "/srv" } } } } }),
            "files of /srv at /app",
        ),
        (
            json!({ "Foreground": { "abc": { "TCP": { "443": { "HTTPS": true } } } } }),
            "runs in a terminal",
        ),
        (
            json!({ "AllowFunnel": { "gw.tail1.ts.net:443": true } }),
            "tailscale funnel --https=443 off",
        ),
    ];
    for (config, what) in places {
        match place(&config, &route(443, false), &[20_001], false) {
            Finding::Conflict { what: found } => assert!(found.contains(what), "{found}"),
            other => panic!("{config}: {other:?}"),
        }
        let free = free_port(&config, &[443, 8443]);
        assert!(free.is_some(), "{config}");
    }
    assert_eq!(free_port(&foreign(), &[8443, 443]), Some(443));
}

#[test]
fn u06_somebody_elses_funnel_is_never_switched() {
    let mut config = change(place(&json!({}), &route(443, false), &[20_001], false)).after;
    put(
        &mut config,
        "AllowFunnel",
        "gw.tail1.ts.net:443",
        Value::Bool(true),
    );
    // Switched on by somebody for our route: left as it is.
    assert_eq!(
        place(&config, &route(443, false), &[20_001], false),
        Finding::InPlace {
            foreign_funnel: true
        }
    );
    let gone = remove(&config, &[20_001], false).unwrap();
    assert_eq!(
        gone.after,
        json!({ "AllowFunnel": { "gw.tail1.ts.net:443": true } })
    );
    // Ours: goes when the mode says serve.
    let served = change(place(&config, &route(443, false), &[20_001], true));
    assert_eq!(served.after.get("AllowFunnel"), None);
}

#[test]
fn u06_c_a_route_of_an_earlier_start_is_pointed_at_us_again() {
    let old = change(place(
        &foreign(),
        &Route {
            ingress: 19_999,
            ..route(443, false)
        },
        &[19_999],
        false,
    ))
    .after;
    let moved = change(place(&old, &route(443, false), &[20_001, 19_999], false));
    assert_eq!(our_places(&moved.after, &[20_001]), ["gw.tail1.ts.net:443"]);
    assert_eq!(our_places(&moved.after, &[19_999]), Vec::<String>::new());
    // Another port, or another name of the machine: the old place is given up.
    for other in [
        route(10_000, false),
        Route {
            host: "new.tail1.ts.net".to_owned(),
            ..route(443, false)
        },
    ] {
        let moved = change(place(&old, &other, &[20_001, 19_999], false));
        assert_eq!(
            our_places(&moved.after, &[20_001, 19_999]),
            [other.host_port()]
        );
        let gone = remove(&moved.after, &[20_001], false).unwrap();
        assert_eq!(gone.after.to_string(), foreign().to_string());
    }
}

proptest::proptest! {
    #[test]
    fn foreign_routes_come_back_byte_for_byte(
        ports in proptest::collection::btree_set(1_u16..60_000, 0..5),
        names in proptest::collection::vec("[a-z]{1,8}", 0..4),
        funnel: bool,
    ) {
        let mut config = json!({});
        for port in ports.iter().filter(|port| **port != 443) {
            put(&mut config, "TCP", &port.to_string(), json!({ "HTTPS": true }));
            for name in &names {
                let handlers = json!({ "Handlers": { "/": { "Proxy": format!("http://127.0.0.1:{port}") }, "/x": { "Text": "x" } } });
                put(&mut config, "Web", &format!("{name}.tail1.ts.net:{port}"), handlers);
            }
        }
        let ours = [61_000];
        let route = Route { ingress: 61_000, ..route(443, funnel) };
        let placed = change(place(&config, &route, &ours, false));
        let gone = remove(&placed.after, &ours, true).unwrap();
        proptest::prop_assert_eq!(gone.after.to_string(), config.to_string());
    }
}
