//! Failures as this wire says them: what went wrong, what to do, and the details.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use crate::{
    failure::{Code, Failure},
    problem::failure_headers,
};

/// Why a request gets no picture, on this wire.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A format, quality, size or preset that is not one: says what they may be.
    Optimization(String),
    /// Anything else.
    Failure(Failure),
}

/// The body of an error.
#[derive(Debug, Serialize)]
struct Body<'a> {
    error: &'a str,
    solution: &'a str,
    details: &'a str,
}

impl Refusal {
    fn body(&self) -> Body<'_> {
        match self {
            Self::Optimization(details) => Body {
                error: "Invalid optimization parameters",
                solution: "Please check format, quality, and dimension values",
                details,
            },
            Self::Failure(failure) => {
                Body { error: failure.code().title(), solution: solution(failure.code()), details: failure.detail() }
            }
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn solution(code: Code) -> &'static str {
    match code {
        Code::MissingImage => "Please send a picture as the field `file`, or in JSON as `image`",
        Code::InvalidRequest | Code::InvalidField | Code::InvalidPlan => "Please check the fields of the request",
        Code::EmptyInput | Code::NotAPicture | Code::UnsupportedFormat | Code::Corrupt => {
            "Please send a JPEG, PNG, WebP, GIF, BMP or TIFF picture"
        }
        Code::TooLarge => "Please send a smaller picture",
        Code::NoForeground => "Please send a picture that shows a subject",
        Code::Unauthorized => "Please send a valid API key in the header X-Api-Key",
        Code::Forbidden | Code::NotFound => "Please check the path",
        Code::MethodNotAllowed => "Please make this call with POST",
        Code::RateLimited | Code::QuotaExceeded | Code::Busy | Code::Stopping | Code::Unavailable => {
            "Please wait as long as the header Retry-After says, and try again"
        }
        Code::Timeout => "Please send the picture again",
        _ => "Please try again, and tell the operator if it happens again",
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Body { error, details, .. } = self.body();
        write!(f, "{error}: {details}")
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Optimization(_) => StatusCode::BAD_REQUEST,
            Self::Failure(failure) => failure.code().status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Self::Failure(failure) = self {
            failure_headers(failure, &mut response);
        }
        response.json(self.body())
    }
}
