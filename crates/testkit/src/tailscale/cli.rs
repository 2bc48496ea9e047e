//! The commands of the stand-in program. Arguments that the real one does not know end with its error.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Machine, Shared, routes};

/// What a command leaves behind.
struct Said {
    code: i32,
    out: String,
    err: String,
    /// Never ends by itself.
    hangs: bool,
}

fn out(text: impl Into<String>) -> Said {
    Said {
        code: 0,
        out: text.into(),
        err: String::new(),
        hangs: false,
    }
}

fn fail(text: impl Into<String>) -> Said {
    Said {
        code: 1,
        out: String::new(),
        err: text.into(),
        hangs: false,
    }
}

/// Runs what the program was called with: `root` or `user`, then one argument on each line. The answer is the exit code, output
/// and error output with NUL between; `hangs` in place of a code means that the program never ends by itself.
pub(super) fn run(shared: &Shared, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut lines = text.split('\n');
    let root = lines.next() == Some("root");
    let arguments: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let mut machine = shared.machine.lock();
    let before = machine.routes.to_string();
    let sudo = if root { "sudo " } else { "" };
    machine
        .calls
        .push(format!("{sudo}tailscale {}", arguments.join(" ")));
    let said = if root && !machine.sudo {
        fail("sudo: a password is required\n")
    } else {
        command(&mut machine, &arguments, root)
    };
    let after = machine.routes.to_string();
    if after != before {
        shared.news.send_modify(|count| *count += 1);
    }
    let code = if said.hangs {
        "hangs".to_owned()
    } else {
        said.code.to_string()
    };
    format!("{code}\0{}\0{}", said.out, said.err)
}

fn command(machine: &mut Machine, arguments: &[&str], root: bool) -> Said {
    match arguments {
        ["status", rest @ ..] => status(machine, rest),
        ["ip", "-4"] => out(format!("{}\n", machine.addresses[0])),
        ["ip", "-6"] => out(format!("{}\n", machine.addresses[1])),
        ["whois", "--json", address] => whois(machine, address),
        ["set", operator] if operator.starts_with("--operator=") => {
            if !root {
                return denied("checkprefs access denied", arguments);
            }
            machine.operator = true;
            out("")
        }
        ["serve" | "funnel", "status", "--json"] => json_out(machine, &machine.routes),
        ["serve" | "funnel", "status"] => out(routes::told(&machine.routes)),
        ["serve" | "funnel", "reset"] => {
            if !(root || machine.operator) {
                return denied("serve config denied", arguments);
            }
            machine.routes = json!({});
            out("")
        }
        [mode @ ("serve" | "funnel"), rest @ ..] => {
            serve(machine, *mode == "funnel", rest, arguments, root)
        }
        [other, ..] => fail(format!("tailscale: unknown subcommand: {other}\n")),
        [] => fail("flag: help requested\n"),
    }
}

fn json_out(machine: &Machine, value: &Value) -> Said {
    if machine.garbled {
        return out("{ not JSON at all }\n");
    }
    // As noisy as the real one when client and daemon differ.
    let text = serde_json::to_string_pretty(value).expect("JSON encodes");
    out(format!(
        "Warning: client version \"1.90.6\" != tailscaled server version \"1.90.4\"\n{text}\n"
    ))
}

fn status(machine: &Machine, flags: &[&str]) -> Said {
    let mut json = false;
    let mut peers = true;
    for flag in flags {
        match *flag {
            "--json" => json = true,
            "--peers=false" => peers = false,
            "--peers=true" | "--peers" => peers = true,
            other => return undefined(other),
        }
    }
    if json {
        return json_out(machine, &machine.status(peers));
    }
    match machine.state.as_str() {
        "Running" => out(format!(
            "{} {} ada@ linux -\n",
            machine.addresses[0], machine.name
        )),
        "Stopped" => fail("Tailscale is stopped.\n"),
        "NeedsLogin" => fail("Logged out.\nLog in at: https://login.tailscale.com/a/stand-in\n"),
        other => fail(format!("unexpected state: {other}\n")),
    }
}

fn whois(machine: &Machine, address: &str) -> Said {
    let alone = address.parse::<std::net::IpAddr>();
    let parsed = alone.or_else(|_| {
        address
            .parse::<std::net::SocketAddr>()
            .map(|socket| socket.ip())
    });
    match parsed.map(|address| machine.whois(address)) {
        Ok(Some(found)) => json_out(machine, &found),
        Ok(None) => fail("peer not found\n"),
        Err(_) => fail("invalid 'addr' parameter\n"),
    }
}

