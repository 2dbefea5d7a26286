//! Connections to the file, and the look at what is in it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Error, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tracing::log::LevelFilter;

use super::{
    SqliteConfig, SqliteDatabase,
    database::{PAGE_BYTES, fetch},
};
use crate::error::Damaged;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// `CLRc`, in the file's header.
const APPLICATION_ID: i64 = 0x434c_5263;
/// How large the write-ahead log may stay.
const LOG_BYTES: u64 = 16 << 20;

const SCHEMA: &str = "SELECT (SELECT COUNT(*) FROM sqlite_schema), (SELECT application_id FROM pragma_application_id)";
/// Reads through the pages of the table, of a large one only as many as cost a few milliseconds.
const GLANCE: &str = "SELECT COUNT(stored_bytes) FROM (SELECT stored_bytes FROM task_results NOT INDEXED LIMIT 20000)";
/// Reads through the whole file.
const QUICK_CHECK: &str = "PRAGMA quick_check(1)";

/// Connects, and brings the schema up to date. Whoever calls this is the only one who is opening the file.
///
/// A file with a `suspicion` beside it is read through first.
pub(super) async fn connect(config: &SqliteConfig, suspicion: PathBuf) -> Result<SqliteDatabase, Error> {
    let wait = config.keeping.call_timeout;
    let mut options = SqliteConnectOptions::new()
        .filename(&config.path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("journal_size_limit", LOG_BYTES.to_string())
        // Or each put makes a file, and removes it, for what it might have to undo.
        .pragma("temp_store", "MEMORY")
        .busy_timeout(wait);
    options = if config.log_statements {
        options.log_statements(LevelFilter::Debug)
    } else {
        options.disable_statement_logging()
    };
    inspect(&options, &suspicion).await?;
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(wait)
            .max_lifetime(None::<Duration>)
            .idle_timeout(None::<Duration>)
            // A file does not go away as a server does.
            .test_before_acquire(false)
    };
    Ok(SqliteDatabase {
        writer: pool(1)
            .before_acquire(|connection, _| Box::pin(is_usable(connection)))
            .connect_lazy_with(options.clone()),
        readers: pool(config.readers.max(1)).connect_lazy_with(options),
        max_cache_size_bytes: config.max_cache_size_bytes,
        suspicion,
    })
}

/// Whether no transaction hangs on a connection that nobody uses.
///
/// A full disk makes SQLite end a transaction by itself. The driver's own `ROLLBACK` then fails, and it would refuse to
/// begin another one on this connection for ever. Replaced, the connection is as good as new.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, Error> {
    // An answer means that the rollback of a dropped transaction is through.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Looks whose file it is and whether it can be read, and brings its schema up to date.
async fn inspect(options: &SqliteConnectOptions, suspicion: &Path) -> Result<(), Error> {
    let is_new = std::fs::metadata(options.get_filename()).map_or(true, |file| file.len() == 0);
    let mut connection = if is_new {
        // Said to the new file alone: to say it again writes, on every connection, and fails on a full disk.
        options.clone().auto_vacuum(SqliteAutoVacuum::Incremental).connect().await?
    } else {
        options.connect().await?
    };
    let inspected = migrate(&mut connection, suspicion).await;
    // What could not be closed properly is closed by being dropped.
    let _ = connection.close().await;
    inspected
}

/// The transaction only reads where there is nothing to bring up to date, and so waits for no other process's writing.
async fn migrate(connection: &mut SqliteConnection, suspicion: &Path) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    let schema = fetch(&mut transaction, SCHEMA, &[]).await?;
    let schema = schema.first().ok_or(Error::RowNotFound)?;
    if schema.int(0)? > 0 && schema.int(1)? != APPLICATION_ID {
        return Err(Error::Configuration("the file is another program's database".into()));
    }
    let mut migrator = Migrator { migrations: MIGRATIONS.migrations.clone(), ..Migrator::DEFAULT };
    migrator.set_locking(false);
    migrator.run_direct(None, &mut *transaction, false).await?;
    if suspicion.exists() {
        let found = fetch(&mut transaction, QUICK_CHECK, &[]).await?;
        let found = found.first().ok_or(Error::RowNotFound)?.text(0)?;
        if found != "ok" {
            return Err(Error::Decode(Box::new(Damaged(found.to_owned()))));
        }
        // A disk that reads wrongly once: gone again, or back with the next error.
        let _ = std::fs::remove_file(suspicion);
    }
    fetch(&mut transaction, GLANCE, &[]).await?;
    transaction.commit().await
}
