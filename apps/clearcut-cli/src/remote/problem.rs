//! What a server says when it does not do what was asked of it.

use clearcut::ErrorKind;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::exit::{Exit, Failure};

use super::client::Answer;

/// Longest text of an answer that is shown.
const MAX_SHOWN_CHARS: usize = 300;

/// An answer of RFC 9457, or as much of one as came.
#[derive(Debug, Default, Deserialize)]
pub struct Problem {
    /// The stable name of the cause; empty where the answer is not Clearcut's own.
    #[serde(default)]
    pub code: String,
    /// One sentence: the cause and the way out.
    #[serde(default)]
    pub detail: String,
}

impl Problem {
    /// What an answer says.
    pub fn of(answer: &Answer) -> Self {
        let problem: Self = serde_json::from_slice(&answer.body).unwrap_or_default();
        let detail = if problem.detail.is_empty() {
            match answer.status {
                StatusCode::TOO_MANY_REQUESTS => "too many calls".to_owned(),
                status => format!("answered {status}"),
            }
        } else {
            one_line(&problem.detail)
        };
        Self { detail, ..problem }
    }

    /// Whether only new pictures have to wait.
    pub fn is_full_line(&self) -> bool {
        self.code == "queue_full"
    }

    /// Whether it is about what was asked for every picture, and not about one of them.
    pub fn is_about_the_plan(&self) -> bool {
        matches!(&*self.code, "invalid_field" | "invalid_plan")
    }

    /// It as the failure of a picture.
    pub fn into_failure(self) -> Failure {
        let exit = ErrorKind::from_code(&self.code).map_or(Exit::Server, Exit::from);
        let code = if self.code.is_empty() { "server_failed".to_owned() } else { self.code };
        let detail =
            if self.detail.is_empty() { "the server names no reason".to_owned() } else { one_line(&self.detail) };
        Failure::new(exit, code, detail)
    }
}

/// It is shown on a terminal: whatever a server sends, it is one line of text.
fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, body: &str) -> Problem {
        let status = StatusCode::from_u16(status).unwrap();
        let headers = reqwest::header::HeaderMap::new();
        Problem::of(&Answer { status, headers, body: body.to_owned().into() })
    }

    #[test]
    fn causes_have_the_exit_codes_of_this_machine() {
        for (body, exit, code, message) in [
            (r#"{"code":"not_a_picture","detail":"text"}"#, Exit::Picture(11), "not_a_picture", "text"),
            (r#"{"code":"model_failed","detail":"no"}"#, Exit::Model, "model_failed", "no"),
            (r#"{"code":"something_new","detail":"new"}"#, Exit::Server, "something_new", "new"),
            (r#"{"detail":"a\u001b[31m\nb"}"#, Exit::Server, "server_failed", "a[31mb"),
            ("<html>", Exit::Server, "server_failed", "answered 418 I'm a teapot"),
        ] {
            assert_eq!(problem(418, body).into_failure(), Failure::new(exit, code, message), "{body}");
        }
    }

    #[test]
    fn who_has_to_wait_is_told_by_the_code() {
        assert!(problem(429, r#"{"code":"queue_full"}"#).is_full_line());
        assert!(!problem(429, r#"{"code":"rate_limited"}"#).is_full_line());
        assert!(!problem(429, "").is_full_line());
        assert!(problem(400, r#"{"code":"invalid_field"}"#).is_about_the_plan());
    }
}
