use proptest::prelude::*;

use super::*;

fn header(text: &[u8]) -> Header {
    match parse(text) {
        Ok(Step::Whole(header)) => header,
        other => panic!("{other:?}"),
    }
}

fn source(text: &[u8]) -> Option<String> {
    header(text)
        .addresses
        .map(|addresses| addresses.source.to_string())
}

#[test]
fn u16_version_1_lines() {
    let cases: [(&[u8], Option<&str>); 6] = [
        (
            b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\nGET",
            Some("203.0.113.9:56324"),
        ),
        (
            b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n",
            Some("[2001:db8::7]:4711"),
        ),
        (
            b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
        ),
        (b"PROXY UNKNOWN\r\n", None),
        (
            b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535 and more\r\nGET",
            None,
        ),
        (b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", Some("0.0.0.0:0")),
    ];
    for (bytes, expected) in cases {
        assert_eq!(source(bytes).as_deref(), expected);
        let length = header(bytes).length;
        assert_eq!(bytes[..length].last(), Some(&b'\n'));
    }
}

#[test]
fn u16_version_1_is_strict() {
    let cases: [(&[u8], Invalid); 15] = [
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 56324\r\n", Invalid::Line),
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 3\r\n", Invalid::Line),
        (b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", Invalid::Line),
        (b"PROXY TCP6 203.0.113.9 192.0.2.1 1 2\r\n", Invalid::Line),
        (
            b"PROXY TCP4 203.0.113.9 192.0.2.1 65536 2\r\n",
            Invalid::Line,
        ),
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 01 2\r\n", Invalid::Line),
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 +1 2\r\n", Invalid::Line),
        (b"PROXY TCP4 203.0.113.9 192.0.2.1  1 2\r\n", Invalid::Line),
        (b"PROXY  TCP4 203.0.113.9 192.0.2.1 1 2\r\n", Invalid::Line),
        (b"PROXY tcp4 203.0.113.9 192.0.2.1 1 2\r\n", Invalid::Line),
        (b"PROXY UDP4 203.0.113.9 192.0.2.1 1 2\r\n", Invalid::Line),
        (b"PROXY \r\n", Invalid::Line),
        (b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\nGET", Invalid::Line),
        (b"PROXY TCP4 \0", Invalid::Line),
        (
            b"PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            Invalid::LongLine,
        ),
    ];
    for (bytes, error) in cases {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(parse(bytes), Err(error), "{text:?}");
    }
}

#[test]
fn other_starts_are_left_to_others() {
    let cases: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\n",
        b"PROXYX",
        b"\x16\x03\x01",
        b"\r\n\r\nGET",
        b"proxy TCP4",
        b"\r\n\r\n\0\r\nQUIT\r",
    ];
    for bytes in cases {
        assert_eq!(parse(bytes), Ok(Step::Absent));
    }
    for undecided in [&b""[..], b"P", b"PROXY", b"\r\n", b"\r\n\r\n\0\r\nQUIT\n"] {
        assert_eq!(parse(undecided), Ok(Step::More));
    }
}

/// A version 2 header.
fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

const V4: [u8; 12] = [203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 1, 187];

fn with_additions(additions: &[(u8, &[u8])]) -> Vec<u8> {
    let mut body = V4.to_vec();
    for (kind, value) in additions {
        body.push(*kind);
        body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(*value);
    }
    binary(0x21, 0x11, &body)
}

#[test]
fn u16_version_2_headers() {
    assert_eq!(
        source(&binary(0x21, 0x11, &V4)).as_deref(),
        Some("203.0.113.9:4711")
    );
    let mut v6 = [0; 36];
    v6[..16].copy_from_slice(
        &"2001:db8::7"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
    );
    v6[32..34].copy_from_slice(&4711_u16.to_be_bytes());
    assert_eq!(
        source(&binary(0x21, 0x21, &v6)).as_deref(),
        Some("[2001:db8::7]:4711")
    );
    // The proxy's own connection, or one that it cannot describe.
    assert_eq!(source(&binary(0x20, 0x00, &[])), None);
    assert_eq!(source(&binary(0x20, 0x11, &V4)), None);
    assert_eq!(source(&binary(0x21, 0x00, &[1, 2, 3])), None);
    assert_eq!(source(&binary(0x21, 0x31, &[0; 216])), None);
    // Additions are skipped; what follows the header is not looked at.
    let mut bytes = with_additions(&[(0x01, b"h2"), (0x02, b"claw.example.org"), (0xE0, &[])]);
    let length = bytes.len();
    bytes.extend(b"GET / HTTP/1.1\r\n");
    assert_eq!(header(&bytes).length, length);
    assert_eq!(header(&bytes).tls, None);
    let tls = |flags| header(&with_additions(&[(0x20, &[flags, 0, 0, 0, 0])])).tls;
    assert_eq!((tls(1), tls(0)), (Some(true), Some(false)));
}

#[test]
fn u16_version_2_is_strict() {
    let long = usize::from(u16::MAX);
    let cases = [
        (binary(0x11, 0x11, &V4), Invalid::Command),
        (binary(0x22, 0x11, &V4), Invalid::Command),
        (binary(0x21, 0x12, &V4), Invalid::Family),
        (binary(0x21, 0x41, &V4), Invalid::Family),
        (binary(0x21, 0x11, &V4[..11]), Invalid::Length),
        (binary(0x21, 0x21, &V4), Invalid::Length),
        (binary(0x21, 0x31, &[0; 215]), Invalid::Length),
        (binary(0x21, 0x11, &vec![0; long]), Invalid::Length),
        (
            binary(0x21, 0x11, &[&V4[..], &[1, 0]].concat()),
            Invalid::Addition,
        ),
        (
            binary(0x21, 0x11, &[&V4[..], &[1, 0, 9, 1]].concat()),
            Invalid::Addition,
        ),
        (with_additions(&[(0x20, &[])]), Invalid::Addition),
        (with_additions(&[(0x03, &[1, 2, 3])]), Invalid::Addition),
        (with_additions(&[(0x03, &[1, 2, 3, 4])]), Invalid::Checksum),
    ];
    for (bytes, error) in cases {
        assert_eq!(parse(&bytes), Err(error), "{bytes:?}");
    }
}

#[test]
fn u16_a_checksum_that_is_sent_is_checked() {
    let mut bytes = with_additions(&[(0x04, &[0; 5]), (0x03, &[0; 4]), (0x02, b"a")]);
    let hole = 16 + 12 + 3 + 5 + 3;
    let sum = crc32c::with_hole(&bytes, hole);
    bytes[hole..hole + 4].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(source(&bytes).as_deref(), Some("203.0.113.9:4711"));
    bytes[16] ^= 1;
    assert_eq!(parse(&bytes), Err(Invalid::Checksum));
}

proptest! {
    #[test]
    fn any_bytes_are_survived_and_a_prefix_never_decides_otherwise(
        start in prop_oneof![Just(&b""[..]), Just(&b"PROXY "[..]), Just(&b"PROXY TCP4 "[..]), Just(&b"\r\n\r\n\0\r\nQUIT\n"[..]), Just(&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"[..])],
        rest in prop::collection::vec(any::<u8>(), 0..200),
        cut in 0_usize..200,
    ) {
        let bytes = [start, &rest].concat();
        let decided = parse(&bytes);
        if let Ok(Step::Whole(header)) = &decided {
            prop_assert!(header.length <= bytes.len().min(MAX_HEADER));
        }
        let cut = cut.min(bytes.len());
        // The decision about fewer bytes is the same, or that more are needed.
        let earlier = parse(&bytes[..cut]);
        prop_assert!(earlier == Ok(Step::More) || earlier == decided, "{earlier:?} {decided:?}");
    }

    #[test]
    fn what_a_proxy_writes_is_read(
        source: std::net::Ipv4Addr, destination: std::net::Ipv4Addr, ports: (u16, u16), v6: (std::net::Ipv6Addr, std::net::Ipv6Addr), tail in "[ -~]{0,20}",
    ) {
        let read = |text: String| header(text.as_bytes());
        let four = read(format!("PROXY TCP4 {source} {destination} {} {}\r\n{tail}", ports.0, ports.1));
        let six = read(format!("PROXY TCP6 {} {} {} {}\r\n{tail}", v6.0, v6.1, ports.0, ports.1));
        prop_assert_eq!(four.addresses.unwrap().source, SocketAddr::new(source.into(), ports.0));
        prop_assert_eq!(six.addresses.unwrap().destination, SocketAddr::new(v6.1.into(), ports.1));
    }
}
