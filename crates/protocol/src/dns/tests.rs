use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn names_are_read_and_written() {
    for (text, shown) in [
        (".", "."),
        ("", "."),
        ("local", "local."),
        ("local.", "local."),
        (
            r"Studio\.x (OpenClaw)._tcp",
            r"Studio\.x\032(OpenClaw)._tcp.",
        ),
        (r"a\\b", r"a\\b."),
        (r"\195\164", r"\195\164."),
        ("ä", r"\195\164."),
    ] {
        assert_eq!(name(text).to_string(), shown, "{text}");
        assert_eq!(name(shown), name(text), "{text}");
    }
    for (text, error) in [
        ("a..b", NameError::EmptyLabel),
        (".a", NameError::EmptyLabel),
        (r"a\", NameError::Escape),
        (r"a\25", NameError::Escape),
        (r"a\256", NameError::Escape),
    ] {
        assert_eq!(Name::parse(text), Err(error), "{text}");
    }
    assert_eq!(Name::parse(&"x".repeat(64)), Err(NameError::LongLabel));
    assert!(Name::parse(&"x".repeat(63)).is_ok());
    assert_eq!(Name::parse(&"x.".repeat(128)), Err(NameError::LongName));
    assert!(Name::parse(&"x.".repeat(127)).is_ok());
}

#[test]
fn names_ignore_case_and_know_what_is_below() {
    assert_eq!(name("OpenClaw.Internal"), name("openclaw.internal."));
    assert!(name("a.OPENCLAW.internal").is_within(&name("openclaw.internal")));
    assert!(name("openclaw.internal").is_within(&name("openclaw.internal")));
    assert!(!name("xopenclaw.internal").is_within(&name("openclaw.internal")));
    assert!(!name("internal").is_within(&name("openclaw.internal")));
    assert_eq!(name("a.b").below(&name("c")), Ok(name("a.b.c")));
    assert_eq!(name("c").child(b"x.y"), Ok(name(r"x\.y.c")));
}

/// `openclaw.internal. A?`, as dig writes it, with EDNS.
#[test]
fn a_query_is_read() {
    let mut bytes = vec![
        0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1, 8, b'o', b'p', b'e', b'n', b'c', b'l',
        b'a', b'w', 8, b'i', b'n', b't', b'e', b'r', b'n', b'a', b'l', 0, 0, 1, 0, 1, 0, 0, 41,
        0x04, 0xd0, 0, 0, 0, 0, 0, 4, 0, 10, 0, 0,
    ];
    let message = Message::decode(&bytes).unwrap();
    assert_eq!(message.id, 0x1234);
    assert!(!message.is_response());
    assert_eq!(message.questions[0].name, name("openclaw.internal"));
    assert_eq!(
        message.edns,
        Some(Edns {
            udp_size: 1232,
            version: 0
        })
    );
    for length in 0..bytes.len() {
        assert!(Message::decode(&bytes[..length]).is_err(), "{length}");
    }
    bytes[4] = 0xff;
    assert_eq!(Message::decode(&bytes), Err(DnsError::TooMany));
}

#[test]
fn pointers_only_lead_backwards() {
    let header = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for tail in [
        &[0xc0, 12, 0, 1, 0, 1][..],
        &[0xc0, 14, 0, 1, 0, 1],
        &[1, b'a', 0xc0, 12, 0, 1, 0, 1],
        &[1, b'a', 0xc0, 14, 0, 1, 0, 1],
        &[0xff, 0xff, 0, 1, 0, 1],
        &[0x40, 0, 0, 1, 0, 1],
        &[0x80, 0, 0, 1, 0, 1],
    ] {
        let bytes = [&header, tail].concat();
        assert!(
            matches!(Message::decode(&bytes), Err(DnsError::Name(_))),
            "{tail:?}"
        );
    }
}

#[test]
fn names_are_compressed() {
    let record = Record {
        name: name("a.openclaw.internal"),
        class: CLASS_IN,
        ttl: 60,
        data: Data::Ptr(name("b.openclaw.internal")),
    };
    let message = Message {
        answers: vec![record.clone(), record],
        ..Message::default()
    };
    let bytes = message.encode();
    assert_eq!(bytes.len(), 12 + (21 + 10 + 4) + (2 + 10 + 2));
    assert_eq!(Message::decode(&bytes), Ok(message));
}

#[test]
fn what_does_not_fit_is_left_out_and_said() {
    let text = |count: usize| Record {
        name: name("x"),
        class: CLASS_IN,
        ttl: 1,
        data: Data::Txt(vec![vec![b'.'; 200]; count]),
    };
    let mut message = Message::query(1, name("x"), kind::TXT, false, None);
    message.answers = vec![text(1)];
    message.additionals = vec![text(2)];
    let decode = |limit| Message::decode(&message.encode_within(limit)).unwrap();
    assert_eq!(decode(1_000), message);
    let less = decode(512);
    assert_eq!(less.answers.len(), 1);
    assert!(less.additionals.is_empty() && !less.flags.has(Flags::TRUNCATED));
    let least = decode(100);
    assert!(least.answers.is_empty() && least.flags.has(Flags::TRUNCATED));
    assert_eq!(least.questions, message.questions);
}

fn any_name() -> impl Strategy<Value = Name> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..12), 0..6)
        .prop_map(|labels| Name::from_labels(labels).unwrap())
}

fn any_data() -> impl Strategy<Value = Data> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|bytes| Data::A(Ipv4Addr::from(bytes))),
        any::<[u8; 16]>().prop_map(|bytes| Data::Aaaa(Ipv6Addr::from(bytes))),
        any_name().prop_map(Data::Ptr),
        any_name().prop_map(Data::Ns),
        any_name().prop_map(Data::Cname),
        (any::<[u16; 3]>(), any_name()).prop_map(|([priority, weight, port], target)| Data::Srv {
            priority,
            weight,
            port,
            target
        }),
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5).prop_map(Data::Txt),
        (any_name(), any_name(), any::<[u32; 5]>()).prop_map(|(primary, mailbox, numbers)| {
            let [serial, refresh, retry, expire, minimum] = numbers;
            Data::Soa(Soa {
                primary,
                mailbox,
                serial,
                refresh,
                retry,
                expire,
                minimum,
            })
        }),
        prop::collection::vec(any::<u8>(), 0..30)
            .prop_map(|bytes| Data::Other { kind: 999, bytes }),
    ]
}

fn any_records() -> impl Strategy<Value = Vec<Record>> {
    let record = (any_name(), any::<u16>(), any::<u32>(), any_data());
    let record = record.prop_map(|(name, class, ttl, data)| Record {
        name,
        class,
        ttl,
        data,
    });
    prop::collection::vec(record, 0..4)
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (id, flags, rcode) in (any::<u16>(), any::<u16>(), 0..16_u16),
        questions in prop::collection::vec((any_name(), any::<u16>(), any::<u16>()), 0..3),
        (answers, authorities, additionals) in (any_records(), any_records(), any_records()),
        edns in prop::option::of((any::<u16>(), any::<u8>())),
    ) {
        let message = Message {
            id,
            flags: Flags(flags & 0xfff0),
            rcode,
            questions: questions
                .into_iter()
                .map(|(name, kind, class)| Question { name, kind, class })
                .collect(),
            answers,
            authorities,
            additionals,
            edns: edns.map(|(udp_size, version)| Edns { udp_size, version }),
        };
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn any_bytes_give_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
        }
    }

    #[test]
    fn any_name_survives_its_written_form(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..6)) {
        let name = Name::from_labels(labels).unwrap();
        prop_assert_eq!(Name::parse(&name.to_string()), Ok(name));
    }
}
