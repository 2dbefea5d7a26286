//! remove.bg's errors: `{"errors":[{"title","code","detail"?}]}`.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::answer;
use crate::{
    failure::{Code, Failure},
    problem::failure_headers,
    trust::limits::Decision,
};

/// A failure as remove.bg's clients read it.
#[derive(Debug)]
pub(super) struct RemoveBgError {
    failure: Box<Failure>,
    status: StatusCode,
    code: &'static str,
    /// A few words; where there are none, the failure's sentence stands in their place, since clients show the title.
    title: Option<&'static str>,
    allowed_method: Option<&'static str>,
}

impl RemoveBgError {
    /// The path is right, the verb is not.
    pub(super) fn wrong_method(allowed: &'static str) -> Self {
        let error = Self::from(Failure::new(Code::MethodNotAllowed, format!("use {allowed}")));
        Self { allowed_method: Some(allowed), ..error }
    }

    /// A refusal for want of a key is another one when a key was shown.
    #[must_use]
    pub(super) fn despite_key(self) -> Self {
        if self.failure.code() != Code::Unauthorized {
            return self;
        }
        Self { code: "invalid_api_key", title: Some("API key invalid"), ..self }
    }

    /// With what is left of the caller's limit.
    #[must_use]
    pub(super) fn with_rate(self, rate: Option<Decision>) -> Self {
        match rate {
            Some(rate) if self.failure.rate().is_none() => {
                Self { failure: Box::new(self.failure.with_rate(rate)), ..self }
            }
            _ => self,
        }
    }
}

impl From<Failure> for RemoveBgError {
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        let (status, name, title) = match code {
            Code::MissingImage => (StatusCode::BAD_REQUEST, "missing_source", Some("No image given")),
            Code::TooLarge => (StatusCode::BAD_REQUEST, "file_too_large", Some("The image is too large")),
            Code::NoForeground => {
                (StatusCode::BAD_REQUEST, "unknown_foreground", Some("Could not identify foreground in image"))
            }
            Code::InvalidRequest
            | Code::InvalidField
            | Code::InvalidPlan
            | Code::EmptyInput
            | Code::UrlRefused
            | Code::UrlFailed
            | Code::NotAPicture
            | Code::UnsupportedFormat
            | Code::Corrupt
            | Code::CannotEncode => (StatusCode::BAD_REQUEST, "invalid_parameter", None),
            Code::QuotaExceeded => (StatusCode::PAYMENT_REQUIRED, "insufficient_credits", Some("Insufficient credits")),
            Code::Unauthorized | Code::Forbidden => {
                (StatusCode::FORBIDDEN, "auth_failed", Some("Authorization failed"))
            }
            Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", Some("Rate limit exceeded")),
            other => (other.status(), other.as_str(), Some(other.title())),
        };
        Self { failure: Box::new(failure), status, code: name, title, allowed_method: None }
    }
}

impl fmt::Display for RemoveBgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl ResponseError for RemoveBgError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let sentence = self.failure.detail();
        let entry = Entry {
            title: self.title.unwrap_or(sentence),
            code: self.code,
            detail: self.title.is_some().then_some(sentence),
        };
        let mut response = HttpResponse::build(self.status);
        failure_headers(&self.failure, &mut response);
        answer::rate_headers(self.failure.rate().copied(), &mut response);
        if let Some(method) = self.allowed_method {
            response.insert_header((header::ALLOW, method));
        }
        response.json(Errors { errors: [entry] })
    }
}

#[derive(Debug, Serialize)]
struct Errors<'a> {
    errors: [Entry<'a>; 1],
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    title: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_failure_has_an_unknown_shape_or_status() {
        for code in Code::ALL {
            let error = RemoveBgError::from(Failure::new(*code, "why"));
            assert!(error.status.is_client_error() || error.status.is_server_error(), "{code:?}");
            assert_eq!(error.status.is_server_error(), code.status().is_server_error(), "{code:?}");
            assert!(!error.code.is_empty(), "{code:?}");
        }
    }

    #[test]
    fn a_key_that_was_shown_is_invalid_and_one_that_was_not_is_missing() {
        let unauthorized = || RemoveBgError::from(Failure::new(Code::Unauthorized, "why"));
        assert_eq!((unauthorized().code, unauthorized().status), ("auth_failed", StatusCode::FORBIDDEN));
        assert_eq!(unauthorized().despite_key().code, "invalid_api_key");
        let limited = RemoveBgError::from(Failure::new(Code::RateLimited, "why")).despite_key();
        assert_eq!(limited.code, "rate_limit_exceeded");
    }

    #[test]
    fn a_used_up_quota_reads_as_missing_credits() {
        let error = RemoveBgError::from(Failure::new(Code::QuotaExceeded, "why"));
        assert_eq!((error.code, error.status), ("insufficient_credits", StatusCode::PAYMENT_REQUIRED));
    }
}
