//! What a driver's error means to a cache.

use std::io::ErrorKind;

use clearcut_cache::{TierError, TierErrorKind};
use sqlx::{Error, migrate::MigrateError};

/// What SQLite found wrong with its file when it was asked to look through it.
#[derive(Debug, thiserror::Error)]
#[error("the file is damaged: {0}")]
pub(crate) struct Damaged(pub(crate) String);

/// The driver's error as a tier's. The reason is the driver's text, which holds no password.
pub(crate) fn tier_error(tier: &str, error: &Error) -> TierError {
    TierError::new(tier, kind_of(error), error)
}

/// Postgres' code of the error, if it is one of the server's.
pub(crate) fn sql_state(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

/// Whether SQLite says that its file is damaged, or none of its own.
pub(crate) fn is_corrupt(error: &Error) -> bool {
    match error {
        Error::Migrate(error) => matches!(&**error, MigrateError::Execute(error) if is_corrupt(error)),
        Error::Decode(error) => error.is::<Damaged>(),
        // 11 is SQLITE_CORRUPT, 26 is SQLITE_NOTADB.
        _ => matches!(sqlite_code(error), Some(11 | 26)),
    }
}

fn kind_of(error: &Error) -> TierErrorKind {
    match error {
        Error::PoolTimedOut => TierErrorKind::Timeout,
        Error::PoolClosed | Error::WorkerCrashed | Error::Protocol(_) => TierErrorKind::Unavailable,
        Error::Io(error) => match error.kind() {
            ErrorKind::TimedOut => TierErrorKind::Timeout,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => TierErrorKind::Full,
            ErrorKind::PermissionDenied => TierErrorKind::Configuration,
            _ => TierErrorKind::Unavailable,
        },
        Error::Configuration(_) | Error::Tls(_) | Error::InvalidArgument(_) => TierErrorKind::Configuration,
        Error::Migrate(error) => match &**error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => kind_of(error),
            // A schema that a newer version wrote, or that somebody changed: it will not mend by itself.
            _ => TierErrorKind::Configuration,
        },
        Error::Database(_) => match sqlite_code(error) {
            Some(code) => sqlite_kind(code),
            None => sql_state(error).map_or(TierErrorKind::Other, |state| sql_state_kind(&state)),
        },
        _ => TierErrorKind::Other,
    }
}

/// SQLite's primary result code (<https://sqlite.org/rescode.html>).
fn sqlite_code(error: &Error) -> Option<i32> {
    let error = error.as_database_error()?;
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

fn sqlite_kind(code: i32) -> TierErrorKind {
    match code {
        5 | 6 => TierErrorKind::Timeout, // BUSY, LOCKED: longer than busy_timeout
        13 => TierErrorKind::Full,       // FULL
        3 | 8 | 14 | 23 => TierErrorKind::Configuration, // PERM, READONLY, CANTOPEN, AUTH
        _ => TierErrorKind::Other,
    }
}

/// Postgres' SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn sql_state_kind(state: &str) -> TierErrorKind {
    match state {
        "57014" | "55P03" | "40P01" => TierErrorKind::Timeout, // canceled, lock not available, deadlock
        "42501" | "25006" => TierErrorKind::Configuration,     // missing right, read-only
        "53100" | "53200" => TierErrorKind::Full,              // disk, memory
        _ => match state.get(..2) {
            Some("28" | "3D" | "3F" | "42") => TierErrorKind::Configuration, // password, database, schema, table
            Some("08" | "53" | "57") => TierErrorKind::Unavailable,          // connection, resources, shutdown
            _ => TierErrorKind::Other,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use clearcut_cache::TierErrorKind;
    use sqlx::Error;

    use super::{kind_of, sql_state_kind, sqlite_kind};

    #[test]
    fn each_failure_has_the_kind_that_a_breaker_can_act_on() {
        assert_eq!(kind_of(&Error::PoolTimedOut), TierErrorKind::Timeout);
        assert_eq!(kind_of(&Error::Io(io::ErrorKind::ConnectionReset.into())), TierErrorKind::Unavailable);
        assert_eq!(kind_of(&Error::Io(io::ErrorKind::StorageFull.into())), TierErrorKind::Full);
        for (state, kind) in [
            ("28P01", TierErrorKind::Configuration),
            ("3D000", TierErrorKind::Configuration),
            ("42P01", TierErrorKind::Configuration),
            ("53100", TierErrorKind::Full),
            ("53300", TierErrorKind::Unavailable),
            ("57P01", TierErrorKind::Unavailable),
            ("57014", TierErrorKind::Timeout),
            ("22021", TierErrorKind::Other),
        ] {
            assert_eq!(sql_state_kind(state), kind, "{state}");
        }
        for (code, kind) in [
            (5, TierErrorKind::Timeout),
            (13, TierErrorKind::Full),
            (14, TierErrorKind::Configuration),
            (11, TierErrorKind::Other),
        ] {
            assert_eq!(sqlite_kind(code), kind, "{code}");
        }
    }
}
