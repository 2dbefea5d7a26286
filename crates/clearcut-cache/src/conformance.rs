//! What every tier and every lease keeper must do: one named test for each behaviour.
//!
//! A test crate calls [`conformance_suite!`](crate::conformance_suite) or
//! [`lease_conformance_suite!`](crate::lease_conformance_suite) once per backend. Each behaviour works under its own
//! random namespace and clears nothing else, so that a suite may run against a server that others use.

mod clearing;
mod concurrency;
mod keeping;
pub mod lease;
mod subject;

pub use clearing::*;
pub use concurrency::*;
pub use keeping::*;
pub use subject::{Plant, Subject};

/// Makes a module of tests that hold a tier to its contract.
///
/// The second argument is an `async` expression for a [`Subject`], evaluated anew in each test, or for an
/// `Option<Subject>`: `None` skips, after having said why. The calling crate needs tokio with the features `macros`
/// and `rt-multi-thread`.
///
/// ```
/// use std::sync::Arc;
/// use clearcut_cache::{conformance::Subject, testing::MapTier};
///
/// clearcut_cache::conformance_suite!(map, async { Subject::new(Arc::new(MapTier::new("map"))) });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_suite {
    ($name:ident, $subject:expr) => {
        $crate::conformance_tests! {
            $name, $subject, $crate::conformance, $crate::conformance::Subject;
            what_is_put_is_got
            an_absent_key_is_none
            an_empty_body_is_kept
            a_megabyte_is_kept
            the_facts_of_the_head_are_kept
            every_printable_character_may_stand_in_a_key
            keys_of_the_greatest_length_are_distinct
            an_entry_is_gone_after_its_time
            a_second_put_replaces_body_and_time
            a_removed_entry_is_gone
            an_entry_with_a_flipped_bit_is_never_answered
            an_entry_of_another_version_is_never_answered
            an_entry_over_the_limit_is_declined
            clear_takes_what_matches_and_nothing_else
            a_hostile_pattern_stands_for_itself
            clear_takes_more_than_one_batch
            concurrent_puts_leave_one_whole_entry
            concurrent_reads_see_whole_entries
            a_dropped_put_leaves_all_or_nothing
            a_dropped_get_harms_nothing
            a_working_tier_answers_its_probe
        }
    };
}

/// Makes a module of tests that hold a lease keeper to its contract.
///
/// The second argument is an `async` expression for a [`lease::Subject`] or an `Option` of one, as in
/// [`conformance_suite!`](crate::conformance_suite).
///
/// ```
/// use std::sync::Arc;
/// use clearcut_cache::{conformance::lease::Subject, testing::LocalLeases};
///
/// clearcut_cache::lease_conformance_suite!(local, async { Subject::new(Arc::new(LocalLeases::default())) });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! lease_conformance_suite {
    ($name:ident, $subject:expr) => {
        $crate::conformance_tests! {
            $name, $subject, $crate::conformance::lease, $crate::conformance::lease::Subject;
            at_most_one_of_many_acquires
            a_held_lease_is_refused_to_others
            a_released_lease_is_free
            a_lease_ends_by_itself
            a_renewed_lease_outlives_its_first_time
            an_expired_lease_is_neither_renewed_nor_released
            only_its_owner_renews_and_releases
            the_fence_grows_with_every_acquisition
            leases_of_different_keys_are_independent
            every_printable_character_may_stand_in_a_leased_key
        }
    };
}

/// The tests of one suite.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $subject:expr, $behaviors:path, $type:ty; $($test:ident)+) => {
        mod $name {
            #[allow(unused_imports, reason = "the constructor may name nothing of the module around")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    use $behaviors as behaviors;
                    let subject: ::core::option::Option<$type> = ::core::convert::Into::into($subject.await);
                    if let ::core::option::Option::Some(subject) = subject {
                        behaviors::$test(&subject).await;
                    }
                }
            )+
        }
    };
}
