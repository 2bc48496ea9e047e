//! `ui/src/wire/generated.ts`: the wire as the Control UI sees it, made from the types of this crate.
//!
//! `OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-protocol typescript` writes the file; without the variable the test
//! checks it. Methods and events get their types in [`table`]; a type is part of the wire with
//! `#[cfg_attr(test, derive(ts_rs::TS))]`, and a member that holds raw JSON says `#[cfg_attr(test, ts(type = "Json"))]`.

mod layout;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use ts_rs::{Config, TS, TypeVisitor};

use crate::error::{DETAIL_CODES, close, code};
use crate::scope::Scope;
use crate::{PROTOCOL_MAX, PROTOCOL_MIN, event, limits, method};

const HEAD: &str = "\
// Made from crates/protocol; never edited. To write it again:
// OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-protocol typescript

/** Any JSON value: what the gateway only passes on. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** No params; an empty object is sent. */
export type NoParams = { readonly [key: string]: never };
";

/// What the gateway writes member by member and has no type for.
const BY_HAND: &str = "
/** State at connect. Which members there are depends on the scopes and on the generation. */
export type HelloSnapshot = {
  presence: PresenceEntry[];
  health: Health;
  stateVersion: StateVersion;
  uptimeMs: number;
  configPath?: string;
  stateDir?: string;
  /** `token`, `password` or `none` (protocol 4). */
  authMode?: string;
};
";

/// The types of the wire, each with everything that it is made of.
struct Types {
    config: Config,
    declarations: BTreeMap<String, String>,
    /// Params and result by method.
    methods: BTreeMap<&'static str, (String, String)>,
    /// Payload by event.
    events: BTreeMap<&'static str, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of ours have a place of their own.
        if T::output_path().is_none() {
            T::visit_generics(self);
            return;
        }
        let name = T::ident(&self.config);
        if self.declarations.contains_key(&name) {
            return;
        }
        let declaration = layout::declaration(&T::decl(&self.config), T::docs().as_deref());
        // The tag of the hello is the name of its type for serde, and its name here for ts-rs.
        let declaration = declaration.replace("type: \"HelloOk\"", "type: \"hello-ok\"");
        self.declarations.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

impl Types {
    fn new() -> Self {
        Self {
            // Numbers of the wire are exact in a JavaScript number.
            config: Config::new().with_large_int("number"),
            declarations: BTreeMap::new(),
            methods: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }

    fn name<T: TS + 'static>(&mut self) -> String {
        self.visit::<T>();
        T::name(&self.config)
    }

    /// A type that no method or event names.
    fn part<T: TS + 'static>(&mut self) {
        self.visit::<T>();
    }

    /// A method with params.
    fn method<P: TS + 'static, R: TS + 'static>(&mut self, name: &'static str) {
        assert!(method::find(name).is_some(), "{name} is no method");
        let types = (self.name::<P>(), self.name::<R>());
        assert!(self.methods.insert(name, types).is_none(), "{name} twice");
    }

