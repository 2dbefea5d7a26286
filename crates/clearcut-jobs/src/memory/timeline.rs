//! Things in the order of the times at which something is due with them.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// Where in a timeline something stands: its time, and a number that keeps equal times apart and in order.
pub(super) type Slot = (Instant, u64);

/// Things by their times.
#[derive(Debug)]
pub(super) struct Timeline<T> {
    things: BTreeMap<Slot, T>,
    inserted: u64,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), inserted: 0 }
    }
}

impl<T: Copy> Timeline<T> {
    pub(super) fn insert(&mut self, at: Instant, thing: T) -> Slot {
        self.inserted += 1;
        let slot = (at, self.inserted);
        self.things.insert(slot, thing);
        slot
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        self.things.remove(&slot);
    }

    /// The earliest time, if there is any.
    pub(super) fn first_at(&self) -> Option<Instant> {
        self.things.keys().next().map(|(at, _)| *at)
    }

    /// The earliest thing, if there is any.
    pub(super) fn first(&self) -> Option<T> {
        self.things.values().next().copied()
    }

    /// The earliest thing and its time, if that has come.
    pub(super) fn due(&self, now: Instant) -> Option<(Instant, T)> {
        self.things.iter().next().map(|((at, _), thing)| (*at, *thing)).filter(|(at, _)| *at <= now)
    }

    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// All of it, earliest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.things.values().copied()
    }
}
