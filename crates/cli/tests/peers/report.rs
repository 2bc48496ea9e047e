//! docs/compatibility.md, written from the table that the tests hold true.

use std::fmt::Write as _;
use std::path::Path;

use crate::matrix::{ByRelease, Expected, ROWS, Row};
use crate::peer::Release;

const PLACE: &str = "../../docs/compatibility.md";

const INTRODUCTION: &str = "\
# Compatibility with upstream

Generated from `crates/cli/tests/peers`, which runs every cell with the unchanged programs of both upstream releases
(`cargo xtask test`). Do not edit: change the table there and run
`OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw --test peers compatibility_document`.

2026.1.30 speaks protocol 3, 2026.9.6 speaks protocol 4. The gateway answers both at once. In every run the second client and the
node come from another address (through a proxy that the gateway trusts), so nothing is paired without approval.
";

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    table(
        &mut text,
        "Upstream's client and node host with our gateway",
        |row| &row.upstream_clients,
    );
    table(
        &mut text,
        "Our client and node host with upstream's gateway",
        |row| &row.our_clients,
    );
    text.push_str(ENROLMENT);
    text.push_str(CONTROL_UIS);
    text
}

/// What the tests in `ui/e2e/upstream` hold true.
const CONTROL_UIS: &str = "
## Upstream's Control UIs with our gateway

The pages of both releases, served unchanged, opened in Chromium with `?gatewayUrl=` and the token. While they were used nothing failed:
no error on the console, no uncaught error, no refused or unknown call. The page's origin is in `gateway.controlUi.allowedOrigins`.

| View of 2026.1.30 | What fills | Calls | |
|---|---|---|---|
| change of gateway | asks, connects, the token leaves the address bar | `connect` | ok |
| Overview | connected, uptime, counters | `system-presence`, `status`, `health`, `sessions.list`, `cron.status`, `models.list` | ok |
| Instances | gateway, page and node | `system-presence` | ok |
| Nodes | node with its commands; devices; exec approvals of gateway and node, saved | `node.list`, `device.pair.list`, `exec.approvals.get`, `.set`, `.node.get` | ok |
| pairing | a page from another address waits, is approved in Nodes, comes in by itself | `device.pair.approve` | ok |
| exec approval | asked for in every view, decided | `exec.approval.resolve` | ok |
| Config | form and text, saved from both; secrets stay what they were | `config.schema`, `config.get`, `config.set` | ok |
| Debug | snapshots, a call by hand | `status`, `health`, `last-heartbeat`, any | ok |
| Logs | the file, following | `logs.tail` | ok |
| Channels, Sessions, Cron Jobs, Skills, Chat | empty: this gateway runs none of it (1) | `channels.status`, `sessions.list`, `cron.list`, `skills.status`, `chat.history` | ok |

| View of 2026.9.6 | What fills | Calls | |
|---|---|---|---|
| sign-in card | says what is missing, takes the token | `connect` | ok |
| Gateway (`/settings/connection`) | round trips, processor, memory, waits of the loop, host | `last-heartbeat`, `system.info` | ok |
| Devices | gateway host with load, memory, disk; browser; node; exec approvals of gateway and node, saved | `node.list`, `device.pair.list`, `system-presence`, `exec.approvals.*` | ok |
| pairing | the card names the command; approved in Devices, comes in by itself | `device.pair.approve` | ok |
| Inbox, Approvals | an exec approval is decided, and is in the history | `exec.approval.list`, `.resolve`, `approval.history` | ok |
| Security | how clients authenticate | `config.get`, `config.schema` | ok |
| Infrastructure, Advanced | form and text, saved from both; secrets stay what they were | `config.schema`, `config.get`, `config.set`, `config.patch` | ok |
| Debug | snapshots, a call by hand | `status`, `health`, `diagnostics.lanes`, any | ok |
| Logs | the file, following | `logs.tail` | ok |
| Systems | the gateway's machine and its nodes | `environments.list`, `node.list`, `system.info` | ok |
| Home, Appearance, Updates, About | empty: no model is set up here | `chat.startup`, `models.list`, `themes.list` | ok |

1. Channels has a card for every channel that 2026.1.30 knows and says that their schema is unavailable.
";

/// What the test in `enrol.rs` holds true.
const ENROLMENT: &str = "
## Upstream's node host comes in by code

With our gateway, without any approval: paired and allowed its commands in the same step.

| Step | 2026.9.6 |
|---|---|
| `node run --pair` with a setup code of `openclaw qr --node` | works |
| `connect` with a join link of `openclaw devices join-code` | works |
";

fn table(text: &mut String, title: &str, column: fn(&Row) -> &ByRelease) {
    let [january, september] = [Release::January, Release::September].map(Release::version);
    let mut notes: Vec<&str> = Vec::new();
    write!(
        text,
        "\n## {title}\n\n| Command or step | {january} | {september} |\n|---|---|---|\n"
    )
    .expect("writing to a string does not fail");
    for row in &ROWS {
        let cells = column(row);
        let [january, september] =
            [&cells.january, &cells.september].map(|cell| show(cell, &mut notes));
        writeln!(text, "| {} | {january} | {september} |", row.name)
            .expect("writing to a string does not fail");
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    for (index, note) in notes.iter().enumerate() {
        writeln!(text, "{}. {note}", index + 1).expect("writing to a string does not fail");
    }
}

fn show(cell: &Expected, notes: &mut Vec<&'static str>) -> String {
    match cell {
        Expected::Works => "ok".to_owned(),
        Expected::Differs { note, .. } => {
            let index = notes
                .iter()
                .position(|known| known == note)
                .unwrap_or_else(|| {
                    notes.push(note);
                    notes.len() - 1
                });
            format!("differs ({})", index + 1)
        }
    }
}

#[test]
fn compatibility_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PLACE);
    let wanted = document();
    if std::env::var_os("OPENCLAW_UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).expect("docs is writable");
        return;
    }
    let present = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        present, wanted,
        "docs/compatibility.md is not current; run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw --test peers compatibility_document"
    );
}
