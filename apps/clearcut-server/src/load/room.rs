//! The bounded waiting room: requests and their estimated bytes, counted before a body is read.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::{
    failure::{Code, Failure, Outcome},
    settings::LoadSettings,
};

/// Bytes are counted in pages of this size: a semaphore counts in 32 bits.
const PAGE_BYTES: u64 = 4096;

/// Admits requests as long as there are places and memory; the others are told when to come again.
#[derive(Debug)]
pub struct WaitingRoom {
    places: Arc<Semaphore>,
    pages: Arc<Semaphore>,
    all_places: usize,
    all_pages: u32,
    stopping: AtomicBool,
}

/// More bytes of a request; free again when dropped.
#[derive(Debug)]
#[must_use = "the bytes are free again when this is dropped"]
pub struct Held {
    _pages: OwnedSemaphorePermit,
}

/// A request's place; free again when dropped.
#[derive(Debug)]
#[must_use = "the place is free again when this is dropped"]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _pages: OwnedSemaphorePermit,
}

impl WaitingRoom {
    /// A room of the size that the settings say.
    pub fn new(settings: &LoadSettings) -> Self {
        let all_pages = pages(settings.max_request_memory_bytes);
        Self {
            places: Arc::new(Semaphore::new(settings.max_requests)),
            pages: Arc::new(Semaphore::new(all_pages as usize)),
            all_places: settings.max_requests,
            all_pages,
            stopping: AtomicBool::new(false),
        }
    }

    /// A place for a request that will hold about `bytes`, or [`Code::Busy`].
    pub fn admit(&self, bytes: u64) -> Outcome<Place> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Failure::new(Code::Stopping, "the server is stopping; another one will answer in a moment"));
        }
        // A request larger than the whole room would never get in; alone in it, it may pass.
        let wanted = pages(bytes).min(self.all_pages);
        Ok(Place {
            _place: Arc::clone(&self.places).try_acquire_owned().map_err(full)?,
            _pages: Arc::clone(&self.pages).try_acquire_many_owned(wanted).map_err(full)?,
        })
    }

    /// Room for `bytes` more of a request that has its place already, or [`Code::Busy`].
    pub fn hold(&self, bytes: u64) -> Outcome<Held> {
        let wanted = pages(bytes).min(self.all_pages);
        let held = Arc::clone(&self.pages).try_acquire_many_owned(wanted).map_err(full)?;
        Ok(Held { _pages: held })
    }

    /// Requests that have a place.
    pub fn taken(&self) -> usize {
        self.all_places - self.places.available_permits()
    }

    /// Bytes that they were estimated to hold.
    pub fn taken_bytes(&self) -> u64 {
        (u64::from(self.all_pages) - self.pages.available_permits() as u64) * PAGE_BYTES
    }

    /// From now on nobody gets in.
    pub fn close(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether nobody gets in any more.
    pub fn is_closed(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

fn full(_: TryAcquireError) -> Failure {
    Failure::new(Code::Busy, "too many pictures are waiting already; try again in a moment")
}

fn pages(bytes: u64) -> u32 {
    bytes.div_ceil(PAGE_BYTES).clamp(1, u64::from(u32::MAX >> 3)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(max_requests: usize, bytes: u64) -> WaitingRoom {
        let settings = LoadSettings { max_upload_bytes: 0, max_requests, max_request_memory_bytes: bytes };
        WaitingRoom::new(&settings)
    }

    #[test]
    fn a_full_room_turns_away_and_a_dropped_place_is_free() {
        let room = room(2, 1 << 30);
        let first = room.admit(10).unwrap();
        let _second = room.admit(10).unwrap();
        assert_eq!(room.admit(10).unwrap_err().code(), Code::Busy);
        drop(first);
        assert!(room.admit(10).is_ok());
    }

    #[test]
    fn memory_is_bounded_beside_the_number() {
        let room = room(100, 1 << 20);
        let _place = room.admit(900 << 10).unwrap();
        assert_eq!(room.admit(200 << 10).unwrap_err().code(), Code::Busy);
        assert!(room.admit(100 << 10).is_ok());
    }

    #[test]
    fn a_request_larger_than_the_room_passes_alone() {
        let room = room(100, 1 << 20);
        let place = room.admit(u64::MAX).unwrap();
        assert_eq!(room.taken_bytes(), 1 << 20);
        assert!(room.admit(1).is_err());
        drop(place);
        assert_eq!((room.taken(), room.taken_bytes()), (0, 0));
    }

    #[test]
    fn what_a_request_fetches_counts_beside_its_body() {
        let room = room(1, 1 << 20);
        let _place = room.admit(1).unwrap();
        let held = room.hold(1 << 19).unwrap();
        assert_eq!(room.hold(1 << 20).unwrap_err().code(), Code::Busy);
        drop(held);
        assert_eq!(room.taken_bytes(), PAGE_BYTES);
    }

    #[test]
    fn a_closed_room_says_that_the_server_stops() {
        let room = room(1, 1 << 20);
        room.close();
        assert_eq!(room.admit(1).unwrap_err().code(), Code::Stopping);
    }
}
