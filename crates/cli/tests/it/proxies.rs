//! Real reverse proxies in front of a gateway, with the configurations that it prints for them.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_testkit::{TestDevice, Wire};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};

use crate::place::{Gateway, Place, Running, free_port};

/// What a client may send in the hope to be taken for somebody else.
const FORGED: [(&str, &str); 8] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-For", "198.51.100.66"),
    ("Forwarded", "for=198.51.100.66"),
    ("X-Real-IP", "198.51.100.66"),
    ("X-Forwarded-User", "mallory"),
    ("Tailscale-User-Login", "mallory@example.com"),
    ("X-OpenClaw-Scopes", "operator.admin"),
    ("X-OpenClaw-Proxy-Secret", "guess"),
];

/// Whether a program is here. Where everything has to be tested, a missing one is a failure.
#[expect(
    clippy::print_stderr,
    reason = "who runs the tests should know what was not run"
)]
fn is_installed(program: &str) -> bool {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).is_file());
    if !found {
        assert!(
            std::env::var_os("CI").is_none(),
            "{program} is not installed; run: cargo xtask packages"
        );
        eprintln!("not run: {program} is not installed; run: cargo xtask packages");
    }
    found
}

/// A gateway behind a proxy.
struct Front {
    place: Place,
    gateway: Gateway,
    proxy: Running,
    port: u16,
}

/// How a proxy is set up.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    program: &'a str,
    /// A Unix socket instead of a port between proxy and gateway.
    socket: bool,
    tcp: bool,
    /// Members of `gateway`.
    gateway: &'a [(&'a str, Value)],
    /// Changes the printed configuration.
    edit: &'a dyn Fn(&Place, String) -> String,
}

const AS_PRINTED: &dyn Fn(&Place, String) -> String = &|_, text| text;

impl Front {
    fn start(wanted: Wanted<'_>) -> Self {
        let port = free_port();
        let place = Place::new();
        let socket = place.path("proxy.sock");
        let listen = if wanted.socket {
            socket.display().to_string()
        } else {
            format!("127.0.0.1:{}", free_port())
        };
        let mut gateway = json!({
            "publicOrigin": format!("https://localhost:{port}"),
            "proxy": { "listen": listen, "protocol": if wanted.tcp { "require" } else { "off" } },
            "tls": { "enabled": true },
            "pingIntervalMs": 1000,
        });
        for (key, value) in wanted.gateway {
            gateway[*key] = value.clone();
        }
        place.configure(&gateway);
        let gateway = place.gateway(&[]);
        let certificate = place.path(".openclaw/gateway/tls/gateway-cert.pem");
        let key = place.path(".openclaw/gateway/tls/gateway-key.pem");
        let both = place.path("both.pem");
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        std::fs::write(&both, text(&certificate) + &text(&key)).unwrap();
        let shown = if wanted.program == "haproxy" {
            &both
        } else {
            &certificate
        };
        let port_text = port.to_string();
        let mut line = vec![
            "gateway",
            "proxy-check",
            "--print",
            wanted.program,
            "--domain",
            "localhost",
            "--port",
            &port_text,
            "--certificate",
            shown.to_str().unwrap(),
            "--key",
            key.to_str().unwrap(),
        ];
        if wanted.tcp {
            line.push("--tcp");
        }
        let printed = place.run(&line).ok().out;
        let printed = (wanted.edit)(&place, printed);
        let (file, line) = whole(&place, wanted.program, wanted.tcp, &printed);
        let file = file.display().to_string();
        let line: Vec<&str> = line
            .iter()
            .map(|word| if *word == "FILE" { file.as_str() } else { word })
            .collect();
        let proxy = place.start_program(wanted.program, &line);
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                Instant::now() < until,
                "{} does not listen: {:?}",
                wanted.program,
                proxy.terminate()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            place,
            gateway,
            proxy,
            port,
        }
    }

    /// What `proxy-check` says, as JSON.
    fn check(&self) -> Value {
        let url = format!("https://localhost:{}", self.port);
        self.place
            .run(&["gateway", "proxy-check", "--url", &url, "--json"])
            .json()
    }

    /// How the gateway sees a WebSocket request with these headers that comes through the proxy.
    async fn seen(&self, headers: &[(&str, &str)]) -> Value {
        let begun = self
            .place
            .run(&["gateway", "call", "gateway.proxyCheck", "--json"])
            .ok()
            .json();
        let id = begun["id"].as_str().unwrap();
        let path = format!("{}?id={id}", begun["path"].as_str().unwrap());
        drop(self.wire(&path, headers).await);
        let params = json!({ "id": id }).to_string();
        let seen = self
            .place
            .run(&[
                "gateway",
                "call",
                "gateway.proxyCheck",
                "--params",
                &params,
                "--json",
            ])
            .ok()
            .json();
        seen["requests"][0].clone()
    }

    /// A WebSocket through the proxy, over its TLS.
    async fn wire(&self, path: &str, headers: &[(&str, &str)]) -> Result<Wire, String> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut roots = rustls::RootCertStore::empty();
        let certificate = self.place.path(".openclaw/gateway/tls/gateway-cert.pem");
        roots
            .add(CertificateDer::from_pem_file(certificate).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        Wire::open_on(
            stream,
            &format!("ws://localhost:{}{path}", self.port),
            headers,
        )
        .await
    }

    fn stop(self) {
        drop(self.proxy);
        assert!(self.gateway.stop().success());
    }
}