    /// A method without params.
    fn look<R: TS + 'static>(&mut self, name: &'static str) {
        assert!(method::find(name).is_some(), "{name} is no method");
        let types = ("NoParams".to_owned(), self.name::<R>());
        assert!(self.methods.insert(name, types).is_none(), "{name} twice");
    }

    /// An event.
    fn event<T: TS + 'static>(&mut self, name: &'static str) {
        assert!(event::find(name).is_some(), "{name} is no event");
        let payload = self.name::<T>();
        assert!(self.events.insert(name, payload).is_none(), "{name} twice");
    }

    fn render(&self) -> String {
        let mut out = HEAD.to_owned();
        out.push_str(&layout::union(
            "Operator scopes.",
            "Scope",
            Scope::ALL.into_iter().map(Scope::name),
        ));
        out.push_str(&layout::union(
            "`error.code` of an answer.",
            "ErrorCode",
            [
                code::NOT_LINKED,
                code::NOT_PAIRED,
                code::INVALID_REQUEST,
                code::FORBIDDEN,
                code::UNAVAILABLE,
            ],
        ));
        out.push_str(&layout::union(
            "`error.details.code` of an answer.",
            "DetailCode",
            DETAIL_CODES.iter().copied(),
        ));
        out.push_str(&layout::numbers(
            "Generations of the protocol that the gateway speaks.",
            "PROTOCOL",
            &[("min", PROTOCOL_MIN.into()), ("max", PROTOCOL_MAX.into())],
        ));
        out.push_str(&layout::numbers(
            "Numbers of the protocol; times in milliseconds, sizes in bytes.",
            "LIMITS",
            &limits_shown(),
        ));
        out.push_str(&layout::numbers(
            "Why a connection was closed.",
            "CLOSE",
            &closes(),
        ));
        for declaration in self.declarations.values() {
            out.push_str(declaration);
        }
        out.push_str(BY_HAND);
        self.render_methods(&mut out);
        self.render_events(&mut out);
        out
    }

    /// Every method; those without types of their own take and give anything.
    fn render_methods(&self, out: &mut String) {
        out.push_str("\n/** Params and result of every method. */\nexport interface Methods {\n");
        let mut names: Vec<_> = method::METHODS.iter().map(|method| method.name).collect();
        names.sort_unstable();
        for name in names {
            let line = match self.methods.get(name) {
                Some((params, result)) => format!(
                    "  {}: {{ params: {}; result: {} }};\n",
                    layout::quoted(name),
                    layout::type_name(params),
                    layout::type_name(result)
                ),
                None => format!(
                    "  {}: {{ params: object; result: unknown }};\n",
                    layout::quoted(name)
                ),
            };
            out.push_str(&line);
        }
        out.push_str("}\n\nexport type MethodName = keyof Methods;\n");
    }

    fn render_events(&self, out: &mut String) {
        out.push_str("\n/** Payload of every event. */\nexport interface Events {\n");
        let mut names: Vec<_> = event::EVENTS.iter().map(|event| event.name).collect();
        names.sort_unstable();
        for name in names {
            let payload = self.events.get(name).map_or("unknown", String::as_str);
            let (name, payload) = (layout::quoted(name), layout::type_name(payload));
            writeln!(out, "  {name}: {payload};").expect("a string takes everything");
        }
        out.push_str("}\n\nexport type EventName = keyof Events;\n");
    }
}

fn limits_shown() -> Vec<(&'static str, u64)> {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
    let size = |bytes: usize| u64::try_from(bytes).unwrap();
    let positive = |ms: i64| u64::try_from(ms).unwrap();
    vec![
        ("preAuthMaxPayload", size(limits::PRE_AUTH_MAX_PAYLOAD)),
        ("v3MaxPayload", size(limits::V3_MAX_PAYLOAD)),
        ("v4MaxPayload", size(limits::V4_MAX_PAYLOAD)),
        ("tickIntervalMs", ms(limits::TICK_INTERVAL)),
        ("handshakeTimeoutMs", ms(limits::HANDSHAKE_TIMEOUT)),
        ("pingIntervalMs", ms(limits::PING_INTERVAL)),
        ("signatureSkewMs", positive(limits::SIGNATURE_SKEW_MS)),
        ("pairingTtlMs", positive(limits::PAIRING_TTL_MS)),
        ("setupTtlMs", positive(limits::SETUP_TTL_MS)),
        ("setupTtlMinMs", positive(limits::SETUP_TTL_MIN_MS)),
        ("setupTtlMaxMs", positive(limits::SETUP_TTL_MAX_MS)),
        ("invokeTimeoutMs", limits::INVOKE_TIMEOUT_MS),
        ("approvalTimeoutMs", limits::APPROVAL_TIMEOUT_MS),
        ("closeReasonMaxBytes", size(limits::CLOSE_REASON_MAX_BYTES)),
        ("presenceMax", size(limits::PRESENCE_MAX)),
    ]
}

fn closes() -> Vec<(&'static str, u64)> {
    [
        ("normal", close::NORMAL),
        ("protocol", close::PROTOCOL),
        ("invalidUtf8", close::INVALID_UTF8),
        ("policy", close::POLICY),
        ("tooBig", close::TOO_BIG),
        ("serviceRestart", close::SERVICE_RESTART),
        ("tryAgain", close::TRY_AGAIN),
        ("tickTimeout", close::TICK_TIMEOUT),
        ("authChanged", close::AUTH_CHANGED),
    ]
    .map(|(name, code)| (name, code.into()))
    .to_vec()
}

#[test]
fn the_types_of_the_control_ui_are_current() {
    let mut types = Types::new();
    table::fill(&mut types);
    let text = types.render();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/wire/generated.ts");
    if std::env::var_os("OPENCLAW_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let first_difference = found
        .lines()
        .zip(text.lines())
        .find(|(found, wanted)| found != wanted);
    assert!(
        found == text,
        "ui/src/wire/generated.ts is out of date ({first_difference:?}); run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-protocol typescript"
    );
}
