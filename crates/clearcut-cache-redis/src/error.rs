//! What the driver's errors mean for a cache.

use clearcut_cache::{TierError, TierErrorKind};
use fred::error::{Error, ErrorKind};

use crate::config::TIER_NAME;

/// Answers of a server that is there, but cannot serve now: it loads its data, lost its primary, or is busy.
const NOT_NOW: [&str; 8] =
    ["LOADING", "MASTERDOWN", "READONLY", "MISCONF", "CLUSTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS"];
/// What the driver says of a certificate that is not trusted, expired, or for another name.
const BAD_CERTIFICATE: &str = "InvalidCertificate";
/// Answers that stay the same until somebody changes the configuration.
const NEVER: [&str; 6] = ["NOAUTH", "WRONGPASS", "NOPERM", "NOPROTO", "ERR DB index", "ERR invalid DB index"];
/// What the driver itself says, under no kind of error, of a command for which it has no connection.
const NO_CONNECTION: [&str; 4] = [
    "Failed to route command",
    "Failed to send command",
    "Client is not initialized",
    "Too many failed write attempts",
];
/// Beyond `maxmemory`, with nothing that may be evicted.
const NO_ROOM: &str = "OOM";

/// A failure that can be kept and told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: TierErrorKind,
    pub(crate) reason: String,
}

impl Failure {
    pub(crate) fn of(error: &Error) -> Self {
        let kind = answer_kind(error.details()).unwrap_or(match error.kind() {
            ErrorKind::Auth | ErrorKind::Config | ErrorKind::Url => TierErrorKind::Configuration,
            ErrorKind::Timeout => TierErrorKind::Timeout,
            ErrorKind::IO
            | ErrorKind::Canceled
            | ErrorKind::Routing
            | ErrorKind::Cluster
            | ErrorKind::Sentinel
            | ErrorKind::Backpressure
            | ErrorKind::Tls => TierErrorKind::Unavailable,
            _ => TierErrorKind::Other,
        });
        Self { kind, reason: readable(error.details()).to_owned() }
    }

    /// Of connecting: whatever it was, no command was sent, so none has timed out.
    pub(crate) fn to_connect(error: &Error) -> Self {
        match Self::of(error) {
            failure if failure.kind == TierErrorKind::Configuration => failure,
            failure => Self { kind: TierErrorKind::Unavailable, ..failure },
        }
    }

    /// Of connecting, which nothing came of.
    pub(crate) fn silence() -> Self {
        Self { kind: TierErrorKind::Unavailable, reason: "no answer while connecting".to_owned() }
    }
}

impl From<Failure> for TierError {
    fn from(failure: Failure) -> Self {
        Self::new(TIER_NAME, failure.kind, failure.reason)
    }
}

/// The driver shows an error of the operating system with all its fields; this is the one to be read.
fn readable(details: &str) -> &str {
    let message = details.split_once("message: \"").and_then(|(_, rest)| rest.split_once('"'));
    message.map_or(details, |(message, _)| message)
}

/// What an error that the server answered means, where it says.
pub(crate) fn answer_kind(answer: &str) -> Option<TierErrorKind> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| answer.starts_with(prefix));
    match () {
        () if begins(&[NO_ROOM]) => Some(TierErrorKind::Full),
        () if begins(&NEVER) || answer.contains(BAD_CERTIFICATE) => Some(TierErrorKind::Configuration),
        () if begins(&NOT_NOW) || begins(&NO_CONNECTION) => Some(TierErrorKind::Unavailable),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_answers_are_told_apart() {
        for (kind, details, expected) in [
            (ErrorKind::Unknown, "OOM command not allowed when used memory > 'maxmemory'.", TierErrorKind::Full),
            (ErrorKind::Auth, "WRONGPASS invalid username-password pair", TierErrorKind::Configuration),
            (ErrorKind::Unknown, "NOPERM this user has no permissions", TierErrorKind::Configuration),
            (ErrorKind::Unknown, "ERR DB index is out of range", TierErrorKind::Configuration),
            (ErrorKind::Unknown, "LOADING Redis is loading the dataset in memory", TierErrorKind::Unavailable),
            (ErrorKind::IO, "Custom { error: InvalidCertificate(Expired) }", TierErrorKind::Configuration),
            (ErrorKind::IO, "Connection refused", TierErrorKind::Unavailable),
            (ErrorKind::Canceled, "Canceled.", TierErrorKind::Unavailable),
            (ErrorKind::Backpressure, "Max in-flight commands reached.", TierErrorKind::Unavailable),
            (ErrorKind::Unknown, "Failed to route command.", TierErrorKind::Unavailable),
            (ErrorKind::Timeout, "Request timed out.", TierErrorKind::Timeout),
            (ErrorKind::Unknown, "ERR unknown command", TierErrorKind::Other),
        ] {
            assert_eq!(Failure::of(&Error::new(kind, details)).kind, expected, "{details}");
        }
    }

    #[test]
    fn an_error_of_the_operating_system_is_told_in_its_words() {
        let details = "Os { code: 111, kind: ConnectionRefused, message: \"Connection refused\" }";
        assert_eq!(Failure::of(&Error::new(ErrorKind::IO, details)).reason, "Connection refused");
        assert_eq!(Failure::of(&Error::new(ErrorKind::IO, "eof")).reason, "eof");
    }
}
