//! Where connections to Redis are opened, watched and closed: for the tier, the lease, the bus, and whoever else
//! speaks to the same server.

use std::sync::Arc;

use clearcut_cache::{TierError, TierErrorKind};
use fred::{
    clients::{Client, Pipeline, Pool, WithOptions},
    error::Error,
    interfaces::{ClientLike, EventInterface},
    types::{
        Builder,
        config::{Options, Server},
    },
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::AbortHandle,
};

use crate::{RedisConfig, error::Failure, health::Health};

/// A pool of connections to one Redis, its cluster or its sentinels. Clones share it; it closes with the last one.
///
/// A Redis that is down is no reason to fail: commands then fail at once, and succeed again when it is back, without
/// anybody's doing. That it went and came is logged once each.
#[derive(Clone)]
pub struct RedisConnection {
    shared: Arc<Shared>,
}

struct Shared {
    config: RedisConfig,
    pool: Pool,
    options: Options,
    health: Arc<Health>,
    _tasks: Tasks,
}

impl RedisConnection {
    /// Opens the pool and waits for its first connection, or until it is clear that there is none for now.
    ///
    /// Fails with [`TierErrorKind::Configuration`] alone: a wrong password, database or certificate.
    pub async fn open(config: RedisConfig) -> Result<Self, TierError> {
        let pool = Self::builder(&config)?.build_pool(config.pool_size).map_err(|error| Failure::of(&error))?;
        // A cluster answers a key that moved with the node that has it now, and that takes another attempt.
        let attempts = if pool.is_clustered() { 3 } else { 1 };
        let options = Options {
            fail_fast: true,
            max_attempts: Some(attempts),
            timeout: Some(config.command_timeout),
            ..Options::default()
        };
        let health = Arc::new(Health::new(config.address().to_owned()));
        let tasks = pool.clients().iter().flat_map(|client| {
            let watcher = watch(client.error_rx(), client.reconnect_rx(), Arc::clone(&health));
            [tokio::spawn(watcher).abort_handle(), client.connect().abort_handle()]
        });
        let shared = Shared { _tasks: Tasks(tasks.collect()), config, pool, options, health };

        let known = shared.health.first_news();
        if tokio::time::timeout(shared.config.connect_timeout, known).await.is_err() {
            shared.health.lost(Failure::silence());
        }
        match shared.health.failure() {
            Some(failure) if failure.kind == TierErrorKind::Configuration => Err(failure.into()),
            _ => Ok(Self { shared: Arc::new(shared) }),
        }
    }

    /// What it was opened with.
    pub fn config(&self) -> &RedisConfig {
        &self.shared.config
    }

    /// A connection for the next command: one that is up, if any is. Its commands fail at once where none is, and
    /// after [`RedisConfig::command_timeout`] at the latest.
    pub fn commands(&self) -> WithOptions<Client> {
        self.shared.pool.next_connected().with_options(&self.shared.options)
    }

    /// For commands that travel together, and fail as [`Self::commands`] do. Only what is put in line on the returned
    /// value itself does: a pipeline made from [`Self::commands`] waits for the server to come back.
    pub fn pipeline(&self) -> WithOptions<Pipeline<Client>> {
        self.shared.pool.next_connected().pipeline().with_options(&self.shared.options)
    }

    /// The same as [`Self::commands`] for one server of a cluster.
    pub(crate) fn commands_on(&self, server: Option<Server>) -> WithOptions<Client> {
        let options = Options { cluster_node: server, ..self.shared.options.clone() };
        self.shared.pool.next_connected().with_options(&options)
    }

    /// The servers that hold keys: every primary of a cluster, or one that goes without saying.
    pub(crate) fn servers(&self) -> Vec<Option<Server>> {
        let client = self.shared.pool.next_connected();
        let mut servers = if client.is_clustered() { client.active_connections() } else { Vec::new() };
        // In a fixed order, and never none: a cluster that is down answers that it is, when it is asked.
        servers.sort();
        if servers.is_empty() { vec![None] } else { servers.into_iter().map(Some).collect() }
    }

    /// A connection of its own, for subscriptions and for commands that block; not yet connected.
    pub fn dedicated(&self) -> Result<Dedicated, TierError> {
        let client = Self::builder(self.config())?.build().map_err(|error| Failure::of(&error))?;
        Ok(Dedicated { client, task: Tasks::default() })
    }

    /// Whether the server answers.
    pub async fn probe(&self) -> Result<(), TierError> {
        self.commands().ping::<()>(None).await.map_err(|error| self.failure(&error))
    }

    /// What a failed command means for a cache. While nothing is connected it is the reason for that.
    pub fn failure(&self, error: &Error) -> TierError {
        let failure = Failure::of(error);
        let known = if failure.kind == TierErrorKind::Unavailable { self.shared.health.failure() } else { None };
        known.unwrap_or(failure).into()
    }

    fn builder(config: &RedisConfig) -> Result<Builder, TierError> {
        let mut builder = Builder::from_config(config.driver()?);
        builder
            .set_connection_config(config.connection())
            .set_performance_config(config.performance())
            .set_policy(config.reconnection());
        Ok(builder)
    }
}

impl std::fmt::Debug for RedisConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisConnection")
            .field("config", &self.shared.config)
            .field("health", &self.shared.health)
            .finish_non_exhaustive()
    }
}

/// A connection that nobody shares. It reconnects by itself and closes when dropped.
pub struct Dedicated {
    client: Client,
    task: Tasks,
}

impl Dedicated {
    /// Connects, now and after every disconnection. Whoever wants to hear of the first connection listens before.
    pub fn connect(&mut self) {
        self.task = Tasks(vec![self.client.connect().abort_handle()]);
    }

    /// The connection. A command on it waits for the server to come back, up to [`RedisConfig::command_timeout`].
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl std::fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dedicated").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Tells `health` what becomes of one connection.
async fn watch(mut errors: Receiver<(Error, Option<Server>)>, mut connections: Receiver<Server>, health: Arc<Health>) {
    let mut up = false;
    loop {
        tokio::select! {
            error = errors.recv() => match error {
                Ok((error, _)) => {
                    if std::mem::take(&mut up) {
                        health.disconnected();
                    }
                    health.lost(Failure::to_connect(&error));
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            connection = connections.recv() => match connection {
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    if !std::mem::replace(&mut up, true) {
                        health.connected();
                    }
                }
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// The driver's tasks run until they are stopped: this stops them.
#[derive(Default)]
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}
