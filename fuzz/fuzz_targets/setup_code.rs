//! Setup codes: pasted, scanned, typed, or handed over by anybody who wants a user to connect somewhere.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_protocol::setup_code::{SetupCode, check_url, is_join_code};

fuzz_target!(|text: &str| {
    let _shape = is_join_code(text);
    let _problem = check_url(text);
    for code in [SetupCode::parse(text), SetupCode::parse_json(text)].into_iter().flatten() {
        assert!(!code.urls.is_empty() && code.urls.contains(&code.url));
        assert!(code.urls.iter().all(|url| check_url(url).is_ok()));
        assert_eq!(SetupCode::parse(&code.encode_url()).as_ref(), Ok(&code));
    }
});
