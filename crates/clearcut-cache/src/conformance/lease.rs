//! What every lease keeper must do.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{CacheKey, LeaseGrant, LeaseKeeper, random};

/// Longer than any test.
const LONG: Duration = Duration::from_mins(2);
/// Short enough to be waited for, long enough to be renewed in time on a busy machine.
const SHORT: Duration = Duration::from_millis(1_500);
/// By when an expired lease must be free, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// A lease keeper under test.
pub struct Subject {
    keeper: Arc<dyn LeaseKeeper>,
    other: Arc<dyn LeaseKeeper>,
    namespace: String,
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Subject {
    /// One process that asks twice.
    pub fn new(keeper: Arc<dyn LeaseKeeper>) -> Self {
        let namespace = format!("conformance-{:016x}", random::bits());
        Self { other: Arc::clone(&keeper), keeper, namespace, guard: None }
    }

    /// Another process's keeper, on its own connection to the same server.
    #[must_use]
    pub fn against(mut self, other: Arc<dyn LeaseKeeper>) -> Self {
        self.other = other;
        self
    }

    /// Keeps `guard` (a server, a temporary folder) until the test is over.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }

    fn key(&self, rest: &str) -> CacheKey {
        CacheKey::parse(&format!("{}:{rest}", self.namespace)).expect("the suite's keys are keys")
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("keeper", &self.keeper).field("other", &self.other).finish_non_exhaustive()
    }
}

async fn acquire(keeper: &Arc<dyn LeaseKeeper>, key: &CacheKey, ttl: Duration) -> Option<LeaseGrant> {
    keeper.acquire(key, ttl).await.expect("the keeper answers an acquire")
}

async fn take(keeper: &Arc<dyn LeaseKeeper>, key: &CacheKey, ttl: Duration) -> LeaseGrant {
    acquire(keeper, key, ttl).await.expect("the lease is free")
}

async fn take_when_free(keeper: &Arc<dyn LeaseKeeper>, key: &CacheKey) -> LeaseGrant {
    let asked = Instant::now();
    loop {
        if let Some(grant) = acquire(keeper, key, LONG).await {
            return grant;
        }
        assert!(asked.elapsed() < PATIENCE, "a lease of {SHORT:?} was still held after {PATIENCE:?}");
        tokio::time::sleep(SHORT / 20).await;
    }
}

/// Of many that ask at once, one gets it.
pub async fn at_most_one_of_many_acquires(subject: &Subject) {
    let key = subject.key("one");
    let askers = (0..24).map(|i| {
        let keeper = Arc::clone(if i % 2 == 0 { &subject.keeper } else { &subject.other });
        let key = key.clone();
        tokio::spawn(async move { acquire(&keeper, &key, LONG).await })
    });
    let grants = futures::future::join_all(askers).await;
    let held = grants.into_iter().filter(|grant| grant.as_ref().expect("no acquire panics").is_some()).count();
    assert_eq!(held, 1);
}

/// `None` while another holds it, even to the same process.
pub async fn a_held_lease_is_refused_to_others(subject: &Subject) {
    let key = subject.key("held");
    let grant = take(&subject.keeper, &key, LONG).await;
    assert_eq!(grant.key, key);
    assert_eq!(acquire(&subject.other, &key, LONG).await, None);
    assert_eq!(acquire(&subject.keeper, &key, LONG).await, None);
}

/// Released, it is free at once.
pub async fn a_released_lease_is_free(subject: &Subject) {
    let key = subject.key("released");
    let grant = take(&subject.keeper, &key, LONG).await;
    assert!(subject.keeper.release(&grant).await.expect("the keeper releases"), "it was held");
    assert!(!subject.keeper.release(&grant).await.expect("the keeper releases"), "it was held no more");
    take(&subject.other, &key, LONG).await;
}

/// A holder that dies loses it.
pub async fn a_lease_ends_by_itself(subject: &Subject) {
    let key = subject.key("expired");
    let abandoned = take(&subject.keeper, &key, SHORT).await;
    let next = take_when_free(&subject.other, &key).await;
    assert_ne!(next.owner, abandoned.owner);
}

/// Renewed in time, it is held for as long as one likes.
pub async fn a_renewed_lease_outlives_its_first_time(subject: &Subject) {
    let key = subject.key("renewed");
    let grant = take(&subject.keeper, &key, SHORT).await;
    let taken = Instant::now();
    while taken.elapsed() < SHORT * 2 {
        assert!(subject.keeper.renew(&grant, SHORT).await.expect("the keeper renews"), "it was renewed in time");
        assert_eq!(acquire(&subject.other, &key, LONG).await, None, "after {:?}", taken.elapsed());
        tokio::time::sleep(SHORT / 10).await;
    }
}

/// Whoever lost it is told so, and cannot harm the next holder.
pub async fn an_expired_lease_is_neither_renewed_nor_released(subject: &Subject) {
    let key = subject.key("lost");
    let lost = take(&subject.keeper, &key, SHORT).await;
    take_when_free(&subject.other, &key).await;
    assert!(!subject.keeper.renew(&lost, LONG).await.expect("the keeper answers"), "the lost lease was renewed");
    assert!(!subject.keeper.release(&lost).await.expect("the keeper answers"), "the lost lease was released");
    assert_eq!(acquire(&subject.keeper, &key, LONG).await, None, "the next holder lost its lease");
}

/// Knowing the key is not holding the lease.
pub async fn only_its_owner_renews_and_releases(subject: &Subject) {
    let key = subject.key("owned");
    let grant = take(&subject.keeper, &key, LONG).await;
    let forged = LeaseGrant { owner: grant.owner ^ 1, ..grant.clone() };
    assert!(!subject.other.renew(&forged, LONG).await.expect("the keeper answers"), "a stranger renewed it");
    assert!(!subject.other.release(&forged).await.expect("the keeper answers"), "a stranger released it");
    assert!(subject.keeper.renew(&grant, LONG).await.expect("the keeper renews"), "the owner lost it");
}

/// A later holder has a greater fence, whether the earlier one released the lease or died.
pub async fn the_fence_grows_with_every_acquisition(subject: &Subject) {
    let key = subject.key("fence");
    let mut fence = None;
    for round in 0..5 {
        let keeper = if round % 2 == 0 { &subject.keeper } else { &subject.other };
        let grant = take(keeper, &key, LONG).await;
        assert!(Some(grant.fence) > fence, "{} after {fence:?}", grant.fence);
        fence = Some(grant.fence);
        keeper.release(&grant).await.expect("the keeper releases");
    }
    let abandoned = take(&subject.keeper, &key, SHORT).await;
    assert!(take_when_free(&subject.other, &key).await.fence > abandoned.fence);
}

/// Holding one key's lease hinders nobody at another's.
pub async fn leases_of_different_keys_are_independent(subject: &Subject) {
    let [one, two] = [subject.key("one-key"), subject.key("two-key")];
    let first = take(&subject.keeper, &one, LONG).await;
    take(&subject.other, &two, LONG).await;
    assert!(subject.keeper.release(&first).await.expect("the keeper releases"));
    assert_eq!(acquire(&subject.keeper, &two, LONG).await, None);
}

/// A key is printable ASCII, and each of its characters means itself.
pub async fn every_printable_character_may_stand_in_a_leased_key(subject: &Subject) {
    for character in '!'..='~' {
        take(&subject.keeper, &subject.key(&format!("<{character}>")), LONG).await;
    }
}
