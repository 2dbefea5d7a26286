//! What every queue must do: one named test for each behavior of the contract.
//!
//! A test crate calls [`queue_conformance_suite!`](crate::queue_conformance_suite) once per backend. Each behavior has
//! a queue of its own, so that a suite may run against a server that others use.

mod accepting;
mod booking;
mod cancelling;
mod claiming;
mod dying;
mod lasting;
mod leasing;
mod settling;
mod subject;

pub use accepting::*;
pub use booking::*;
pub use cancelling::*;
pub use claiming::*;
pub use dying::*;
pub use lasting::*;
pub use leasing::*;
pub use settling::*;
pub use subject::Subject;

/// Makes a module of tests that hold a queue to its contract.
///
/// The second argument is an `async` expression for a [`Subject`], evaluated anew in each test, or for an
/// `Option<Subject>`: `None` skips, after having said why. The calling crate needs tokio with the features `macros`
/// and `rt-multi-thread`.
///
/// ```
/// use std::sync::Arc;
/// use clearcut_jobs::{MemoryQueue, SystemClock, conformance::Subject};
///
/// clearcut_jobs::queue_conformance_suite!(memory, async {
///     Subject::new(|options| async { Arc::new(MemoryQueue::new(options, Arc::new(SystemClock))) })
/// });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! queue_conformance_suite {
    ($name:ident, $subject:expr) => {
        $crate::queue_conformance_tests! {
            $name, $subject;
            an_accepted_job_is_claimed_with_all_that_it_is
            a_job_enqueued_twice_is_one_job
            many_at_once_enqueue_one_job
            a_full_queue_refuses_and_keeps_nothing
            running_delayed_and_awaiting_jobs_count_towards_the_bound
            an_awaiting_job_starts_once
            awaiting_jobs_are_listed_oldest_first
            payloads_of_any_bytes_are_kept
            the_earlier_job_goes_first
            interactive_jobs_go_before_batch_jobs
            an_empty_queue_answers_none
            a_waiting_claim_wakes_when_a_job_arrives
            a_waiting_claim_wakes_when_a_picture_arrives
            a_waiting_claim_wakes_after_a_pause
            a_waiting_claim_wakes_after_a_lease
            at_most_one_of_many_claims_a_job
            a_dropped_claim_loses_no_job
            a_thousand_jobs_are_each_done_once
            a_lease_that_ends_hands_the_job_over
            a_renewed_lease_is_kept
            a_lost_lease_neither_renews_nor_settles
            a_forged_lease_does_nothing
            progress_is_seen
            a_renewal_without_progress_keeps_the_last
            a_done_job_has_its_result
            a_failed_job_is_final
            a_retry_waits_and_counts
            a_retry_comes_back
            what_is_given_back_is_claimed_at_once_and_does_not_count
            exhausted_retries_are_dead_letters_with_reasons
            a_job_that_kills_its_workers_is_a_dead_letter
            dead_letters_are_listed_latest_first_up_to_their_bound
            one_dead_letter_is_redriven
            all_dead_letters_are_redriven
            nothing_but_a_dead_letter_is_redriven
            a_cancelled_job_in_line_is_never_claimed
            a_cancelled_job_is_not_tried_again
            a_cancelled_job_awaits_no_picture
            a_worker_hears_that_its_job_is_cancelled
            a_cancelled_job_stays_so_when_it_is_settled
            a_cancelled_job_is_not_handed_over
            an_ended_job_is_not_cancelled
            an_unknown_job_is_unknown_everywhere
            a_job_is_known_through_its_life
            a_batch_lists_and_counts_its_jobs
            a_batch_counts_again_what_is_redriven
            depth_counts_every_place
            a_progress_is_forgotten_after_its_time
            an_ended_job_is_forgotten_after_its_time
            a_dead_letter_is_forgotten_after_its_time
            an_unended_job_is_not_forgotten
            a_batch_is_forgotten_after_its_time
            an_awaiting_job_is_forgotten_after_its_time
        }
    };
}

/// The tests of one suite.
#[doc(hidden)]
#[macro_export]
macro_rules! queue_conformance_tests {
    ($name:ident, $subject:expr; $($test:ident)+) => {
        mod $name {
            #[allow(unused_imports, reason = "the constructor may name nothing of the module around")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let subject: ::core::option::Option<$crate::conformance::Subject> =
                        ::core::convert::Into::into($subject.await);
                    if let ::core::option::Option::Some(subject) = subject {
                        $crate::conformance::$test(&subject).await;
                    }
                }
            )+
        }
    };
}
