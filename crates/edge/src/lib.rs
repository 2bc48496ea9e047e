//! Adapters to the outside that have protocols of their own: certificates by ACME, and the DNS responder of wide-area
//! discovery. Each is an [`openclaw_gateway::adapters::Adapter`].

pub mod acme;
pub mod dns;
