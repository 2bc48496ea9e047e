//! Params and results of methods and payloads of events, one file per family.
//!
//! What is only passed on stays raw JSON text. Optional members are left out when absent; members that the wire
//! shows as `null` say so.

pub mod approvals;
pub mod audit;
pub mod clients;
pub mod config;
pub mod device;
pub mod health;
pub mod logs;
pub mod node;
pub mod remote;
pub mod restart;
pub mod system;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::WireError;
use crate::{schema, strict};

/// Decodes the params of a method; the error is the wire error to answer with.
pub fn decode_params<'a, T: Deserialize<'a>>(
    method: &str,
    params: &'a str,
) -> Result<T, WireError> {
    serde_json::from_str::<strict::Object<T>>(params)
        .map(|strict::Object(params)| params)
        .map_err(|error| schema::invalid_params(method, params, &error.to_string()))
}

/// A member for which `null` and being absent are two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Member<T> {
    /// Not on the wire.
    #[default]
    Absent,
    /// `null` on the wire.
    Null,
    /// There.
    Value(T),
}

impl<T> Member<T> {
    /// Whether the member is not on the wire.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T: Serialize> Serialize for Member<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// Result that says nothing but that it worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Done {
    /// Always true.
    pub ok: bool,
}

impl Done {
    /// The only value.
    pub const OK: Self = Self { ok: true };
}

/// Params of the methods that approve or reject a pairing request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RequestIdParams {
    /// Id of the request. `pairingId` is accepted as well.
    #[serde(alias = "pairingId", deserialize_with = "crate::strict::nonempty")]
    pub request_id: String,
}

/// How a pairing request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum PairingDecision {
    /// Somebody with the scope said yes, or it was silent.
    Approved,
    /// Somebody with the scope said no.
    Rejected,
    /// Nobody said anything in time.
    Expired,
}

#[cfg(test)]
mod tests;
