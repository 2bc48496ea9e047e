use openclaw_protocol::dns::{Data, Name};
use proptest::prelude::*;

use super::*;
use crate::dns::zone::{GatewayFacts, ZoneFacts};

fn facts() -> ZoneFacts {
    ZoneFacts {
        domain: Name::parse("openclaw.internal").unwrap(),
        server: vec![
            "100.64.0.5".parse().unwrap(),
            "fd7a:115c:a1e0::5".parse().unwrap(),
        ],
        gateway: Some(GatewayFacts {
            host: "studio".into(),
            addresses: vec![
                "100.64.0.5".parse().unwrap(),
                "fd7a:115c:a1e0::5".parse().unwrap(),
            ],
            instance: "studio-gateway".into(),
            port: 18789,
            txt: vec![("displayName", "studio".into()), ("role", "gateway".into())],
        }),
    }
}

fn zone() -> Zone {
    Zone::build(&facts(), 2_026_112_601).unwrap()
}

fn ask(name: &str, asked: u16) -> Message {
    let edns = Edns {
        udp_size: 1232,
        version: 0,
    };
    let query = Message::query(7, Name::parse(name).unwrap(), asked, true, Some(edns));
    Message::decode(&answer(&zone(), &query.encode(), Transport::Udp).unwrap()).unwrap()
}

#[test]
fn names_of_the_zone_are_answered_with_authority() {
    for (name, asked, answers, additionals) in [
        ("openclaw.internal", kind::SOA, 1, 0),
        ("openclaw.internal", kind::NS, 1, 2),
        ("ns1.openclaw.internal", kind::A, 1, 0),
        ("ns1.openclaw.internal", kind::AAAA, 1, 0),
        ("STUDIO.OpenClaw.Internal", kind::A, 1, 0),
        ("_openclaw-gw._tcp.openclaw.internal", kind::PTR, 1, 4),
        (
            "studio-gateway._openclaw-gw._tcp.openclaw.internal",
            kind::SRV,
            1,
            2,
        ),
        (
            "studio-gateway._openclaw-gw._tcp.openclaw.internal",
            kind::TXT,
            1,
            0,
        ),
        (
            "studio-gateway._openclaw-gw._tcp.openclaw.internal",
            kind::ANY,
            1,
            2,
        ),
        ("_services._dns-sd._udp.openclaw.internal", kind::PTR, 1, 1),
        ("lb._dns-sd._udp.openclaw.internal", kind::PTR, 1, 0),
    ] {
        let reply = ask(name, asked);
        assert_eq!(reply.rcode, rcode::NOERROR, "{name} {asked}");
        assert_eq!(reply.id, 7);
        assert!(reply.flags.has(Flags::RESPONSE) && reply.flags.has(Flags::AUTHORITATIVE));
        assert!(!reply.flags.has(Flags::TRUNCATED));
        // Recursion is not offered: bit 7.
        assert_eq!(reply.flags.0 & 0x0080, 0);
        assert_eq!(reply.answers.len(), answers, "{name} {asked}: {reply:?}");
        let found = reply.additionals.len();
        assert!(
            found == additionals || name.starts_with("_services"),
            "{name} {asked}: {reply:?}"
        );
        assert_eq!(reply.edns.map(|edns| edns.udp_size), Some(1232));
    }
}

#[test]
fn what_is_not_there_is_said_with_the_start_of_authority() {
    for (name, asked, code) in [
        ("nobody.openclaw.internal", kind::A, rcode::NXDOMAIN),
        ("x.studio.openclaw.internal", kind::A, rcode::NXDOMAIN),
        ("openclaw.internal", kind::A, rcode::NOERROR),
        ("_tcp.openclaw.internal", kind::PTR, rcode::NOERROR),
        ("studio.openclaw.internal", kind::TXT, rcode::NOERROR),
        ("studio.openclaw.internal", 9_999, rcode::NOERROR),
    ] {
        let reply = ask(name, asked);
        assert_eq!(reply.rcode, code, "{name}");
        assert!(reply.answers.is_empty() && reply.flags.has(Flags::AUTHORITATIVE));
        assert!(matches!(reply.authorities[0].data, Data::Soa(_)), "{name}");
        assert_eq!(reply.authorities[0].ttl, 60);
    }
}

