//! Taking over what the program that ran here before left: what there is, doing it, and taking it back.
//!
//! Its files are only read. What is written beside them is noted in one file, so that it can be undone.

mod act;
mod record;
mod survey;

pub(crate) use act::{carry_over, undo};
pub(crate) use record::Record;
pub(crate) use survey::{Survey, survey};
