//! Which line a job waits in, as clients say it.

use clearcut_jobs::Priority;

use crate::{
    failure::{Failure, Outcome},
    form::Form,
};

/// Takes the field `priority` out of a request; a job that does not say is one that somebody waits for.
///
/// # Errors
///
/// [`Code::InvalidField`](crate::failure::Code::InvalidField).
pub(crate) fn take(form: &mut Form) -> Outcome<Priority> {
    match form.take("priority")?.as_deref() {
        None | Some("interactive") => Ok(Priority::Interactive),
        Some("batch") => Ok(Priority::Batch),
        Some(_) => Err(Failure::field("`priority` is interactive or batch")),
    }
}
