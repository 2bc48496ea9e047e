//! From disk and environment to one typed, validated [`schema::Settings`].
#![warn(missing_docs)]

pub mod authority;
pub mod container;
pub mod dotenv;
pub mod edit;
pub mod env;
pub mod exec_approvals;
pub mod hash;
pub mod include;
pub mod json_schema;
pub mod legacy;
pub mod load;
pub mod origin;
pub mod paths;
pub mod platform;
pub mod redact;
pub mod reference;
pub mod resolve;
pub mod schema;
pub mod secret;
pub mod store;
pub mod substitute;
mod suggest;
pub mod text;
pub mod validate;
pub mod watch;

pub use env::Env;
pub use load::{Snapshot, load};
pub use paths::{Paths, Profile, ProfileChoice};
pub use schema::Settings;
pub use secret::Secret;
pub use suggest::nearest;
pub use validate::Issue;
pub use watch::ConfigWatcher;
