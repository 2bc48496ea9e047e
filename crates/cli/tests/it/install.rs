//! The install script, run on small releases.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::place::{Place, Ran, mode};

/// Makes a release of this version: the archive for this machine, and `SHA256SUMS`.
fn release(place: &Place, folder: &str, version: &str) {
    release_of(
        place,
        folder,
        version,
        &format!("#!/bin/sh\necho {version}\n"),
    );
}

/// The same with this program.
fn release_of(place: &Place, folder: &str, version: &str, program: &str) {
    let system = if cfg!(target_os = "macos") {
        "macos"
    } else {
        "linux"
    };
    let name = format!("openclaw-{version}-{system}-{}", std::env::consts::ARCH);
    let inside = |below: &str| format!("{folder}/{name}/{below}");
    place.write(&inside("openclaw"), program);
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
    install_with(place, "/usr/bin:/bin", words)
}

fn install_with(place: &Place, path: &str, words: &[&str]) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install.sh");
    let output = Command::new("/bin/sh")
        // The strictest that people set.
        .args(["-c", "umask 077; exec /bin/sh \"$0\" \"$@\""])
        .arg(script)
        .args(words)
        .env_clear()
        .env("PATH", path)
        .env("HOME", place.path("home"))
        .env("TMPDIR", place.path("tmp"))
        .current_dir(place.path(""))
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
    assert_eq!(mode(&place.path("home/.local/bin/openclaw")), 0o755);
    assert!(place.path("home/.local/share/man/man1/openclaw.1").exists());
    assert!(
        place
            .path("home/.local/share/zsh/site-functions/_openclaw")
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
    assert!(!place.path("home/.local").exists());

    for (words, said) in [
        (
            &["--from", "http://example.invalid/x"][..],
            "neither a folder nor https",
        ),
        (&["--from", "/nowhere"], "cannot read /nowhere/SHA256SUMS"),
        (&["--from"], "--from needs a value"),
        (&["--form", "x"], "unknown argument: --form"),
        (&["--from", &from, "--version", "9"], "no archive for"),
        (&["--from", &from, "--version", "1x2x3"], "no archive for"),
        (&["--from", &from, "--version", ".*"], "no version: .*"),
        (&["--from", &from, "--version", "a/b"], "no version: a/b"),
        (&[], "no release in"),
    ] {
        let ran = install(&place, words).fails(1);
        assert!(ran.err.contains(said), "{words:?}: {ran:?}");
    }
}

#[test]
fn a_temporary_folder_where_no_program_starts_is_good_enough() {
    let place = Place::new();
    let program = "#!/bin/sh\ncase $0 in *openclaw-install.*) exit 126 ;; esac\necho 1.2.3\n";
    release_of(&place, "dist", "1.2.3", program);
    let from = place.path("dist").display().to_string();
    let ran = install(&place, &["--from", &from]).ok();
    assert!(ran.out.starts_with("Installed openclaw 1.2.3: "), "{ran:?}");

    // Where it starts nowhere, it is not left behind either.
    let place = Place::new();
    release_of(&place, "dist", "1.2.3", "#!/bin/sh\nexit 126\n");
    let from = place.path("dist").display().to_string();
    let ran = install(&place, &["--from", &from]).fails(1);
    assert!(
        ran.err.contains("nothing was installed") && ran.err.contains("noexec"),
        "{ran:?}"
    );
    let left = fs::read_dir(place.path("home/.local/bin")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn a_folder_in_the_place_of_the_program_stays_and_is_told() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    place.write("opt/bin/openclaw/own", "");
    let (from, to) = (place.path("dist"), place.path("opt"));
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let ran = install(&place, &["--from", &from, "--to", &to]).fails(1);
    assert!(ran.err.contains("bin/openclaw is a folder"), "{ran:?}");
    let left = fs::read_dir(place.path("opt/bin/openclaw")).unwrap();
    assert_eq!(left.count(), 1);
}

#[test]
fn what_is_installed_outside_of_a_home_is_for_everybody() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    let (from, to) = (place.path("dist"), place.path("opt"));
    let (from, to) = (from.display().to_string(), to.display().to_string());
    install(&place, &["--from", &from, "--to", &to]).ok();
    for made in ["opt/bin", "opt/share/man/man1", "opt/bin/openclaw"] {
        assert_eq!(mode(&place.path(made)), 0o755, "{made}");
    }
    install(&place, &["--from", &from]).ok();
    assert_eq!(mode(&place.path("home/.local/bin")), 0o700);
}

