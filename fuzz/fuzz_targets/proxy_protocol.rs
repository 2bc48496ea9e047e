//! The first bytes of a connection as a PROXY protocol header: nothing is read past it, and fewer bytes never decide otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_gateway::proxy_protocol::{MAX_HEADER, Step, parse};

fuzz_target!(|bytes: &[u8]| {
    let decided = parse(bytes);
    if let Ok(Step::Whole(header)) = &decided {
        assert!(header.length <= bytes.len().min(MAX_HEADER));
        assert_eq!(parse(&bytes[..header.length]), decided);
    }
    for end in 0..bytes.len().min(256) {
        let earlier = parse(&bytes[..end]);
        assert!(earlier == Ok(Step::More) || earlier == decided);
    }
});
