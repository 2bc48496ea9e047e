//! Mistakes of our own config.

use serde_json::json;

use super::stage::{Answer, Fault};

pub(super) fn all(faults: &mut Vec<Fault>) {
    let pin = "ab".repeat(32);
    faults.extend([
        Fault::new("remote mode without `gateway.remote.url`", "config_remote_url_missing", "gateway.mode is remote", "config set gateway.remote.url"),
        Fault::new("`--remote` on a machine that knows no other gateway", "config_remote_url_missing", "no --url was given", "openclaw doctor")
            .mode(Some("local"))
            .elsewhere(),
        Fault::new("a machine that is only a node of another gateway", "config_node_only", "it is a node of wss://gw.example.org:8443", "openclaw doctor --url wss://gw.example.org:8443")
            .mode(None)
            .file("node.json", r#"{"version":1,"nodeId":"n","displayName":"box","gateway":{"host":"gw.example.org","port":8443,"tls":true}}"#),
        Fault::new("`--remote` on a machine that is only a node, whose gateway is away", "tcp_refused", "refuses port", "openclaw gateway status")
            .mode(None)
            .elsewhere()
            .name("gw.example.org", Answer::Addresses(vec!["127.0.0.1:8443".parse().expect("an address")]))
            .unreachable(std::io::ErrorKind::ConnectionRefused)
            .file("node.json", r#"{"version":1,"nodeId":"n","displayName":"box","gateway":{"host":"gw.example.org","port":8443,"tls":true}}"#),
        Fault::new("`--url` that is no URL", "config_url_invalid", "gw.example.org:18789", "pass --url wss://")
            .flag_url("gw.example.org:18789"),
        Fault::new("a user name in the URL", "config_url_invalid", "no user name or password", "config set gateway.remote.url")
            .url("wss://me:secret@gw.example.org"),
        Fault::new("a pin for a `ws://` URL", "config_pin_without_tls", "nothing would be checked", "gateway.remote.url wss://192.168.7.7:18789")
            .url("ws://192.168.7.7:18789")
            .remote("tlsFingerprint", json!(pin)),
        Fault::new("`ws://` to a public address", "config_plaintext_public", "203.0.113.9 is a public address", "ssh -N -L 18789:127.0.0.1:18789")
            .url("ws://203.0.113.9:18789"),
        Fault::new("`ws://` to a name with a public address", "config_plaintext_public", "203.0.113.9 is a public address", "gateway.remote.url wss://gw.example.org:18789")
            .url("ws://gw.example.org:18789")
            .name("gw.example.org", Answer::Addresses(vec!["203.0.113.9:18789".parse().expect("an address")])),
    ]);
}
