//! What `deploy/` and `docs/deploy/` say is true: files parse, commands and keys exist, ports agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::env::{NAMES, OPENCLAW_UPDATE_DOCS};
use openclaw_config::schema::FIELDS;
use serde_json::Value;

use crate::args::{self, Globals, Parsed};
use crate::commands::proxy_recipe;

/// Where a gateway listens unless told otherwise, and where one listens for its proxy.
const PORT: &str = "18789";
const PROXY_PORT: &str = "18790";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below `deploy/` and `docs/deploy/`, and the install script's text.
fn files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("deploy"), root().join("docs/deploy")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 12, "{found:?}");
    found
}

fn yaml(path: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_norway::Deserializer::from_str(&read(path))
        .map(|document| {
            Value::deserialize(document).unwrap_or_else(|error| panic!("{path}: {error}"))
        })
        .collect()
}

fn toml(path: &str) -> Value {
    toml::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn u18_compose_publishes_the_port_that_is_listened_on() {
    let compose = yaml("deploy/compose.yaml").remove(0);
    let gateway = &compose["services"]["openclaw"];
    assert_eq!(gateway["environment"]["OPENCLAW_GATEWAY_PORT"], PORT);
    let published = gateway["ports"][0].as_str().unwrap();
    assert!(published.ends_with(&format!("}}:{PORT}")), "{published}");
    // Others reach it only when somebody says so.
    assert!(published.contains("OPENCLAW_PUBLISH:-127.0.0.1"));
    assert_eq!(
        compose["services"]["cli"]["environment"]["OPENCLAW_GATEWAY_URL"],
        format!("ws://openclaw:{PORT}")
    );
    for service in ["openclaw", "cli"] {
        let service = &compose["services"][service];
        assert_eq!(service["read_only"], true);
        assert_eq!(service["cap_drop"][0], "ALL");
        assert!(service["volumes"][0].as_str().unwrap().ends_with(":/data"));
    }
}

#[test]
fn platforms_send_requests_where_the_gateway_listens() {
    let fly = toml("deploy/fly.toml");
    assert_eq!(
        fly["http_service"]["internal_port"].to_string(),
        fly["env"]["OPENCLAW_GATEWAY_PORT"].as_str().unwrap()
    );
    assert_eq!(fly["http_service"]["force_https"], true);
    assert_eq!(fly["http_service"]["checks"][0]["path"], "/readyz");
    assert_eq!(
        fly["mounts"]["destination"],
        fly["env"]["OPENCLAW_STATE_DIR"]
    );

    let render = &yaml("deploy/render.yaml")[0]["services"][0];
    let variable = |name: &str| {
        render["envVars"]
            .as_array()
            .unwrap()
            .iter()
            .find(|variable| variable["key"] == name)
            .unwrap()["value"]
            .clone()
    };
    assert_eq!(variable("PORT"), variable("OPENCLAW_GATEWAY_PORT"));
    assert_eq!(render["disk"]["mountPath"], variable("OPENCLAW_STATE_DIR"));
    assert_eq!(render["healthCheckPath"], "/readyz");

    let railway: Value = serde_json::from_str(&read("deploy/railway.json")).unwrap();
    assert_eq!(railway["deploy"]["healthcheckPath"], "/readyz");
    for dockerfile in [
        &railway["build"]["dockerfilePath"],
        &render["dockerfilePath"],
    ] {
        assert!(root().join(dockerfile.as_str().unwrap()).is_file());
    }
}

#[test]
fn kubernetes_probes_the_gateway_and_lets_it_do_little() {
    let documents = yaml("deploy/kubernetes/openclaw.yaml");
    let [service, set] = documents.as_slice() else {
        panic!("{documents:?}");
    };
    assert_eq!(service["spec"]["ports"][0]["port"].to_string(), PORT);
    assert_ne!(service["metadata"]["name"], "openclaw-gateway");
    assert_eq!(set["spec"]["replicas"], 1);
    let pod = &set["spec"]["template"]["spec"];
    assert_eq!(pod["enableServiceLinks"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let container = &pod["containers"][0];
    assert_eq!(container["ports"][0]["containerPort"].to_string(), PORT);
    let security = &container["securityContext"];
    assert_eq!(security["readOnlyRootFilesystem"], true);
    assert_eq!(security["allowPrivilegeEscalation"], false);
    assert_eq!(security["capabilities"]["drop"][0], "ALL");
    for (probe, path) in [
        ("startupProbe", "/startupz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ] {
        assert_eq!(container[probe]["httpGet"]["path"], path);
        assert_eq!(
            container[probe]["httpGet"]["port"],
            container["ports"][0]["name"]
        );
    }
}

#[test]
fn the_image_is_one_program_that_asks_itself_how_it_is() {
    let text = read("deploy/Dockerfile");
    let (_, image) = text.split_once("FROM scratch").unwrap();
    for needed in [
        "\nUSER ${RUN_AS}:${RUN_AS}\n",
        "\nARG RUN_AS=65532\n",
        &format!("\nEXPOSE {PORT}\n"),
        "OPENCLAW_STATE_DIR=/data",
    ] {
        assert!(image.contains(needed), "{needed}");
    }
    // Railway refuses an image with VOLUME, and there is no shell to run a RUN or a shell form.
    for line in image.lines() {
        let word = line.split_whitespace().next().unwrap_or_default();
        assert!(!matches!(word, "RUN" | "VOLUME"), "{line}");
    }
    for instruction in ["HEALTHCHECK", "CMD", "ENTRYPOINT"] {
        let line = image
            .lines()
            .find(|line| line.starts_with(instruction))
            .unwrap();
        let list = &line[line.find('[').unwrap()..];
        let words: Vec<String> = serde_json::from_str(list).unwrap();
        let words = words.iter().map(String::as_str);
        let arguments: Vec<&str> = words.filter(|word| *word != "openclaw").collect();
        if !arguments.is_empty() {
            assert_runs(&arguments.join(" "), "deploy/Dockerfile");
        }
    }
}

/// A line as it is typed, without the program's name, must be a command with flags that exist.
fn assert_runs(line: &str, place: &str) {
    let words = line
        .split_whitespace()
        .map(|word| word.trim_matches(['"', '\'']).to_owned());
    let (_, words) = Globals::take(words);
    let asks_for_help = words.is_empty();
    match args::parse(words) {
        Ok(Parsed::Run(_) | Parsed::Help(_)) => {}
        _ if asks_for_help => {}
        Err(refusal) => panic!("{place}: openclaw {line}: {refusal:?}"),
    }
}

/// The commands of a text: from `openclaw` up to the end of the line, a quote, a comment or the next command.
fn commands(text: &str, tree: &clap::Command) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for (at, _) in line.match_indices("openclaw ") {
            let before = &line[..at];
            let starts_a_command = before.is_empty()
                || before.ends_with([' ', '`', '"', '$', '(', '#'])
                || before.ends_with("bin/");
            let rest = &line[at + "openclaw ".len()..];
            let group = rest.split_whitespace().next().unwrap_or_default();
            let is_command = tree
                .get_subcommands()
                .any(|command| command.get_name() == group);
            if !starts_a_command || !is_command {
                continue;
            }
            let end = ["`", "\"", "  #", " &&", " |", "; ", "     ", ")", ", "]
                .iter()
                .filter_map(|end| rest.find(end))
                .min()
                .unwrap_or(rest.len());
            found.push(rest[..end].trim_end_matches(['.', ':', ',']).to_owned());
        }
    }
    found
}

#[test]
fn every_command_that_is_named_exists() {
    let tree = args::tree();
    let mut seen = BTreeSet::new();
    for (name, text) in files() {
        for line in commands(&text, &tree) {
            // Placeholders stand for one word.
            let line = line.replace("…", "x");
            assert_runs(&line, &name);
            seen.insert(line);
        }
    }
    assert!(seen.len() > 15, "{seen:?}");
    assert!(
        seen.iter()
            .any(|line| line.starts_with("health --exit-code"))
    );
}

#[test]
fn every_key_and_variable_that_is_named_exists() {
    let letters = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '.';
    let known_key = |key: &str| {
        FIELDS
            .iter()
            .any(|field| field.path == key || field.path.starts_with(&format!("{key}.")))
    };
    // Not ours: of compose.yaml and of the install script.
    let others = [
        "OPENCLAW_IMAGE",
        "OPENCLAW_PUBLISH",
        "OPENCLAW_FROM",
        "OPENCLAW_TO",
    ];
    let (mut keys, mut variables) = (0, 0);
    for (name, text) in files() {
        for word in text.split(|char| !letters(char)) {
            let word = word.trim_matches('.');
            if ["gateway.", "discovery.", "logging.", "canvasHost."]
                .iter()
                .any(|section| word.starts_with(section))
            {
                assert!(known_key(word), "{name}: no key {word}");
                keys += 1;
            }
            if word.starts_with("OPENCLAW_") {
                let known = NAMES.iter().any(|known| known.name == word);
                assert!(
                    known || others.contains(&word),
                    "{name}: no variable {word}"
                );
                variables += 1;
            }
        }
    }
    assert!(keys > 10 && variables > 10, "{keys} {variables}");
}

#[test]
fn only_the_known_ports_are_named() {
    for (name, text) in files() {
        for number in text.split(|char: char| !char.is_ascii_digit()) {
            if number.len() == 5 && number.starts_with("187") {
                assert!([PORT, PROXY_PORT].contains(&number), "{name}: {number}");
            }
        }
    }
}

#[test]
fn proxy_files_are_those_that_the_program_prints() {
    for (program, path) in [
        ("nginx", "deploy/nginx/openclaw.conf"),
        ("caddy", "deploy/caddy/Caddyfile"),
    ] {
        let text = proxy_recipe(program);
        if openclaw_config::Env::from_process().is_one(OPENCLAW_UPDATE_DOCS) {
            fs::write(root().join(path), &text).unwrap();
        }
        assert!(
            fs::read_to_string(root().join(path)).unwrap_or_default() == text,
            "{path} is out of date; run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw recipes"
        );
        for needed in [PROXY_PORT, "X-OpenClaw-Scopes"] {
            assert!(text.contains(needed), "{path}: {needed}");
        }
    }
    // The one for exe.dev differs in where it listens and in nothing that it tells the gateway.
    let told = |text: &str| -> Vec<String> {
        text.lines()
            .map(str::trim)
            .filter(|line| line.starts_with("proxy_"))
            .map(|line| line.replace("$scheme", "https"))
            .collect()
    };
    assert_eq!(
        told(&read("deploy/nginx/exe-dev.conf")),
        told(&read("deploy/nginx/openclaw.conf"))
    );
}
