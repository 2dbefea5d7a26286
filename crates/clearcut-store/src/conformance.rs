//! What every store must do: one named test for each behavior.
//!
//! A test crate calls [`store_conformance_suite!`](crate::store_conformance_suite) once per store. The behaviors sweep
//! the store, so it must be one of their own: an empty folder, or a prefix that nobody else has.

mod concurrency;
mod keeping;
mod signing;
mod subject;
mod sweeping;

pub use concurrency::*;
pub use keeping::*;
pub use signing::*;
pub use subject::Subject;
pub use sweeping::*;

/// Makes a module of tests that hold a store to its contract.
///
/// The second argument is an `async` expression for a [`Subject`], evaluated anew in each test, or for an
/// `Option<Subject>`: `None` skips, after having said why. The calling crate needs tokio with the features `macros`
/// and `rt-multi-thread`.
///
/// ```
/// use clearcut_store::{Store, StoreConfig, conformance::Subject};
///
/// clearcut_store::store_conformance_suite!(memory, async {
///     Subject::new(Store::open(StoreConfig::memory()).unwrap())
/// });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! store_conformance_suite {
    ($name:ident, $subject:expr) => {
        $crate::store_conformance_tests! {
            $name, $subject;
            what_is_put_is_got
            an_absent_object_is_none
            an_empty_body_is_kept
            megabytes_are_kept
            equal_bodies_are_one_object
            another_media_type_is_another_object
            an_unknown_media_type_is_plain_bytes
            an_upload_is_kept_and_replaced
            a_result_is_not_put_as_an_upload
            an_object_over_the_limit_is_refused
            a_removed_object_is_gone
            what_is_known_of_an_object_is_true
            concurrent_puts_leave_one_whole_object
            a_dropped_put_leaves_all_or_nothing
            a_dropped_get_harms_nothing
            the_sweep_removes_what_is_past_its_lifetime_and_nothing_else
            results_without_a_lifetime_are_kept
            an_object_that_was_put_again_begins_anew
            the_sweep_of_an_empty_store_removes_nothing
            a_working_store_answers_its_probe
            a_signed_url_takes_a_put
            a_signed_url_answers_a_get_with_its_headers
            a_changed_or_expired_signature_is_refused
            a_store_that_signs_nothing_says_so
        }
    };
}

/// The tests of one suite.
#[doc(hidden)]
#[macro_export]
macro_rules! store_conformance_tests {
    ($name:ident, $subject:expr; $($test:ident)+) => {
        mod $name {
            #[allow(unused_imports, reason = "the constructor may name nothing of the module around")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use $crate::conformance as behaviors;
                    let subject: ::core::option::Option<behaviors::Subject> =
                        ::core::convert::Into::into($subject.await);
                    if let ::core::option::Option::Some(subject) = subject {
                        behaviors::$test(&subject).await;
                    }
                }
            )+
        }
    };
}
