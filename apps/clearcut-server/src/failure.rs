//! Why a request gets no picture: one table from stable code to status and waiting time.

use std::{borrow::Cow, fmt, time::Duration};

use actix_web::http::StatusCode;
use clearcut::{ErrorKind, PlanError, RemoveError};

/// Declares the codes once: variant, stable code, status, and whether the same request may succeed later.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $status:ident $retry_s:expr, $title:literal;)+) => {
        /// What sort of failure it is. The codes are stable and stand in every wire's answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status of the native wire.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// After how many seconds the same request may succeed; `None` if it never will.
            pub const fn retry_after_s(self) -> Option<u64> {
                match self { $(Self::$variant => $retry_s),+ }
            }

            /// A few words for people, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The request cannot be read: torn multipart, bad JSON, wrong lengths.
    InvalidRequest = "invalid_request" BAD_REQUEST None, "The request cannot be read";
    /// A field of the request is unknown, doubled, missing or has a value that is not understood.
    InvalidField = "invalid_field" BAD_REQUEST None, "A field of the request is not valid";
    /// Fields of the plan exclude each other.
    InvalidPlan = "invalid_plan" BAD_REQUEST None, "The fields exclude each other";
    /// No picture came with the request.
    MissingImage = "missing_image" BAD_REQUEST None, "There is no picture in the request";
    /// The picture has no bytes.
    EmptyInput = "empty_input" BAD_REQUEST None, "The picture is empty";
    /// The picture's address is not one that may be fetched.
    UrlRefused = "url_refused" BAD_REQUEST None, "The address may not be fetched";
    /// The picture's address did not answer with a picture.
    UrlFailed = "url_failed" BAD_REQUEST None, "The address gave no picture";
    /// No key, or one that is not known.
    Unauthorized = "unauthorized" UNAUTHORIZED None, "A valid API key is needed";
    /// The key may not do this, or nobody may.
    Forbidden = "forbidden" FORBIDDEN None, "Not allowed";
    /// There is nothing here.
    NotFound = "not_found" NOT_FOUND None, "Not found";
    /// No job or batch has this id.
    JobUnknown = "job_unknown" NOT_FOUND None, "There is no such job";
    /// The job was accepted, and the queue does not know it any more: it lost its memory.
    JobLost = "job_lost" GONE None, "The job was lost";
    /// The job ended so long ago that it is not known any more.
    JobExpired = "job_expired" GONE None, "The job is forgotten";
    /// The job was cancelled before it had a result.
    JobCancelled = "job_cancelled" GONE None, "The job was cancelled";
    /// The picture was kept for a while, and is not any more.
    ResultExpired = "result_expired" GONE None, "The result is not kept any more";
    /// The job has no result yet.
    JobNotDone = "job_not_done" CONFLICT Some(1), "The job is not done yet";
    /// The job has ended, and cannot be cancelled any more.
    JobEnded = "job_ended" CONFLICT None, "The job has ended";
    /// The job's picture is here already.
    UploadTaken = "upload_taken" CONFLICT None, "The upload was made before";
    /// The address knows other verbs.
    MethodNotAllowed = "method_not_allowed" METHOD_NOT_ALLOWED None, "Wrong method";
    /// No format that the client accepts can be made.
    NotAcceptable = "not_acceptable" NOT_ACCEPTABLE None, "No acceptable format";
    /// The body did not arrive in time.
    Timeout = "request_timeout" REQUEST_TIMEOUT None, "The request took too long to arrive";
    /// The upload has more bytes, or the picture more pixels, than the limits.
    TooLarge = "too_large" PAYLOAD_TOO_LARGE None, "The picture is too large";
    /// The bytes are no picture.
    NotAPicture = "not_a_picture" UNSUPPORTED_MEDIA_TYPE None, "This is not a picture";
    /// A picture in a format that is not understood, or a body of a type that is not.
    UnsupportedFormat = "unsupported_format" UNSUPPORTED_MEDIA_TYPE None, "The format is not supported";
    /// The picture is damaged or cut off.
    Corrupt = "corrupt_picture" UNPROCESSABLE_ENTITY None, "The picture is damaged";
    /// The model sees no subject.
    NoForeground = "no_foreground" UNPROCESSABLE_ENTITY None, "No foreground was found";
    /// The chosen format cannot hold the result, or was not built in.
    CannotEncode = "cannot_encode" UNPROCESSABLE_ENTITY None, "The result cannot be encoded";
    /// The job failed: its status says why.
    JobFailed = "job_failed" UNPROCESSABLE_ENTITY None, "The job failed";
    /// A range beyond the end.
    RangeNotSatisfiable = "range_not_satisfiable" RANGE_NOT_SATISFIABLE None, "The range is beyond the end";
    /// Too many requests with this key or from this address.
    RateLimited = "rate_limited" TOO_MANY_REQUESTS Some(60), "Too many requests";
    /// The key's quota is used up.
    QuotaExceeded = "quota_exceeded" TOO_MANY_REQUESTS Some(3600), "The quota of this key is used up";
    /// The waiting room is full.
    Busy = "busy" SERVICE_UNAVAILABLE Some(2), "All places are taken";
    /// The cache's database, or something else that the call cannot do without, does not answer.
    Unavailable = "unavailable" SERVICE_UNAVAILABLE Some(10), "Something that this call needs is down";
    /// As many jobs wait or run as may.
    QueueFull = "queue_full" SERVICE_UNAVAILABLE Some(5), "The queue is full";
    /// The store of uploads and results has no room.
    StoreFull = "store_full" INSUFFICIENT_STORAGE Some(60), "The store is full";
    /// The server is going down.
    Stopping = "stopping" SERVICE_UNAVAILABLE Some(5), "The server is stopping";
    /// The model failed on this picture.
    ModelFailed = "model_failed" INTERNAL_SERVER_ERROR None, "The model failed";
    /// A bug.
    Internal = "internal_error" INTERNAL_SERVER_ERROR None, "Internal error";
}

