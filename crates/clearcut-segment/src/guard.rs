//! Panics of the runtime, turned into errors.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; a panic inside becomes `Err` with its message.
///
/// A model is an upload of strangers: the runtime's assertions about it must not take the process down.
///
/// # Contract
///
/// `work` leaves no shared state half-changed; what it owns is dropped.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Err(format!("the runtime gave up ({message})"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_message() {
        assert_eq!(guarded(|| Ok::<_, String>(1)), Ok(1));
        let failed = guarded::<()>(|| panic!("dimension {} is odd", 3));
        assert_eq!(failed, Err("the runtime gave up (dimension 3 is odd)".to_owned()));
    }
}
