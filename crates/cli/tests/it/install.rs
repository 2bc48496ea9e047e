//! The install script, run on small releases.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::place::{Place, Ran, mode};

/// Makes a release of this version: the archive for this machine, and `SHA256SUMS`.
fn release(place: &Place, folder: &str, version: &str) {
    let system = if cfg!(target_os = "macos") {
        "macos"
    } else {
        "linux"
    };
    let name = format!("openclaw-{version}-{system}-{}", std::env::consts::ARCH);
    let inside = |below: &str| format!("{folder}/{name}/{below}");
    place.write(&inside("openclaw"), &format!("#!/bin/sh\necho {version}\n"));
    let program = place.path(&inside("openclaw"));
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    place.write(&inside("man/man1/openclaw.1"), ".TH openclaw 1\n");
    place.write(&inside("completions/_openclaw"), "#compdef openclaw\n");
    let script = format!(
        "cd '{}' && tar -czf {name}.tar.gz {name} && rm -r {name} && sha256sum {name}.tar.gz >> SHA256SUMS",
        place.path(folder).display()
    );
    assert!(
        Command::new("sh")
            .args(["-c", &script])
            .status()
            .unwrap()
            .success()
    );
}

fn install(place: &Place, words: &[&str]) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install.sh");
    let output = Command::new("sh")
        .arg(script)
        .args(words)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place.path(""))
        .env("TMPDIR", place.path("tmp"))
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_checked_release_is_installed_below_one_folder_and_told() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    let from = format!("file://{}", place.path("dist").display());
    let ran = install(&place, &["--from", &from]).ok();
    assert!(ran.out.starts_with("Installed openclaw 1.2.3: "), "{ran:?}");
    for said in [
        "Manual:    1 pages",
        "Completion for zsh",
        "is not on your PATH",
        "Next: openclaw up",
    ] {
        assert!(ran.out.contains(said), "{said}: {ran:?}");
    }
    assert_eq!(mode(&place.path(".local/bin/openclaw")), 0o755);
    assert!(place.path(".local/share/man/man1/openclaw.1").exists());
    assert!(
        place
            .path(".local/share/zsh/site-functions/_openclaw")
            .exists()
    );
    assert_eq!(
        fs::read_dir(place.path("tmp")).unwrap().count(),
        0,
        "left behind"
    );

    // Again, from the folder as a path, elsewhere, one of two versions.
    release(&place, "dist", "1.3.0");
    let folder = place.path("dist").display().to_string();
    let to = place.path("opt").display().to_string();
    let several = install(&place, &["--from", &folder, "--to", &to]).fails(1);
    assert!(
        several.err.contains("--version") && several.err.contains("1.3.0"),
        "{several:?}"
    );
    assert!(!place.path("opt").exists());
    let ran = install(
        &place,
        &["--from", &folder, "--to", &to, "--version", "1.3.0"],
    )
    .ok();
    assert!(ran.out.contains("Installed openclaw 1.3.0"), "{ran:?}");
}

#[test]
fn what_does_not_match_its_checksum_is_not_installed() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    let from = place.path("dist").display().to_string();
    let name = fs::read_dir(place.path("dist"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "gz"))
        .unwrap();
    let mut bytes = fs::read(&name).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&name, bytes).unwrap();
    let ran = install(&place, &["--from", &from]).fails(1);
    assert!(
        ran.err
            .contains("is damaged or was changed; nothing was installed"),
        "{ran:?}"
    );
    assert!(!place.path(".local").exists());

    for (words, said) in [
        (
            &["--from", "http://example.invalid/x"][..],
            "neither a folder nor https",
        ),
        (&["--from", "/nowhere"], "cannot read /nowhere/SHA256SUMS"),
        (&["--from"], "--from needs a value"),
        (&["--form", "x"], "unknown argument: --form"),
        (&["--from", &from, "--version", "9"], "no archive for"),
        (&[], "no release in"),
    ] {
        let ran = install(&place, words).fails(1);
        assert!(ran.err.contains(said), "{words:?}: {ran:?}");
    }
}
