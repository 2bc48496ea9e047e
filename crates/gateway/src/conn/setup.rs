//! What becomes of a setup code once a device came in with it.

use serde_json::{Value, json};

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::records::SetupRecord;

/// Payload of `device.pair.setup.completed`, and the `completion` of a status answer. The published schema allows these four
/// members and no other.
pub(crate) fn completion(record: &SetupRecord) -> Value {
    json!({
        "setupId": record.setup_id,
        "deviceId": record.device_id,
        // A ticket of the owner's own browser gives all that a full code gives.
        "access": if record.access == "owner" { "full" } else { record.access.as_str() },
        "ts": record.completed_at_ms.or(record.used_at_ms).unwrap_or_default(),
    })
}

/// The device showed that it has its token: the code is dead from now on.
pub(crate) fn received(core: &Core, setup_id: &str) {
    let done = core.books.setups.lock().complete(setup_id, core.now_ms());
    let Some((record, change)) = done else {
        return;
    };
    // Lost with the power, the code would live on for its minutes, for this device only.
    core.store.commit_lazily(vec![change]);
    core.broadcast("device.pair.setup.completed", &completion(&record));
}

/// The connection ended before the device said a word: nobody knows whether it has its token.
pub(crate) fn ended(core: &Core, conn: &Conn) {
    let Some(setup_id) = &conn.setup_id else {
        return;
    };
    let open = core
        .books
        .setups
        .lock()
        .get(setup_id)
        .filter(|record| record.completed_at_ms.is_none())
        .map(completion);
    if let Some(payload) = open {
        core.broadcast("device.pair.setup.deliveryUncertain", &payload);
    }
}
