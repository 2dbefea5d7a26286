//! Failures as these wires say them.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;

use crate::{failure::Failure, problem::failure_headers};

/// A [`Failure`] on these wires.
#[derive(Debug)]
pub(super) struct Refusal(Failure);

#[derive(Debug, Serialize)]
struct Body<'a> {
    success: bool,
    error: &'a str,
    code: &'static str,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.0.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        failure_headers(&self.0, &mut response);
        response.json(Body { success: false, error: self.0.detail(), code: self.0.code().as_str() })
    }
}
