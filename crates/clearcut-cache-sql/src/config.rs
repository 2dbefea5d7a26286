//! Configuration as the environment spells it.

use std::{fmt, str::FromStr, time::Duration};

use clearcut_cache::{TierError, TierErrorKind};
use secrecy::SecretString;

use crate::{PostgresConfig, SqliteConfig};

/// Which database, as the environment says.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SqlConfig {
    /// `DATABASE_URL=postgres://…`.
    Postgres(PostgresConfig),
    /// `DATABASE_URL=sqlite:…`.
    Sqlite(SqliteConfig),
}

impl SqlConfig {
    /// Reads the variables below through `lookup`; `None` where `DATABASE_URL` is missing or empty.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `DATABASE_URL` | `postgres://…` or `postgresql://…`, also with a driver (`postgresql+asyncpg://…`); `sqlite:FILE`, `sqlite://FILE` |
    /// | `DATABASE_REPLICA_URL` | a read replica of the former |
    /// | `CACHE_TTL_HOURS` | [`Keeping::default_ttl`](crate::Keeping::default_ttl); fractions allowed |
    /// | `DEBUG_SQL` | `true`, `1`, `yes`, `on`: statements are logged at level debug |
    /// | `DATABASE_POOL_SIZE`, `DATABASE_MAX_OVERFLOW` | connections; `SQLALCHEMY_POOL_SIZE` and `SQLALCHEMY_MAX_OVERFLOW` are understood as well |
    /// | `DATABASE_PGBOUNCER` | as `DEBUG_SQL`: `PgBouncer` in transaction mode stands in between |
    /// | `MAX_CACHE_SIZE_MB` | bound of the kept bytes |
    /// | `CLEANUP_INTERVAL` | seconds; 0: never by itself |
    ///
    /// Fails with [`TierErrorKind::Configuration`], naming the variable and never its value where that is a URL.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, TierError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let Some(url) = lookup("DATABASE_URL") else { return Ok(None) };
        let mut config = match url.split_once(':') {
            Some((scheme, rest)) if is_postgres(scheme) => Self::Postgres(PostgresConfig::new(without_driver(rest))),
            Some(("sqlite", rest)) => Self::Sqlite(SqliteConfig::new(rest.strip_prefix("//").unwrap_or(rest))),
            _ => return Err(wrong("DATABASE_URL starts with postgres:// or sqlite:")),
        };
        let keeping = match &mut config {
            Self::Postgres(config) => &mut config.keeping,
            Self::Sqlite(config) => &mut config.keeping,
        };
        if let Some(hours) = number::<f64>(&lookup, "CACHE_TTL_HOURS")? {
            keeping.default_ttl = Duration::try_from_secs_f64(hours * 3_600.0)
                .ok()
                .filter(|ttl| !ttl.is_zero())
                .ok_or_else(|| wrong("CACHE_TTL_HOURS is a number of hours above 0"))?;
        }
        if let Some(seconds) = number(&lookup, "CLEANUP_INTERVAL")? {
            keeping.cleanup_interval = Some(Duration::from_secs(seconds)).filter(|interval| !interval.is_zero());
        }
        let max_bytes = number::<u64>(&lookup, "MAX_CACHE_SIZE_MB")?.map(|megabytes| megabytes.saturating_mul(1 << 20));
        let log_statements = flag(&lookup, "DEBUG_SQL")?;
        match &mut config {
            Self::Postgres(config) => {
                let replica_url = match lookup("DATABASE_REPLICA_URL").as_deref().map(|url| url.split_once(':')) {
                    Some(Some((scheme, rest))) if is_postgres(scheme) => Some(without_driver(rest)),
                    None => None,
                    _ => return Err(wrong("DATABASE_REPLICA_URL starts with postgres://")),
                };
                config.log_statements = log_statements;
                config.keeping.cleanup.max_cache_size_bytes = max_bytes;
                config.replica_url = replica_url;
                config.behind_pgbouncer = flag(&lookup, "DATABASE_PGBOUNCER")?;
                let either = |own, sqlalchemy| Ok(number(&lookup, own)?.or(number(&lookup, sqlalchemy)?));
                config.pool_size = either("DATABASE_POOL_SIZE", "SQLALCHEMY_POOL_SIZE")?.unwrap_or(config.pool_size);
                config.pool_overflow =
                    either("DATABASE_MAX_OVERFLOW", "SQLALCHEMY_MAX_OVERFLOW")?.unwrap_or(config.pool_overflow);
            }
            Self::Sqlite(config) => {
                config.log_statements = log_statements;
                config.max_cache_size_bytes = max_bytes.unwrap_or(config.max_cache_size_bytes);
            }
        }
        Ok(Some(config))
    }
}

