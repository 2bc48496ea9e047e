//! Bytes that a stranger sends to the wide-area DNS responder, and bytes that a server answers to our client.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use openclaw_edge::dns::answer::{Transport, answer};
use openclaw_edge::dns::zone::{GatewayFacts, Zone, ZoneFacts};
use openclaw_protocol::discovery::{Txt, pairs};
use openclaw_protocol::dns::{Data, Message, Name};

thread_local! {
    static ZONE: OnceCell<Zone> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    ZONE.with(|slot| {
        let zone = slot.get_or_init(zone);
        for (transport, limit) in [(Transport::Udp, 1_232), (Transport::Tcp, 65_535)] {
            let Some(reply) = answer(zone, bytes, transport) else {
                continue;
            };
            assert!(reply.len() <= limit);
            assert_eq!(reply[..2], bytes[..2]);
            let reply = Message::decode(&reply).expect("our answers can be read");
            assert!(reply.is_response());
        }
    });
    let Ok(message) = Message::decode(bytes) else {
        return;
    };
    assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
    for record in message.records() {
        assert_eq!(
            Name::parse(&record.name.to_string()).as_ref(),
            Ok(&record.name)
        );
        if let Data::Txt(texts) = &record.data {
            let pairs = pairs(texts);
            let pairs = pairs
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            // What is kept can be announced again.
            let txt = Txt::from_pairs(pairs);
            assert!(txt.texts().iter().all(|text| text.len() <= 255));
        }
    }
});

fn zone() -> Zone {
    let facts = ZoneFacts {
        domain: Name::parse("openclaw.internal").expect("a domain"),
        server: vec!["100.64.0.5".parse().expect("an address")],
        gateway: Some(GatewayFacts {
            host: "studio".into(),
            addresses: vec!["100.64.0.5".parse().expect("an address")],
            instance: "studio-gateway".into(),
            port: 18789,
            txt: vec![
                ("displayName", "studio".into()),
                ("cliPath", "x".repeat(240)),
            ],
        }),
    };
    Zone::build(&facts, 1).expect("a zone")
}