/// The file a proxy is started with, and its command line.
fn whole(place: &Place, program: &str, tcp: bool, printed: &str) -> (PathBuf, Vec<&'static str>) {
    let home = place.path("");
    let home = home.display();
    let file = place.path(&format!("{program}.conf"));
    let text = match program {
        "nginx" => {
            let body = if tcp {
                format!("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n{printed}")
            } else {
                format!(
                    "http {{\naccess_log off;\nclient_body_temp_path {home}/tmp/a;\nproxy_temp_path {home}/tmp/b;\nfastcgi_temp_path {home}/tmp/c;\nuwsgi_temp_path {home}/tmp/d;\nscgi_temp_path {home}/tmp/e;\n{printed}}}\n"
                )
            };
            let events = "events {}\n";
            let (modules, rest) = if tcp {
                body.split_once('\n').unwrap()
            } else {
                ("", body.as_str())
            };
            format!(
                "{modules}\ndaemon off;\nmaster_process off;\npid {home}/nginx.pid;\nerror_log stderr warn;\n{events}{rest}"
            )
        }
        "caddy" => format!(
            "{{\n    admin off\n    auto_https disable_redirects\n    storage file_system {home}/caddy\n}}\n{printed}"
        ),
        _ => format!("global\n    maxconn 100\ndefaults\n    timeout http-request 10s\n{printed}"),
    };
    std::fs::write(&file, text).unwrap();
    let line = match program {
        "nginx" => vec!["-p", ".", "-c", "FILE"],
        "caddy" => vec!["run", "--adapter", "caddyfile", "--config", "FILE"],
        _ => vec!["-db", "-f", "FILE"],
    };
    (file, line)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Nothing that a client sends makes it another one.
fn assert_nothing_forged(request: &Value, listener: &str) {
    assert_eq!(request["listener"], listener, "{request}");
    assert_eq!(request["class"], "remote", "{request}");
    assert_eq!(request["client"], "127.0.0.1", "{request}");
    assert_ne!(request["identity"]["user"], "mallory", "{request}");
    let headers = request["headers"].to_string();
    assert!(!headers.contains("198.51.100.66"), "{request}");
}

fn in_front(program: &str, socket: bool) {
    if !is_installed(program) {
        return;
    }
    let front = Front::start(Wanted {
        program,
        socket,
        tcp: false,
        gateway: &[],
        edit: AS_PRINTED,
    });
    let check = front.check();
    assert_eq!(check["webSocket"]["ok"], true, "{check}");
    assert_eq!(check["webSocketOfPage"]["ok"], true, "{check}");
    let request = &check["requests"][0];
    assert_eq!(request["secure"], true, "{check}");
    assert_eq!(request["hostVerdict"]["ok"], true, "{check}");
    assert_eq!(check["requests"][1]["originVerdict"]["ok"], true, "{check}");
    assert_eq!(check["ok"], true, "{check}");
    let request = block_on(front.seen(&FORGED));
    assert_nothing_forged(&request, "proxy");
    assert_eq!(request["scopeCap"], Value::Null, "{request}");
    front.stop();
}

#[test]
fn u16_nginx_in_front_by_port_and_by_socket() {
    in_front("nginx", false);
    in_front("nginx", true);
}

#[test]
fn u16_caddy_in_front_by_port_and_by_socket() {
    in_front("caddy", false);
    in_front("caddy", true);
}

#[test]
fn u16_haproxy_in_front_by_port_and_by_socket() {
    in_front("haproxy", false);
    in_front("haproxy", true);
}

#[test]
fn u16_proxy_headers_of_haproxy_and_nginx() {
    for (program, secure) in [("haproxy", json!(true)), ("nginx", Value::Null)] {
        if !is_installed(program) {
            continue;
        }
        let front = Front::start(Wanted {
            program,
            socket: program == "haproxy",
            tcp: true,
            gateway: &[],
            edit: AS_PRINTED,
        });
        let request = block_on(front.seen(&FORGED));
        // The bytes are the client's own: its headers arrive and count for nothing.
        assert_eq!(request["proxyHeader"]["client"], "127.0.0.1", "{request}");
        assert_eq!(request["proxyHeader"]["tls"], secure, "{request}");
        assert_eq!(
            (&request["listener"], &request["class"], &request["client"]),
            (&json!("proxy"), &json!("remote"), &json!("127.0.0.1")),
            "{request}"
        );
        assert_eq!(request["identity"], Value::Null);
        let check = front.check();
        assert_eq!(check["webSocket"]["ok"], true, "{check}");
        front.stop();
    }
}

/// A page whose user signed in at the proxy.
fn page_params() -> Value {
    json!({
        "minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": ["operator.read"],
        "client": { "id": "openclaw-control-ui", "mode": "ui", "version": "test", "platform": "web" },
    })
}

#[test]
fn u16_who_signs_in_at_nginx_or_caddy_needs_no_secret() {
    for program in ["nginx", "caddy"] {
        if !is_installed(program) {
            continue;
        }
        let auth = json!({ "mode": "trusted-proxy", "trustedProxy": {
            "userHeader": "X-Forwarded-User",
            "deviceAutoApprove": { "enabled": true, "scopes": ["operator.read"] },
        } });
        let front = Front::start(Wanted {
            program,
            socket: true,
            tcp: false,
            gateway: &[("auth", auth)],
            edit: &|place: &Place, printed: String| {
                if program == "nginx" {
                    place.write("users", "alice:{PLAIN}wonderland\n");
                    let users = place.path("users");
                    printed.replace(
                        "    location / {\n",
                        &format!("    auth_basic openclaw;\n    auth_basic_user_file {};\n    location / {{\n", users.display()),
                    )
                } else {
                    let hash = place
                        .start_program("caddy", &["hash-password", "--plaintext", "wonderland"]);
                    let (_, lines) = hash.wait();
                    let hash = lines.last().unwrap().clone();
                    printed.replace(
                        "    reverse_proxy",
                        &format!(
                            "    basicauth {{\n        alice {hash}\n    }}\n    reverse_proxy"
                        ),
                    )
                }
            },
        });
        block_on(async {
            let signed_in = [("Authorization", "Basic YWxpY2U6d29uZGVybGFuZA==")];
            let origin = format!("https://localhost:{}", front.port);
            let mut headers = signed_in.to_vec();
            headers.extend(FORGED);
            let request = front.seen(&headers).await;
            assert_nothing_forged(&request, "proxy");
            assert_eq!(request["identity"]["user"], "alice", "{program}: {request}");
            assert!(
                front.wire("/", &FORGED).await.is_err(),
                "the proxy lets in whoever comes"
            );
            let mut headers = signed_in.to_vec();
            headers.push(("Origin", &origin));
            let mut wire = front.wire("/", &headers).await.unwrap();
            let hello = wire.hello(page_params(), Some(&TestDevice::new())).await;
            assert_eq!(hello["auth"]["method"], "trusted-proxy", "{hello}");
            assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
        });
        // S06: the same words from a program of this machine, by the ordinary port.
        block_on(async {
            let address = SocketAddr::from(([127, 0, 0, 1], front.gateway.port));
            let forged = [
                ("X-Forwarded-User", "alice"),
                ("X-Forwarded-For", "203.0.113.9"),
            ];
            let mut wire = Wire::open(address, &forged).await.unwrap();
            let refused = wire
                .answer_to(page_params(), Some(&TestDevice::new()))
                .await;
            assert_eq!(refused["ok"], false, "{refused}");
            let reason = &refused["error"]["details"]["authReason"];
            assert_eq!(reason, "trusted_proxy_no_proxies_configured", "{refused}");
        });
        front.stop();
    }
}

/// The proxy cuts `WebSockets` that are silent for three seconds; ours is not, because of its pings.
#[test]
fn u40_pings_keep_an_idle_websocket_through_a_proxy_that_cuts_silent_ones() {
    if !is_installed("nginx") {
        return;
    }
    let front = Front::start(Wanted {
        program: "nginx",
        socket: true,
        tcp: false,
        gateway: &[(
            "auth",
            json!({ "mode": "token", "token": "test-token-0123456789abcdef" }),
        )],
        edit: &|_: &Place, printed: String| printed.replace("75s", "3s"),
    });
    block_on(async {
        let mut params = page_params();
        params["client"] =
            json!({ "id": "cli", "mode": "cli", "version": "test", "platform": "linux" });
        params["auth"] = json!({ "token": "test-token-0123456789abcdef" });
        let mut wire = front.wire("/", &[]).await.unwrap();
        wire.hello(params, None).await;
        // Nobody asks anything for three times as long.
        let silence = tokio::time::timeout(Duration::from_secs(9), wire.until_end()).await;
        assert!(silence.is_err(), "cut: {silence:?}");
        assert_eq!(wire.request("health", json!({})).await["ok"], true);
    });
    front.stop();
}
