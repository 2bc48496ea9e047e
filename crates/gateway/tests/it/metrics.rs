//! `/metrics` as a scraper reads it: every line is checked against the text format.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_gateway::listen::Place;
use openclaw_gateway::peer::ListenerKind;
use openclaw_testkit::TestGateway;
use serde_json::json;

use crate::remote_status::{get, get_at};

/// A sample: its labels and its value.
type Sample = (BTreeMap<String, String>, f64);

/// One family of figures.
#[derive(Debug, Default)]
struct Family {
    help: Option<String>,
    kind: Option<String>,
    samples: Vec<Sample>,
}

/// Reads a page strictly; panics at the first line that the format forbids.
fn parse(page: &str) -> BTreeMap<String, Family> {
    assert!(page.ends_with('\n'), "the last line ends");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut open = String::new();
    let mut closed: BTreeSet<String> = BTreeSet::new();
    for line in page.lines() {
        let comment = ["# HELP ", "# TYPE "]
            .into_iter()
            .find_map(|mark| Some((mark, line.strip_prefix(mark)?)));
        let (name, rest) = if let Some((_, rest)) = comment {
            rest.split_once(' ').expect("a name and a text")
        } else {
            assert!(!line.starts_with('#') && !line.is_empty(), "{line}");
            line.split_at(line.find(['{', ' ']).expect("a name"))
        };
        assert!(is_name(name), "{line}");
        if name != open {
            assert!(closed.insert(open.clone()) || open.is_empty());
            assert!(!closed.contains(name), "the lines of {name} are together");
            name.clone_into(&mut open);
        }
        let family = families.entry(name.to_owned()).or_default();
        match comment {
            Some(("# HELP ", text)) => {
                assert!(family.help.is_none() && family.samples.is_empty(), "{line}");
                family.help = Some(text.to_owned());
            }
            Some((_, kind)) => {
                let kind = kind.split_once(' ').expect("a kind").1;
                assert!(family.kind.is_none() && family.samples.is_empty(), "{line}");
                assert!(
                    ["counter", "gauge", "histogram", "summary"].contains(&kind),
                    "{line}"
                );
                family.kind = Some(kind.to_owned());
            }
            None => family.samples.push(sample(rest)),
        }
    }
    families
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn sample(text: &str) -> Sample {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (name, value) = rest.split_once("=\"").expect("a label");
            assert!(is_name(name) && !name.contains(':'), "{text}");
            let mut read = String::new();
            let mut chars = value.char_indices();
            let end = loop {
                match chars.next().expect("a closing quote") {
                    (_, '\\') => match chars.next().expect("what is escaped").1 {
                        'n' => read.push('\n'),
                        c @ ('\\' | '"') => read.push(c),
                        c => panic!("\\{c} in {text}"),
                    },
                    (at, '"') => break at,
                    (_, '\n') => panic!("a line end in {text}"),
                    (_, c) => read.push(c),
                }
            };
            assert!(labels.insert(name.to_owned(), read).is_none(), "{text}");
            rest = &value[end + 1..];
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ').expect("a space before the value");
    let value: f64 = value.parse().expect("a number");
    (labels, value)
}

#[tokio::test]
async fn u41_metrics_are_in_the_text_format_and_hold_no_secret() {
    let gateway = TestGateway::start().await;
    let part = gateway.gateway.core().part("te\"st\\");
    part.degraded("a reason\nof two lines", "a fix", None);
    let mut owner = gateway.owner().await;
    owner.ok("health", json!({})).await;
    let answer = get(&gateway, "/metrics", "").await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(
        head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let families = parse(page);
    for (name, family) in &families {
        assert!(
            family.help.is_some() && family.kind.is_some(),
            "{name} is explained"
        );
        let counter = family.kind.as_deref() == Some("counter");
        assert_eq!(counter, name.ends_with("_total"), "{name}");
        let labels: BTreeSet<_> = family
            .samples
            .iter()
            .map(|(labels, _)| format!("{labels:?}"))
            .collect();
        assert_eq!(
            labels.len(),
            family.samples.len(),
            "{name} has each sample once"
        );
        for (_, value) in &family.samples {
            assert!(value.is_finite() && *value >= 0.0, "{name}");
        }
    }
    let value = |name: &str| families[name].samples[0].1;
    assert!((value("openclaw_ready") - 1.0).abs() < f64::EPSILON);
    assert!(value("openclaw_draining").abs() < f64::EPSILON);
    let named = families["openclaw_subsystem_state"]
        .samples
        .iter()
        .any(|(labels, _)| labels["name"] == "te\"st\\" && labels["state"] == "degraded");
    assert!(named, "{page}");
    assert!(!page.contains(openclaw_testkit::gateway::TOKEN));
}

#[tokio::test]
async fn u41_a_listener_of_its_own_serves_figures_and_nothing_else() {
    let token = "metrics-token-0123456789";
    let gateway = TestGateway::builder()
        .gateway(
            "metrics",
            json!({ "listen": "127.0.0.1:0", "token": token }),
        )
        .start()
        .await;
    let core = gateway.gateway.core();
    let mut told = core.subsystems.changes();
    let address = loop {
        let open = core
            .listeners
            .all()
            .into_iter()
            .find_map(|(kind, place)| match place {
                Place::Tcp(address) if kind == ListenerKind::Metrics => Some(address),
                _ => None,
            });
        if let Some(address) = open {
            break address;
        }
        told.changed().await.unwrap();
    };
    let far = "X-Forwarded-For: 192.0.2.44\r\n";
    let bearer = |token: &str| format!("{far}Authorization: Bearer {token}\r\n");
    for (path, headers, status) in [
        ("/metrics", "", 200),
        ("/readyz", "", 200),
        ("/", "", 404),
        ("/control-ui-config.json", "", 404),
        ("/j/0123456789012345678901", "", 404),
        (
            "/metrics",
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            404,
        ),
        ("/metrics", far, 401),
        ("/metrics", &bearer("nope"), 401),
        ("/metrics", &bearer(token), 200),
        ("/metrics", &bearer(openclaw_testkit::gateway::TOKEN), 200),
    ] {
        let answer = get_at(address, path, headers).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{path} {headers} {answer}"
        );
    }
    // The token opens figures on the main port, too, and nothing else anywhere.
    let page = get(&gateway, "/metrics", &bearer(token)).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    let ready = get(&gateway, "/readyz", &bearer(token)).await;
    assert!(ready.ends_with("{\"ready\":true}"), "{ready}");
    let mut wire = gateway.wire().await;
    let params = openclaw_testkit::wire::operator_params(Some(token), &[]);
    assert_eq!(wire.connect(params, None).await.unwrap()["ok"], false);
}
