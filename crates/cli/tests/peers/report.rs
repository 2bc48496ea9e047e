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
    text
}

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
