//! Single flight inside the process: one computation for each key, however many callers want it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{CacheKey, Invalidation, Lookup, Source, compute::Failure};

/// What a flight brings to everybody on board.
pub(crate) type Outcome = Result<Lookup, Failure>;

type Board = watch::Receiver<Option<Outcome>>;

/// The computations that are under way.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<CacheKey, Board>>);

/// How a caller takes part.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// Nobody computes this key: do.
    Pilot(Pilot, Passenger),
    /// Somebody does.
    Passenger(Passenger),
}

impl Flights {
    pub(crate) fn board(self: &Arc<Self>, key: &CacheKey) -> Boarding {
        let mut flights = self.flights();
        if let Some(board) = flights.get(key) {
            return Boarding::Passenger(Passenger(board.clone()));
        }
        let (sender, board) = watch::channel(None);
        flights.insert(key.clone(), board.clone());
        Boarding::Pilot(Pilot { flights: Arc::clone(self), key: key.clone(), sender }, Passenger(board))
    }

    /// Callers from now on do not join what is under way for these keys.
    pub(crate) fn forget(&self, invalidation: &Invalidation) {
        self.flights().retain(|key, _| !invalidation.covers(key));
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<CacheKey, Board>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leads a flight. Dropped, it makes way for the next one; dropped before it landed, it leaves its passengers with
/// [`Failure::Abandoned`].
#[derive(Debug)]
pub(crate) struct Pilot {
    flights: Arc<Flights>,
    key: CacheKey,
    sender: watch::Sender<Option<Outcome>>,
}

impl Pilot {
    pub(crate) fn key(&self) -> &CacheKey {
        &self.key
    }

    /// Tells all passengers. A failure makes way for the next flight at once; a result can still be joined until
    /// this is dropped, so that nobody computes anew between the answer and its storage.
    pub(crate) fn land(&self, outcome: Outcome) {
        if outcome.is_err() {
            self.make_way();
        }
        self.sender.send_replace(Some(outcome));
    }

    fn make_way(&self) {
        let mut flights = self.flights.flights();
        let mine = self.sender.subscribe();
        if flights.get(&self.key).is_some_and(|board| board.same_channel(&mine)) {
            flights.remove(&self.key);
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        self.make_way();
    }
}

/// Waits for a flight to land.
#[derive(Debug)]
pub(crate) struct Passenger(Board);

impl Passenger {
    /// What the flight brought.
    pub(crate) async fn arrive(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Failure::Abandoned)),
            Err(_) => Err(Failure::Abandoned),
        }
    }

    /// The same for one who did not start it.
    pub(crate) async fn arrive_joined(self) -> Outcome {
        self.arrive().await.map(|lookup| match lookup.source {
            Source::Computed => Lookup { source: Source::Joined, ..lookup },
            Source::Tier { .. } | Source::Joined => lookup,
        })
    }
}