#[test]
fn everything_else_is_refused() {
    for (name, asked) in [
        ("example.org", kind::A),
        ("internal", kind::NS),
        (".", kind::NS),
        ("xopenclaw.internal", kind::A),
        ("openclaw.internal", kind::AXFR),
        ("openclaw.internal", kind::IXFR),
    ] {
        let reply = ask(name, asked);
        assert_eq!(reply.rcode, rcode::REFUSED, "{name}");
        assert!(reply.records().next().is_none() && !reply.flags.has(Flags::AUTHORITATIVE));
    }
    let mut query = Message::query(
        1,
        Name::parse("openclaw.internal").unwrap(),
        kind::SOA,
        false,
        None,
    );
    let decode = |query: &Message| {
        Message::decode(&answer(&zone(), &query.encode(), Transport::Udp).unwrap()).unwrap()
    };
    query.questions[0].class = 3;
    assert_eq!(decode(&query).rcode, rcode::REFUSED);
    query.flags = Flags(5 << 11);
    assert_eq!(decode(&query).rcode, rcode::NOTIMP);
    query.flags = Flags::default();
    query.edns = Some(Edns {
        udp_size: 4096,
        version: 1,
    });
    assert_eq!(decode(&query).rcode, rcode::BADVERS);
    query.edns = None;
    query.questions.push(query.questions[0].clone());
    assert_eq!(decode(&query).rcode, rcode::FORMERR);
    query.questions.clear();
    assert_eq!(decode(&query).rcode, rcode::FORMERR);
}

#[test]
fn answers_and_scraps_get_no_answer() {
    let zone = zone();
    let mut query = Message::query(
        1,
        Name::parse("openclaw.internal").unwrap(),
        kind::SOA,
        false,
        None,
    );
    query.flags = Flags(Flags::RESPONSE);
    assert_eq!(answer(&zone, &query.encode(), Transport::Udp), None);
    assert_eq!(answer(&zone, &[0; 11], Transport::Udp), None);
    let garbage = [0x12, 0x34, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0];
    let reply = answer(&zone, &garbage, Transport::Udp).unwrap();
    assert_eq!(reply.len(), 12);
    assert_eq!(Message::decode(&reply).unwrap().rcode, rcode::FORMERR);
}

#[test]
fn a_long_answer_is_cut_by_udp_and_whole_by_tcp() {
    let mut facts = facts();
    let gateway = facts.gateway.as_mut().unwrap();
    gateway.txt = vec![("cliPath", "x".repeat(240)); 3];
    let zone = Zone::build(&facts, 1).unwrap();
    let name = Name::parse("studio-gateway._openclaw-gw._tcp.openclaw.internal").unwrap();
    let query = Message::query(1, name, kind::TXT, false, None).encode();
    let by_udp = answer(&zone, &query, Transport::Udp).unwrap();
    assert!(by_udp.len() <= 512);
    let by_udp = Message::decode(&by_udp).unwrap();
    assert!(by_udp.flags.has(Flags::TRUNCATED) && by_udp.answers.is_empty());
    let by_tcp = Message::decode(&answer(&zone, &query, Transport::Tcp).unwrap()).unwrap();
    assert!(!by_tcp.flags.has(Flags::TRUNCATED));
    assert_eq!(by_tcp.answers.len(), 1);
}

#[test]
fn an_empty_zone_refuses() {
    let query = Message::query(1, Name::root(), kind::SOA, false, None).encode();
    let reply = answer(&Zone::default(), &query, Transport::Udp).unwrap();
    assert_eq!(Message::decode(&reply).unwrap().rcode, rcode::REFUSED);
}

proptest! {
    #[test]
    fn any_bytes_get_a_small_answer_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(reply) = answer(&zone(), &bytes, Transport::Udp) {
            prop_assert!(reply.len() <= 1232);
            prop_assert_eq!(&reply[..2], &bytes[..2]);
            prop_assert!(Message::decode(&reply).unwrap().is_response());
        }
    }
}
