//! Calls one method of a gateway and prints the raw result.
//!
//! ```text
//! cargo run -p openclaw-client --example call -- ws://127.0.0.1:18789 health '{}' [token]
//! ```
//!
//! Connects without a device, so a gateway elsewhere grants nothing but `health`; give the options
//! an identity (`DeviceIdentity::load_or_create`) and a token cache to be paired.
#![expect(clippy::print_stdout, reason = "printing the result is what it does")]

use std::error::Error;

use openclaw_client::{Client, ClientOptions, Credentials, Target};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(method)) = (arguments.next(), arguments.next()) else {
        return Err("usage: call <url> <method> [params] [token]".into());
    };
    let params = arguments.next().unwrap_or_else(|| "{}".to_owned());
    let params: Box<RawValue> = serde_json::from_str(&params)?;

    let mut options = ClientOptions::operator(Target::parse(&url)?, env!("CARGO_PKG_VERSION"));
    if let Some(token) = arguments.next() {
        options.credentials = Credentials::token(token);
    }
    let client = Client::connect(options).await?;
    let result = client.call(&method, &params).await;
    client.close().await;
    println!("{}", result?.get());
    Ok(())
}
