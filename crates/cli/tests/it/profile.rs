//! Profiles: flags at any position, their errors, their isolation.

use crate::place::Place;

#[test]
fn profile_errors_end_with_2() {
    let place = Place::new();
    for (line, text) in [
        (
            &["--profile", "a b", "status"][..],
            "[openclaw] Invalid --profile (use letters, numbers, \"_\", \"-\" only)",
        ),
        (
            &["status", "--dev", "--profile", "x"],
            "[openclaw] Cannot combine --dev with --profile",
        ),
        (
            &["--profile", "x", "--dev", "status"],
            "[openclaw] Cannot combine --dev with --profile",
        ),
        (
            &["status", "--profile"],
            "[openclaw] --profile requires a value",
        ),
    ] {
        let ran = place.run(line).fails(2);
        assert_eq!(
            (ran.out.as_str(), ran.err.trim_end()),
            ("", text),
            "{line:?}"
        );
    }
}

#[test]
fn a_profile_counts_after_the_command_too() {
    let place = Place::new();
    for line in [
        &["--profile", "rescue", "config", "file"][..],
        &["config", "--profile=rescue", "file"],
        &["config", "file", "--profile", "rescue"],
    ] {
        let ran = place.run(line).ok();
        assert_eq!(
            ran.out.trim_end(),
            place
                .path(".openclaw-rescue/openclaw.json")
                .to_str()
                .unwrap(),
            "{line:?}"
        );
    }
    let ran = place.run(&["config", "file", "--dev"]).ok();
    assert!(ran.out.contains(".openclaw-dev/"), "{ran:?}");
}

#[test]
fn printed_commands_carry_the_profile() {
    let place = Place::new();
    for line in [
        &["gateway", "status"][..],
        &["gateway", "probe"],
        &["status"],
    ] {
        let ran = place.run(&[line, &["--profile", "rescue"]].concat());
        assert!(
            ran.out
                .contains("start the gateway with: openclaw --profile rescue up"),
            "{ran:?}"
        );
        assert!(!ran.out.contains(": openclaw up"), "{ran:?}");
    }
    let ran = place.run(&["health", "--profile", "rescue"]).fails(1);
    assert!(
        ran.err
            .contains("Fix: start the gateway with: openclaw --profile rescue up"),
        "{ran:?}"
    );
}