/// What follows the scheme, under the scheme that sqlx knows.
fn without_driver(rest: &str) -> SecretString {
    SecretString::from(format!("postgres:{rest}"))
}

fn is_postgres(scheme: &str) -> bool {
    let database = scheme.split_once('+').map_or(scheme, |(database, _driver)| database);
    matches!(database, "postgres" | "postgresql")
}

fn number<T: FromStr<Err: fmt::Display>>(
    lookup: &impl Fn(&str) -> Option<String>,
    name: &str,
) -> Result<Option<T>, TierError> {
    let parse = |text: String| text.trim().parse().map_err(|error| wrong(format!("{name}={text}: {error}")));
    lookup(name).map(parse).transpose()
}

fn flag(lookup: &impl Fn(&str) -> Option<String>, name: &str) -> Result<bool, TierError> {
    match lookup(name).map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true" | "1" | "yes" | "on") => Ok(true),
        None | Some("false" | "0" | "no" | "off") => Ok(false),
        Some(other) => Err(wrong(format!("{name}={other} is neither true nor false"))),
    }
}

fn wrong(reason: impl fmt::Display) -> TierError {
    TierError::new("sql", TierErrorKind::Configuration, reason)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, path::Path, time::Duration};

    use clearcut_cache::{TierError, TierErrorKind};
    use secrecy::ExposeSecret;

    use super::SqlConfig;

    fn read(variables: &[(&str, &str)]) -> Result<Option<SqlConfig>, TierError> {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        SqlConfig::from_lookup(|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn without_a_url_there_is_no_database() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("DATABASE_URL", " "), ("CACHE_TTL_HOURS", "x")]).unwrap().is_none());
    }

    #[test]
    fn the_variables_of_a_facial_processing_service_are_understood() {
        let config = read(&[
            ("DATABASE_URL", "postgresql+asyncpg://postgres:s%40cret@db:5432/facial"),
            ("CACHE_TTL_HOURS", "24"),
            ("DEBUG_SQL", "False"),
            ("SQLALCHEMY_POOL_SIZE", "7"),
            ("DATABASE_MAX_OVERFLOW", "3"),
        ]);
        let Some(SqlConfig::Postgres(config)) = config.unwrap() else { panic!("not Postgres") };
        assert_eq!(config.url.expose_secret(), "postgres://postgres:s%40cret@db:5432/facial");
        assert_eq!(config.keeping.default_ttl, Duration::from_hours(24));
        assert_eq!((config.pool_size, config.pool_overflow), (7, 3));
        assert!(!config.log_statements);
        assert!(!format!("{config:?}").contains("s%40cret"), "a password in a log");
    }

    #[test]
    fn a_file_is_a_database_too() {
        for url in ["sqlite:/var/cache/c.sqlite", "sqlite:///var/cache/c.sqlite"] {
            let config = read(&[("DATABASE_URL", url), ("MAX_CACHE_SIZE_MB", "5"), ("CLEANUP_INTERVAL", "0")]);
            let Some(SqlConfig::Sqlite(config)) = config.unwrap() else { panic!("not SQLite") };
            assert_eq!(config.path, Path::new("/var/cache/c.sqlite"));
            assert_eq!(config.max_cache_size_bytes, 5 << 20);
            assert_eq!(config.keeping.cleanup_interval, None);
        }
    }

    #[test]
    fn a_wrong_value_is_named_without_the_password() {
        for (name, value) in [
            ("DATABASE_URL", "mysql://me:hidden@db/x"),
            ("CACHE_TTL_HOURS", "soon"),
            ("CACHE_TTL_HOURS", "-1"),
            ("CACHE_TTL_HOURS", "NaN"),
            ("DEBUG_SQL", "perhaps"),
            ("DATABASE_POOL_SIZE", "-3"),
        ] {
            let error = read(&[("DATABASE_URL", "postgres://me:hidden@db/x"), (name, value)]).unwrap_err();
            assert_eq!(error.kind(), TierErrorKind::Configuration);
            assert!(error.to_string().contains(name), "{error}");
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }
}
