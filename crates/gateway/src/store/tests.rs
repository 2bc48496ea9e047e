//! Tests of the store, by subject.

mod basics;
mod damage;
mod faults;
mod offline;
pub(super) mod records;
