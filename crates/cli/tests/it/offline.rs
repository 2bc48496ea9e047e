//! The owner decides also while the gateway is down.

use serde_json::json;

use crate::place::Place;
use crate::relay;

#[test]
fn u01_b_devices_are_approved_while_the_gateway_is_down() {
    let token = "shared-token-0123456789";
    let place = Place::with_gateway(
        &json!({ "auth": { "token": token }, "trustedProxies": ["127.0.0.1"] }),
    );
    let gateway = place.gateway(&[]);
    let port = gateway.port;
    let outside = relay::start(port);
    let url = format!("ws://127.0.0.1:{outside}");
    let client = Place::new();
    let health = ["health", "--url", &url, "--token", token];
    client.run(&health).fails(1);
    assert!(gateway.stop().success());

    let list = place.run(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["pending"][0]["remoteIp"], relay::OUTSIDE);
    let code = list["pending"][0]["code"].as_str().unwrap().to_owned();
    let ran = place.run(&["devices", "list"]).ok();
    assert!(ran.err.contains("The gateway is not running"), "{ran:?}");
    place.run(&["devices", "approve", &code]).ok();
    let list = place.run(&["devices", "list", "--json"]).ok().json();
    let id = list["paired"][0]["deviceId"].as_str().unwrap().to_owned();
    place.run(&["devices", "rename", &id, "Phone"]).ok();

    let mut again = place.start(&["gateway", "run", "--port", &port.to_string()]);
    again.wait_for("listening on");
    client.run(&health).ok();
    assert!(place.run(&["devices", "list"]).ok().out.contains("Phone"));
    let audit = place
        .run(&["audit", "list", "--kind", "pair.approve"])
        .ok()
        .out;
    assert!(audit.contains("owner"), "{audit}");
    assert!(
        place
            .run(&["audit", "verify"])
            .ok()
            .out
            .starts_with("Audit log intact")
    );
    again.signal("TERM");
    assert!(again.wait().0.success());
    place.run(&["devices", "remove", "phone"]).ok();
    assert_eq!(
        place.run(&["devices", "list"]).ok().out,
        "No device pairing entries.\n"
    );
}
