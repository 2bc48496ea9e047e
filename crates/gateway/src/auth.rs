//! Who may come in: the admission decision (pure), identities that others vouch for, constant-time secrets, the failure limiter and the refusal texts.

pub mod admission;
pub mod identity;
pub mod limiter;
pub mod proof;
pub mod refusal;
pub mod secret;
