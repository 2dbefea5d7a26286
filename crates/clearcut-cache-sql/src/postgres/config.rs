//! Which Postgres, and how patiently.

use std::time::Duration;

use secrecy::SecretString;

use crate::Keeping;

/// Which Postgres, and how patiently. Change what you need after [`PostgresConfig::new`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=…`.
    pub url: SecretString,
    /// A read replica. Reads ask it first, and the primary where it fails or does not know the key: a replica that lags
    /// costs a second look, never a second computation. A key that was just cleared may be answered until the replica
    /// has heard of it.
    pub replica_url: Option<SecretString>,
    /// Connections that are kept open. Default 10.
    ///
    /// sqlx has one limit, not two: the pool grows to `pool_size + pool_overflow`, and a connection that was idle for
    /// ten minutes is closed.
    pub pool_size: u32,
    /// Connections above that in a rush. Default 20.
    pub pool_overflow: u32,
    /// Longest wait for a connection. Default 1 s.
    pub acquire_timeout: Duration,
    /// A connection older than this is replaced. Default 3,600 s.
    pub pool_recycle: Duration,
    /// Whether a connection is tried before each use, so that a restart of the server costs no failed call. Default
    /// yes: one short round trip, and none on a connection used a moment ago.
    pub pre_ping: bool,
    /// Whether `PgBouncer` in transaction mode stands in between. Statements are then not kept prepared, and each runs in
    /// a transaction of its own, because the server behind may change between two messages. Default no; not needed
    /// with `PgBouncer` 1.21 or later and `max_prepared_statements` above 0.
    pub behind_pgbouncer: bool,
    /// Whether every statement is logged at level debug (`DEBUG_SQL`). Default no. Arguments are never logged.
    pub log_statements: bool,
    /// How results are kept.
    pub keeping: Keeping,
}

impl PostgresConfig {
    /// The defaults, for the database at `url`.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            replica_url: None,
            pool_size: 10,
            pool_overflow: 20,
            acquire_timeout: Duration::from_secs(1),
            pool_recycle: Duration::from_hours(1),
            pre_ping: true,
            behind_pgbouncer: false,
            log_statements: false,
            keeping: Keeping::default(),
        }
    }
}
