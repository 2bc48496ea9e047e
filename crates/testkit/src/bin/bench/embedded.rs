//! The gateway library in a process of its own, run as the command line runs it.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::load::load;
use openclaw_config::resolve::GatewayFlags;
use openclaw_config::{Env, Paths, ProfileChoice};
use openclaw_gateway::clock::Clock;
use openclaw_gateway::core::{LogFile, Reload};
use openclaw_gateway::gateway::{Gateway, GatewayOptions};
use openclaw_gateway::listen::Inherited;
use openclaw_gateway::restart::Restart;
use tokio::sync::watch;

/// Serves until it is killed.
pub(crate) fn serve() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let env = Env::from_process();
        let paths =
            Paths::resolve(&env, &ProfileChoice::default()).map_err(|error| error.to_string())?;
        let (config, receiver) = watch::channel(Arc::new(load(&paths, &env)));
        let log: PathBuf = paths.state_dir.join("gateway.log");
        let options = GatewayOptions {
            paths,
            env,
            flags: GatewayFlags::default(),
            config: receiver,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clock: Clock::system(),
            log_file: LogFile(Arc::new(move || log.clone())),
            reload: Reload::new(|| ()),
            port: None,
            allow_weak_password: false,
            adapters: Vec::new(),
            inherited: Inherited::default(),
            restart: Restart::default(),
        };
        let gateway = Gateway::start(options)
            .await
            .map_err(|error| error.to_string())?;
        std::future::pending::<()>().await;
        drop((gateway, config));
        Ok(())
    })
}
