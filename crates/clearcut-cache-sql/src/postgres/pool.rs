//! Connections, and how a statement is run on one.

use std::{str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Error, PgConnection, PgPool,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
};
use tracing::log::LevelFilter;

use crate::{
    postgres::PostgresConfig,
    statement::{Record, Route, Statement, Value, statements_of},
};

statements_of!(sqlx::Postgres, PgArguments, PgRow);

/// Held for the length of a transaction by whoever writes rows of many keys.
const MANY_KEYS_LOCK: &str = "SELECT pg_advisory_xact_lock(4855430275172)";

/// A connection that nobody needed for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_mins(10);

/// A pool, and what stands in front of the server.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) connections: PgPool,
    behind_pgbouncer: bool,
}

impl Pool {
    /// Reads `url`, without connecting.
    pub(super) fn new(url: &SecretString, config: &PostgresConfig) -> Result<Self, Error> {
        let mut options = PgConnectOptions::from_str(url.expose_secret())?
            .application_name("clearcut")
            // `PgBouncer` refuses connections that set it; floats travel in binary here, so it has no meaning.
            .extra_float_digits(None);
        options = if config.log_statements {
            options.log_statements(LevelFilter::Debug)
        } else {
            options.disable_statement_logging()
        };
        if config.behind_pgbouncer {
            options = options.statement_cache_capacity(0);
        }
        let connections = PgPoolOptions::new()
            .max_connections(config.pool_size.saturating_add(config.pool_overflow).max(1))
            .acquire_timeout(config.acquire_timeout)
            .max_lifetime(config.pool_recycle)
            .idle_timeout(IDLE_TIMEOUT)
            .test_before_acquire(config.pre_ping)
            .connect_lazy_with(options);
        Ok(Self { connections, behind_pgbouncer: config.behind_pgbouncer })
    }

    pub(super) async fn run(&self, statement: &Statement) -> Result<Vec<Record>, Error> {
        let query = || bind(statement.sql, &statement.arguments).persistent(!self.behind_pgbouncer);
        let alone = statement.route == Route::WriteMany;
        let rows = if alone || self.behind_pgbouncer {
            let mut transaction = self.connections.begin().await?;
            if alone {
                sqlx::raw_sql(MANY_KEYS_LOCK).execute(&mut *transaction).await?;
            }
            let rows = query().fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            rows
        } else {
            query().fetch_all(&self.connections).await?
        };
        rows.iter().map(record).collect()
    }

    /// Behind `PgBouncer`, lets the server forget the statements that sqlx's migrations prepare under names of their own,
    /// before the connection goes to somebody who uses the same names.
    pub(super) async fn forget_statements(&self, connection: &mut PgConnection) -> Result<(), Error> {
        if self.behind_pgbouncer {
            sqlx::raw_sql("DEALLOCATE ALL").execute(connection).await?;
        }
        Ok(())
    }

    /// Runs a statement on many rows at once: each argument is the array of a column.
    pub(super) async fn run_for_each(&self, sql: &'static str, rows: &[Vec<Value>]) -> Result<(), Error> {
        let columns = rows.first().map_or(0, Vec::len);
        let query = (0..columns).fold(sqlx::query(sql), |query, column| {
            let values = || rows.iter().filter_map(|row| row.get(column));
            match rows[0][column] {
                Value::Int(_) => query.bind(values().filter_map(Value::as_int).collect::<Vec<_>>()),
                Value::Float(_) => query.bind(values().filter_map(Value::as_float).collect::<Vec<_>>()),
                Value::Text(_) => {
                    query.bind(values().filter_map(Value::as_text).map(str::to_owned).collect::<Vec<_>>())
                }
                Value::Bytes(_) => {
                    query.bind(values().filter_map(Value::as_bytes).map(|bytes| bytes.to_vec()).collect::<Vec<_>>())
                }
            }
        });
        let mut transaction = self.connections.begin().await?;
        sqlx::raw_sql(MANY_KEYS_LOCK).execute(&mut *transaction).await?;
        query.persistent(!self.behind_pgbouncer).execute(&mut *transaction).await?;
        transaction.commit().await
    }
}