fn undefined(flag: &str) -> Said {
    let name = flag
        .trim_start_matches('-')
        .split('=')
        .next()
        .unwrap_or_default();
    Said {
        code: 2,
        ..fail(format!("flag provided but not defined: -{name}\n"))
    }
}

fn denied(what: &str, arguments: &[&str]) -> Said {
    fail(format!(
        "Access denied: {what}\n\nUse 'sudo tailscale {}'.\nTo not require root, use 'sudo tailscale set --operator=$USER' once.\n",
        arguments.join(" ")
    ))
}

fn serve(machine: &mut Machine, funnel: bool, words: &[&str], all: &[&str], root: bool) -> Said {
    let name = if funnel { "funnel" } else { "serve" };
    let usage = |text: &str| {
        fail(format!(
            "error: {text}\n\ntry `tailscale {name} --help` for usage info\n"
        ))
    };
    let (mut background, mut yes, mut port, mut path) = (false, false, 443, None);
    let mut rest = Vec::new();
    for word in words {
        match word.split_once('=') {
            _ if !word.starts_with('-') => rest.push(*word),
            None if *word == "--bg" => background = true,
            None if *word == "--yes" => yes = true,
            Some(("--bg", value)) => background = value == "true",
            Some(("--yes", value)) => yes = value == "true",
            Some(("--https", value)) => match value.parse::<u16>() {
                Ok(value) if value > 0 => port = value,
                _ => {
                    return usage(&format!(
                        "invalid value \"{value}\" for flag -https: parse error"
                    ));
                }
            },
            Some(("--set-path", value)) if value.starts_with('/') => path = Some(value),
            _ => return undefined(word),
        }
    }
    let (target, off) = match rest.as_slice() {
        ["off"] => (None, true),
        [target] => (Some(*target), false),
        [target, "off"] => (Some(*target), true),
        [] => return fail("flag: help requested\n"),
        _ => return usage("invalid number of arguments"),
    };
    if !funnel || off {
        // Funnel is checked below.
    } else if machine.funnel_ports.is_empty() {
        return fail(
            "Funnel not available; \"funnel\" node attribute not set. See https://tailscale.com/s/no-funnel.\n",
        );
    } else if !machine
        .funnel_ports
        .split(',')
        .any(|allowed| allowed == port.to_string())
    {
        return fail(format!(
            "port {port} is not allowed for funnel; allowed ports are: {}\n",
            machine.funnel_ports
        ));
    }
    if !machine.https && !off {
        let text = "\nServe is not enabled on your tailnet.\nTo enable, visit:\n\n         https://login.tailscale.com/f/serve?node=nSTANDIN\n\n";
        return Said {
            hangs: machine.waits,
            ..out(text)
        };
    }
    if !background && !off {
        // In the foreground it serves until it is ended; nothing of ours asks for that.
        return Said {
            hangs: true,
            ..out("Press Ctrl+C to exit.\n")
        };
    }
    if !(root || machine.operator) {
        return denied("serve config denied", all);
    }
    if machine.contended > 0 {
        machine.contended -= 1;
        return fail("Another client is changing the serve config; please try again.\n");
    }
    let mut after = machine.routes.clone();
    let host = machine.name.clone();
    let done = if off {
        let count = routes::get(&after, "Web", &format!("{host}:{port}"))
            .and_then(|web| web.get("Handlers")?.as_object())
            .map_or(0, serde_json::Map::len);
        if path.is_none() && count > 1 && !yes {
            return usage(&format!(
                "are you sure you want to delete {count} handlers under port {port}? use --yes"
            ));
        }
        routes::disable(&mut after, &host, port, path)
    } else {
        let Some(proxy) = target.filter(|target| {
            target.starts_with("http://127.0.0.1:") || target.starts_with("http://localhost:")
        }) else {
            return usage("only localhost or 127.0.0.1 proxies are currently supported");
        };
        routes::enable(&mut after, &host, port, path.unwrap_or("/"), proxy, funnel)
    };
    if let Err(reason) = done {
        return usage(&reason);
    }
    if let Err(reason) = routes::check(&after) {
        return usage(&reason);
    }
    if !machine.forgetful {
        machine.routes = after;
    }
    let mut text = String::new();
    if !off {
        let reach = if funnel {
            "Available on the internet:"
        } else {
            "Available within your tailnet:"
        };
        let authority = if port == 443 {
            host
        } else {
            format!("{host}:{port}")
        };
        let _never_fails = write!(
            text,
            "{reach}\n\nhttps://{authority}/\n|-- proxy {}\n\nServe started and running in the background.\nTo disable the proxy, run: tailscale {name} --https={port} off\n",
            target.unwrap_or_default()
        );
    }
    out(text)
}