#[test]
fn a_redirect_away_from_https_is_not_followed() {
    let place = Place::new();
    let tools = place.path("tools");
    fs::create_dir(&tools).unwrap();
    for tool in [
        "cat", "cut", "dirname", "grep", "mktemp", "rm", "sed", "tail", "tr", "uname",
    ] {
        let program = ["/usr/bin", "/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(tool))
            .find(|path| path.exists())
            .unwrap();
        std::os::unix::fs::symlink(program, tools.join(tool)).unwrap();
    }
    // Answers as wget does that may follow nothing.
    let log = place.path("asked");
    place.write(
        "tools/wget",
        &format!(
            "#!/bin/sh\nif [ \"$1\" = --help ]; then echo ' --max-redirect=N'; exit 0; fi\nfor word; do last=$word; done\necho \"$*\" >> '{}'\n\
             case $last in */first/*) echo '  Location: /second/SHA256SUMS' >&2 ;;\n\
             *) echo '  Location: http://plain.example/SHA256SUMS' >&2 ;; esac\nexit 8\n",
            log.display()
        ),
    );
    fs::set_permissions(tools.join("wget"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = tools.display().to_string();
    let from = "https://release.example/first";
    let ran = install_with(&place, &path, &["--from", from]).fails(1);
    assert!(
        ran.err.contains(
            "https://release.example/second/SHA256SUMS leads to http://plain.example/SHA256SUMS, which is not https"
        ),
        "{ran:?}"
    );
    let asked = place.read("asked");
    assert_eq!(asked.lines().count(), 2, "{asked}");
    assert!(asked.lines().all(|line| line.contains("--max-redirect=0")));
    assert!(!asked.contains("http://plain.example"), "{asked}");

    // One that follows what it likes is not used at all.
    fs::remove_file(place.path("asked")).unwrap();
    place.write(
        "tools/wget",
        &format!(
            "#!/bin/sh\n[ \"$1\" = --help ] || echo asked >> '{}'\n",
            log.display()
        ),
    );
    let ran = install_with(&place, &path, &["--from", from]).fails(1);
    assert!(
        ran.err.contains("this wget cannot be kept on https") && ran.err.contains("install curl"),
        "{ran:?}"
    );
    assert!(!log.exists());
}

#[test]
fn a_link_with_the_name_of_a_new_file_is_not_written_through_and_four_at_once_are_all_well() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    place.write("letter", "mine");
    fs::create_dir_all(place.path("home/.local/bin")).unwrap();
    std::os::unix::fs::symlink(
        place.path("letter"),
        place.path("home/.local/bin/.openclaw.new"),
    )
    .unwrap();
    let from = place.path("dist").display().to_string();
    std::thread::scope(|scope| {
        let ran: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| install(&place, &["--from", &from])))
            .collect();
        for one in ran {
            let ran = one.join().unwrap().ok();
            assert!(ran.out.starts_with("Installed openclaw 1.2.3: "), "{ran:?}");
        }
    });
    assert_eq!(place.read("letter"), "mine");
    let left = fs::read_dir(place.path("home/.local/bin")).unwrap();
    assert_eq!(left.count(), 2, "the program and the link");
}

#[test]
fn a_folder_may_have_a_name_like_an_option() {
    let place = Place::new();
    release(&place, "dist", "1.2.3");
    let from = format!("file://{}", place.path("dist").display());
    install(&place, &["--from", &from, "--to", "-x y"]).ok();
    assert!(place.path("-x y/bin/openclaw").exists());
}
