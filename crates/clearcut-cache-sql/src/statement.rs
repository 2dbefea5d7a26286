//! SQL with its arguments, and rows with their columns: the few types that both databases share.

use bytes::Bytes;
use sqlx::Error;

/// One argument, or one column of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `bigint`, `INTEGER`.
    Int(i64),
    /// `double precision`, `REAL`.
    Float(f64),
    /// `text`, `TEXT`.
    Text(String),
    /// `bytea`, `BLOB`.
    Bytes(Bytes),
}

impl Value {
    pub(crate) fn as_int(&self) -> Option<i64> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(value) = self { Some(value) } else { None }
    }

    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        if let Self::Bytes(value) = self { Some(value) } else { None }
    }

    /// For messages.
    fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Bytes> for Value {
    fn from(value: Bytes) -> Self {
        Self::Bytes(value)
    }
}

/// One statement with its arguments.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its text, with `$1`, `$2`, … for the arguments.
    pub(crate) sql: &'static str,
    /// Its arguments.
    pub(crate) arguments: Vec<Value>,
    /// Who may run it.
    pub(crate) route: Route,
}

/// Who may run a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Whoever is nearest: an answer that lags behind is asked for again where the truth is.
    Find,
    /// Whoever knows the truth.
    Read,
    /// Whoever may write; it touches the rows of one key.
    Write,
    /// Whoever may write, one at a time: it touches the rows of many keys, and two of these could wait for each other
    /// in a circle.
    WriteMany,
}

impl Statement {
    /// Asks for one result.
    pub(crate) fn find<const N: usize>(sql: &'static str, arguments: [Value; N]) -> Self {
        Self { sql, arguments: arguments.into(), route: Route::Find }
    }

    /// Asks for what is true now.
    pub(crate) fn read<const N: usize>(sql: &'static str, arguments: [Value; N]) -> Self {
        Self { sql, arguments: arguments.into(), route: Route::Read }
    }

    /// Writes the rows of one key.
    pub(crate) fn write<const N: usize>(sql: &'static str, arguments: [Value; N]) -> Self {
        Self { sql, arguments: arguments.into(), route: Route::Write }
    }

    /// Writes the rows of many keys.
    pub(crate) fn write_many<const N: usize>(sql: &'static str, arguments: [Value; N]) -> Self {
        Self { sql, arguments: arguments.into(), route: Route::WriteMany }
    }
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub struct Record(pub(crate) Vec<Value>);

impl Record {
    pub(crate) fn int(&self, column: usize) -> Result<i64, Error> {
        self.column(column, "an integer", Value::as_int)
    }

    pub(crate) fn float(&self, column: usize) -> Result<f64, Error> {
        self.column(column, "a number", Value::as_float)
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, Error> {
        self.column(column, "text", Value::as_text)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&Bytes, Error> {
        self.column(column, "bytes", Value::as_bytes)
    }

    fn column<'a, T>(
        &'a self,
        column: usize,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, Error> {
        let found = self.0.get(column);
        found.and_then(read).ok_or_else(|| {
            let found = found.map_or("missing", Value::kind);
            Error::Decode(format!("column {column} is {found}, not {expected}").into())
        })
    }
}

/// Defines `bind` and `record` for one database: sqlx's types differ, the code does not.
macro_rules! statements_of {
    ($database:ty, $arguments:ty, $row:ty) => {
        /// The statement as sqlx wants it.
        fn bind(
            sql: &'static str,
            arguments: &[$crate::statement::Value],
        ) -> sqlx::query::Query<'static, $database, $arguments> {
            use $crate::statement::Value;
            arguments.iter().fold(sqlx::query(sql), |query, argument| match argument {
                Value::Int(value) => query.bind(*value),
                Value::Float(value) => query.bind(*value),
                Value::Text(value) => query.bind(value.clone()),
                Value::Bytes(value) => query.bind(value.to_vec()),
            })
        }

        /// A row as this crate wants it.
        fn record(row: &$row) -> Result<$crate::statement::Record, sqlx::Error> {
            use sqlx::{Row, TypeInfo, ValueRef};
            use $crate::statement::{Record, Value};
            let column = |index| {
                let kind = row.try_get_raw(index)?.type_info().name().to_owned();
                Ok(match kind.as_str() {
                    "INT8" | "INTEGER" => Value::Int(row.try_get(index)?),
                    "FLOAT8" | "REAL" => Value::Float(row.try_get(index)?),
                    "TEXT" => Value::Text(row.try_get(index)?),
                    "BYTEA" | "BLOB" => Value::Bytes(row.try_get::<Vec<u8>, _>(index)?.into()),
                    other => return Err(sqlx::Error::Decode(format!("column {index} is of type {other}").into())),
                })
            };
            (0..row.len()).map(column).collect::<Result<_, _>>().map(Record)
        }
    };
}
pub(crate) use statements_of;
