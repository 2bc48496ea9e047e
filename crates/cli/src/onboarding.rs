//! First set-up and later changes of it: what was answered, what follows for the config, and whether it works.
//!
//! `onboard` and `setup` take the answers from flags or questions, `configure` asks for a part of them. All end in one
//! [`Answers`], so that they cannot disagree about what is safe.

mod answers;
mod apply;
mod flags;
mod prompts;
mod verify;

pub(crate) use answers::{Answers, Local, Way};
pub(crate) use apply::{Applied, apply};
pub(crate) use flags::OnboardFlags;
pub(crate) use prompts::{Place, Prompts, Section, Told, Topic, has_tailscale};
pub(crate) use verify::{Seen, look};