/// Why a request gets no picture: a code for programs, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: Code,
    detail: String,
    retry_after: Option<Duration>,
    rate: Option<crate::trust::limits::Decision>,
    allowed: Option<Cow<'static, str>>,
}

/// What a handler gives before its wire shapes it.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure; `detail` is one sentence without a full stop, with the cause and the way out.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let retry_after = code.retry_after_s().map(Duration::from_secs);
        Self { code, detail: detail.into(), retry_after, rate: None, allowed: None }
    }

    /// A field that is unknown, doubled, missing or not understood.
    pub fn field(detail: impl Into<String>) -> Self {
        Self::new(Code::InvalidField, detail)
    }

    /// A verb that is not answered here; `allowed` are those that are, such as `GET, HEAD`.
    pub fn wrong_method(allowed: impl Into<Cow<'static, str>>) -> Self {
        let allowed = allowed.into();
        let failure = Self::new(Code::MethodNotAllowed, format!("this call is made with {allowed}"));
        Self { allowed: Some(allowed), ..failure }
    }

    /// A bug or a broken disk: the cause goes to the log, the client gets a sentence.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(Code::Internal, "something went wrong here; the request id names it in the server's log")
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// With the state of the limit that refused the request.
    #[must_use]
    pub fn with_rate(mut self, rate: crate::trust::limits::Decision) -> Self {
        self.rate = Some(rate);
        self
    }

    /// What sort of failure it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// When to try again, in whole seconds, at least 1; `None` where that never helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX))
    }

    /// The state of the limit that refused the request.
    pub fn rate(&self) -> Option<&crate::trust::limits::Decision> {
        self.rate.as_ref()
    }

    /// The verbs that are answered, after a wrong one.
    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Failure {}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let code = if matches!(error, PlanError::Conflict { .. }) { Code::InvalidPlan } else { Code::InvalidField };
        Self::new(code, error.to_string())
    }
}

impl From<RemoveError> for Failure {
    fn from(error: RemoveError) -> Self {
        let code = match error.kind() {
            ErrorKind::InvalidPlan => Code::InvalidPlan,
            ErrorKind::Empty => Code::EmptyInput,
            ErrorKind::NotAPicture => Code::NotAPicture,
            ErrorKind::UnsupportedFormat => Code::UnsupportedFormat,
            ErrorKind::TooLarge => Code::TooLarge,
            ErrorKind::Corrupt => Code::Corrupt,
            ErrorKind::NoForeground => Code::NoForeground,
            ErrorKind::Encode => Code::CannotEncode,
            ErrorKind::Busy => Code::Busy,
            ErrorKind::Model => Code::ModelFailed,
            _ => return Self::internal(error),
        };
        Self::new(code, error.to_string())
    }
}
