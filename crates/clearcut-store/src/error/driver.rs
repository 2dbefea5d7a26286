//! What the driver's errors mean.
//!
//! The driver keeps the status of a refused request to itself, and shows it only in its text; so that text is read
//! here. Its whole text is never passed on: it has addresses, and bodies that quote what was signed.

use std::io;

use object_store::{
    Error,
    client::{HttpError, HttpErrorKind},
};

use super::{StoreError, StoreErrorKind};

/// How the driver begins to tell of a refused request.
const REFUSED: &str = "Server returned non-2xx status code: ";
/// What stores call a bucket that is not there; an object that is not there has other names.
const NO_SUCH_BUCKET: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"];

/// Whether the object, and nothing more, is missing.
pub(crate) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. })
        && refusal(error).is_none_or(|refusal| !NO_SUCH_BUCKET.contains(&refusal.code.as_str()))
}

/// Our error for the driver's.
pub(crate) fn from_driver(store: &'static str, error: &Error) -> StoreError {
    let (kind, reason) = told(error);
    StoreError::new(store, kind, reason)
}

fn told(error: &Error) -> (StoreErrorKind, String) {
    if let Some(refusal) = refusal(error) {
        return (refusal.kind(), refusal.to_string());
    }
    if let Some(error) = found::<HttpError>(error) {
        let kind = match error.kind() {
            HttpErrorKind::Decode => StoreErrorKind::Other,
            _ => StoreErrorKind::Unavailable,
        };
        return (kind, last_cause(error).to_string());
    }
    // One that wraps another has no kind of its own.
    let io_errors = || causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    if let Some(error) = io_errors().find(|error| io_kind(error) != StoreErrorKind::Other).or(io_errors().next()) {
        return (io_kind(error), error.to_string());
    }
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            (StoreErrorKind::Configuration, "access is denied".to_owned())
        }
        Error::NotFound { .. } => (StoreErrorKind::Configuration, "there is no such bucket or folder".to_owned()),
        error => (StoreErrorKind::Other, last_cause(error).to_string()),
    }
}

/// What the file system's errors mean.
pub(crate) fn io_kind(error: &io::Error) -> StoreErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => StoreErrorKind::Full,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::NotFound => StoreErrorKind::Configuration,
        io::ErrorKind::TimedOut | io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::HostUnreachable => {
            StoreErrorKind::Unavailable
        }
        _ => StoreErrorKind::Other,
    }
}

/// A request that the store refused.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: u16,
    /// The store's own word for it, or nothing.
    code: String,
}

impl Refusal {
    fn kind(&self) -> StoreErrorKind {
        match self.status {
            507 => StoreErrorKind::Full,
            // A redirect means another region or address; a missing bucket is the only 404 that comes here.
            300..=399 | 401 | 403 | 404 | 405 => StoreErrorKind::Configuration,
            408 | 429 | 500..=599 => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Other,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it answered {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", {}", self.code)?;
        }
        Ok(())
    }
}

fn refusal(error: &Error) -> Option<Refusal> {
    causes(error).find_map(|cause| parse_refusal(&cause.to_string()))
}

fn parse_refusal(text: &str) -> Option<Refusal> {
    let text = text.strip_prefix(REFUSED)?;
    let status = text.get(..3)?.parse().ok()?;
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    let is_word = code.len() <= 64 && code.chars().all(|letter| letter.is_ascii_alphanumeric());
    Some(Refusal { status, code: if is_word { code.to_owned() } else { String::new() } })
}

fn found<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}

/// The last cause says what happened; those before it say that a request was being sent, and where to.
fn last_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    causes(error).last().unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::Generic { store: "S3", source: Box::new(source) }
    }

    #[test]
    fn a_refusal_is_told_by_its_status_and_the_stores_own_word() {
        let check = |body: &str, kind, reason: &str| {
            let told = told(&generic(io::Error::other(format!("{REFUSED}{body}"))));
            // An io::Error in the chain is looked at last: the words are the driver's.
            assert_eq!(told, (kind, reason.to_owned()), "{body}");
        };
        check(
            "403 Forbidden: <Error><Code>SignatureDoesNotMatch</Code><StringToSign>secret</StringToSign></Error>",
            StoreErrorKind::Configuration,
            "it answered 403, SignatureDoesNotMatch",
        );
        check("503 Service Unavailable: ", StoreErrorKind::Unavailable, "it answered 503");
        check("507 Insufficient Storage: full", StoreErrorKind::Full, "it answered 507");
        check("400 Bad Request: <Code>a key: AKIA</Code>", StoreErrorKind::Other, "it answered 400");
        check("301 Moved Permanently: ", StoreErrorKind::Configuration, "it answered 301");
    }

    #[test]
    fn a_full_disk_is_full_wherever_it_stands_in_the_chain() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(told(&generic(full())).0, StoreErrorKind::Full);
        assert_eq!(told(&generic(io::Error::other(generic(full())))).0, StoreErrorKind::Full);
        let denied = generic(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(told(&denied).0, StoreErrorKind::Configuration);
    }

    #[test]
    fn a_transport_failure_is_unavailable_and_names_its_last_cause() {
        let error = generic(HttpError::new(HttpErrorKind::Connect, io::Error::other("connection refused")));
        assert_eq!(told(&error), (StoreErrorKind::Unavailable, "connection refused".to_owned()));
    }

    #[test]
    fn a_missing_bucket_is_no_missing_object() {
        let missing = |body: &str| Error::NotFound {
            path: "results/ab/c.png".to_owned(),
            source: Box::new(io::Error::other(format!("{REFUSED}404 Not Found: {body}"))),
        };
        assert!(is_absent(&missing("<Code>NoSuchKey</Code>")) && is_absent(&missing("")));
        assert!(!is_absent(&missing("<Code>NoSuchBucket</Code>")));
        assert_eq!(told(&missing("<Code>ContainerNotFound</Code>")).0, StoreErrorKind::Configuration);
        assert!(!is_absent(&generic(io::Error::other("other"))));
    }
}
