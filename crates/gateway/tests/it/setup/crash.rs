//! Kill -9 somewhere between the use of a code and its answer.

use std::net::SocketAddr;
use std::time::Duration;

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::TestDevice;
use openclaw_testkit::wire::{Wire, node_params, operator_params};
use serde_json::json;

use super::{token, with_code};
use crate::kill::Running;

/// Moments of the kill, in microseconds after the connect request left.
const MOMENTS_US: [u64; 12] = [
    0, 100, 200, 400, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000, 13_000,
];

async fn remote(gateway: &Running) -> Wire {
    let address: SocketAddr = gateway.address.parse().unwrap();
    Wire::open(address, &[("X-Forwarded-For", "198.51.100.4")])
        .await
        .unwrap()
}

#[tokio::test]
async fn u24_after_kill_9_the_same_device_may_finish_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    for moment in MOMENTS_US {
        let mut gateway = Running::start(home.path()).await;
        let mut owner = Wire::open_unix(&gateway.control).await.unwrap();
        owner
            .hello(operator_params(None, &["operator.admin"]), None)
            .await;
        let made = owner
            .ok(
                "device.pair.setupCode",
                json!({ "bootstrapProfile": "node", "force": true }),
            )
            .await;
        let (first, second) = (TestDevice::new(), TestDevice::new());
        let params = with_code(node_params(None, "Box", &["system.which"]), &token(&made));
        let mut wire = remote(&gateway).await;
        tokio::select! {
            _ = wire.try_connect(params.clone(), Some((&first, ProofVersion::V3))) => {}
            () = tokio::time::sleep(Duration::from_micros(moment)) => {}
        }
        gateway.kill().await;

        let mut gateway = Running::start(home.path()).await;
        let mut wire = remote(&gateway).await;
        let hello = wire.hello(params.clone(), Some(&first)).await;
        assert_eq!(
            hello["auth"]["method"], "bootstrap-token",
            "killed after {moment} us"
        );
        let mut other = remote(&gateway).await;
        let answer = other
            .connect(params, Some((&second, ProofVersion::V3)))
            .await
            .unwrap();
        assert_eq!(
            answer["error"]["details"]["code"], "AUTH_BOOTSTRAP_TOKEN_INVALID",
            "{answer}"
        );
        gateway.kill().await;
    }
}
