//! The native wire's errors: `application/problem+json` (RFC 9457) with a stable `code`.

use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, http::StatusCode, http::header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::Failure;

/// An error as the native wire says it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says which problem it is.
    #[schema(example = "about:blank")]
    pub r#type: &'static str,
    /// A few words, the same for every occurrence of the code.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the cause.
    #[schema(example = "not_a_picture")]
    pub code: &'static str,
    /// One sentence: the cause and the way out.
    pub detail: String,
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        let code = failure.code();
        Self {
            r#type: "about:blank",
            title: code.title(),
            status: code.status().as_u16(),
            code: code.as_str(),
            detail: failure.detail().to_owned(),
        }
    }
}

/// The headers that every wire sends with a failure: when to try again, the state of the limit, the right verbs.
pub fn failure_headers(failure: &Failure, response: &mut HttpResponseBuilder) {
    if let Some(seconds) = failure.retry_after_s() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if let Some(rate) = failure.rate() {
        rate.headers(response);
    }
    if let Some(allowed) = failure.allowed() {
        response.insert_header((header::ALLOW, allowed));
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        failure_headers(self, &mut response);
        response.content_type("application/problem+json").json(Problem::from(self))
    }
}
