//! What is to be done with a job, in the words of whoever can do it.

use std::fmt;

use async_trait::async_trait;

use crate::{Claim, Failure, ProgressSender};

/// Does jobs.
///
/// # Contract
///
/// - The same job may be done twice, even at the same time: a worker may be cut off and not know it. Let it do no harm;
///   content-addressed results do none.
/// - The future is dropped at an await when the job is cancelled or its lease lost. Work that computes without awaiting
///   belongs on threads of its own.
/// - A panic is caught, and is a failure that may go well later.
#[async_trait]
pub trait Work: fmt::Debug + Send + Sync {
    /// Does one job; its result, or why there is none.
    async fn work(&self, claim: &Claim, progress: &ProgressSender) -> Result<String, WorkError>;
}

/// Why a job was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", .failure.code, .failure.reason)]
pub struct WorkError {
    lasting: bool,
    failure: Failure,
}

impl WorkError {
    /// It will fail every time: the job has failed. `code` is stable and for programs, `reason` is for people.
    pub fn lasting(code: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::new(true, code, reason)
    }

    /// It may go well later: the job is tried again after a pause, as often as the queue allows.
    pub fn transient(code: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::new(false, code, reason)
    }

    /// Whether it will fail every time.
    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// What is kept of it.
    pub fn into_failure(self) -> Failure {
        self.failure
    }

    fn new(lasting: bool, code: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { lasting, failure: Failure { code: code.into(), reason: reason.to_string() } }
    }
}
