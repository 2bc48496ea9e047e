use serde_json::json;

use super::*;

#[test]
fn wording_of_every_kind() {
    let list = Schema::Array {
        items: &Schema::STRING,
        min: 2,
    };
    let short = Schema::String {
        min: 0,
        max: Some(2),
    };
    for (schema, value, text) in [
        (Schema::Any, json!(null), ""),
        (Schema::STRING, json!(1), "must be string"),
        (
            Schema::NONEMPTY,
            json!(""),
            "must NOT have fewer than 1 characters",
        ),
        (short, json!("äöü"), "must NOT have more than 2 characters"),
        (short, json!("äö"), ""),
        (
            Schema::StringOrNull,
            json!(1),
            "must be string; must be null; must match a schema in anyOf",
        ),
        (Schema::StringOrNull, json!(null), ""),
        (Schema::at_least(1), json!(1.5), "must be integer"),
        (Schema::at_least(1), json!("1"), "must be integer"),
        (Schema::at_least(1), json!(2.0), ""),
        (Schema::at_least(1), json!(u64::MAX), ""),
        (Schema::between(1, 5), json!(0), "must be >= 1"),
        (Schema::between(1, 5), json!(6), "must be <= 5"),
        (Schema::Boolean, json!(0), "must be boolean"),
        (list, json!({}), "must be array"),
        (
            list,
            json!([1]),
            "must NOT have fewer than 2 items; at /0: must be string",
        ),
        (Schema::Map(&Schema::Boolean), json!([]), "must be object"),
        (
            Schema::Map(&Schema::Boolean),
            json!({"a/b~c": 1}),
            "at /a~1b~0c: must be boolean",
        ),
        (Schema::Text("x"), json!("y"), "must be equal to constant"),
        (Schema::Text("x"), json!(1), "must be string"),
        (Schema::Number(1), json!(2), "must be equal to constant"),
        (Schema::Number(1), json!("1"), "must be number"),
        (
            Schema::OneOf(&["a", "b"]),
            json!("c"),
            "must be equal to constant; must match a schema in anyOf",
        ),
        (
            Schema::Enum(&["a", "b"]),
            json!("c"),
            "must be equal to one of the allowed values",
        ),
    ] {
        assert_eq!(schema.explain(&value), text, "{schema:?} {value}");
    }
}

#[test]
fn missing_then_unknown_then_known_in_schema_order() {
    const INNER: Schema = Schema::closed(&[Field::required("z", Schema::STRING)]);
    const OUTER: Schema = Schema::closed(&[
        Field::required("b", INNER),
        Field::required("a", Schema::STRING).or("alias"),
        Field::required("gone", Schema::Any),
    ]);
    assert_eq!(
        OUTER.explain(&json!({"alias": 1, "b": {"q": 1}, "x": 1})),
        "must have required property 'gone'; at root: unexpected property 'x'; \
         at /b: must have required property 'z'; at /b: unexpected property 'q'; at /a: must be string"
    );
    assert_eq!(OUTER.explain(&json!(null)), "must be object");
}

#[test]
fn frames_tolerate_unknown_members() {
    for (frame, text) in [
        (
            json!({"type": "req", "id": "1", "method": "m", "traceparent": "x"}),
            "",
        ),
        (json!(null), "must be object"),
        (
            json!({"type": "ping"}),
            "must have required property 'id'; must have required property 'method'; at /type: must be equal to constant",
        ),
        (
            json!({"type": "req", "id": null, "method": ""}),
            "at /id: must be string; at /method: must NOT have fewer than 1 characters",
        ),
    ] {
        assert_eq!(REQUEST_FRAME.explain(&frame), text, "{frame}");
    }
}

#[test]
fn connect_params_of_protocol_4() {
    let params = json!({
        "minProtocol": 4, "maxProtocol": 4, "buildId": "x",
        "client": {"id": "nope", "version": "1", "platform": "linux", "mode": "cli"},
        "device": {"id": "a", "publicKey": "b", "signature": "c", "signedAt": 1},
    });
    assert_eq!(
        CONNECT_PARAMS_V4.explain(&params),
        "at /client/id: must be equal to one of the allowed values; at /device: must have required property 'nonce'"
    );
    assert_eq!(
        CONNECT_PARAMS.explain(&params),
        "at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf"
    );
}
