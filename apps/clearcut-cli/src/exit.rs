//! Exit codes: one table, so that scripts can tell failures apart.

use std::{borrow::Cow, process::ExitCode};

use clearcut::ErrorKind;

/// Why the command ends. The numbers are stable and stand in the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything asked for was done.
    Done,
    /// Several pictures failed, for different reasons.
    SomeFailed,
    /// The command line makes no sense.
    Usage,
    /// A picture failed; the kind says why.
    Picture(u8),
    /// An input is missing.
    Missing,
    /// An input cannot be read.
    Unreadable,
    /// A result cannot be written.
    Unwritable,
    /// No room for a result.
    DiskFull,
    /// A result is there already.
    Exists,
    /// A model cannot be found, loaded or fetched.
    Model,
    /// The cache cannot do what was asked of it.
    Cache,
    /// A server cannot be reached, or will not do what was asked of it.
    Server,
    /// A bug.
    Internal,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 1,
            Self::Usage => 2,
            Self::Picture(code) => code,
            Self::Missing => 20,
            Self::Unreadable => 21,
            Self::Unwritable => 22,
            Self::DiskFull => 23,
            Self::Exists => 24,
            Self::Model => 30,
            Self::Cache => 31,
            Self::Server => 32,
            Self::Internal => 70,
        }
    }

    /// One code for many outcomes: the common one if all failures are alike.
    pub fn of_all(failures: impl IntoIterator<Item = Self>) -> Self {
        let mut failures = failures.into_iter();
        let Some(first) = failures.next() else { return Self::Done };
        if failures.all(|other| other == first) { first } else { Self::SomeFailed }
    }
}

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidPlan => Self::Usage,
            ErrorKind::Empty => Self::Picture(10),
            ErrorKind::NotAPicture => Self::Picture(11),
            ErrorKind::UnsupportedFormat => Self::Picture(12),
            ErrorKind::TooLarge => Self::Picture(13),
            ErrorKind::Corrupt => Self::Picture(14),
            ErrorKind::NoForeground => Self::Picture(15),
            ErrorKind::Encode => Self::Picture(16),
            ErrorKind::Busy => Self::Picture(17),
            ErrorKind::Model => Self::Model,
            _ => Self::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A failure with its exit code and one line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which code the process ends with.
    pub exit: Exit,
    /// The stable name of the cause, as in JSON reports.
    pub code: Cow<'static, str>,
    /// What went wrong and the way out.
    pub message: String,
}

impl Failure {
    /// A failure of any kind.
    pub fn new(exit: Exit, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { exit, code: code.into(), message: message.into() }
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// An input could not be read.
    pub fn read(error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        match error.kind() {
            Io::NotFound => Self::new(Exit::Missing, "missing_input", "no such file; check the path"),
            Io::PermissionDenied => {
                Self::new(Exit::Unreadable, "unreadable_input", "may not be read; check its permissions")
            }
            _ => Self::new(Exit::Unreadable, "unreadable_input", format!("cannot be read: {error}")),
        }
    }

    /// A result could not be written. Nothing is left behind under its name.
    pub fn write(path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let path = path.display();
        match error.kind() {
            Io::StorageFull | Io::QuotaExceeded => {
                Self::new(Exit::DiskFull, "disk_full", format!("cannot write {path}: no room left; free some space"))
            }
            Io::PermissionDenied | Io::ReadOnlyFilesystem => Self::new(
                Exit::Unwritable,
                "unwritable_output",
                format!("cannot write {path}: not permitted; choose another folder with -o"),
            ),
            _ => Self::new(Exit::Unwritable, "unwritable_output", format!("cannot write {path}: {error}")),
        }
    }
}

impl From<clearcut::RemoveError> for Failure {
    fn from(error: clearcut::RemoveError) -> Self {
        Self::new(error.kind().into(), error.kind().code(), error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
