//! Things that serve one caller at a time, opened as callers come together.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, PoisonError};

type Open<T> = dyn Fn() -> Result<T, String> + Send + Sync;

/// A first thing for whoever is alone, and more of them for those who come meanwhile, up to a limit; beyond it callers
/// wait for one another.
pub(crate) struct Pool<T> {
    state: Mutex<State<T>>,
    given_back: Condvar,
    limit: NonZeroUsize,
    open: Box<Open<T>>,
}

struct State<T> {
    /// The one that was opened first, while nobody has it.
    first: Option<T>,
    others: Vec<T>,
    /// How many there are, those in use and those being opened included.
    opened: usize,
}

/// What a caller has: it goes back when this is dropped, after a panic too.
struct Taken<'a, T> {
    pool: &'a Pool<T>,
    thing: Option<T>,
    is_first: bool,
}

impl<T> Pool<T> {
    /// A pool with `first` in it, to which `open` adds others until there are `limit` in all.
    pub(crate) fn new(
        first: T,
        limit: NonZeroUsize,
        open: impl Fn() -> Result<T, String> + Send + Sync + 'static,
    ) -> Self {
        let state = Mutex::new(State { first: Some(first), others: Vec::new(), opened: 1 });
        Self { state, given_back: Condvar::new(), limit, open: Box::new(open) }
    }

    /// Calls `work` with one of the things; fails only where one had to be opened and could not.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Result<R, String> {
        let mut taken = self.take()?;
        let thing = taken.thing.as_mut().expect("it is given back at the end");
        Ok(work(thing))
    }

    fn take(&self) -> Result<Taken<'_, T>, String> {
        let taken = |thing, is_first| Taken { pool: self, thing: Some(thing), is_first };
        // Poisoning is harmless: the state is changed by single operations.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // The first one is the fastest for somebody who is alone.
            if let Some(first) = state.first.take() {
                return Ok(taken(first, true));
            }
            if let Some(other) = state.others.pop() {
                return Ok(taken(other, false));
            }
            if state.opened < self.limit.get() {
                state.opened += 1;
                break;
            }
            state = self.given_back.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // Counts it out again unless it opens.
        let mut place = Taken { pool: self, thing: None, is_first: false };
        place.thing = Some((self.open)()?);
        Ok(place)
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        match self.thing.take() {
            Some(thing) if self.is_first => state.first = Some(thing),
            Some(thing) => state.others.push(thing),
            None => state.opened -= 1,
        }
        drop(state);
        self.pool.given_back.notify_one();
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opened = self.state.lock().unwrap_or_else(PoisonError::into_inner).opened;
        f.debug_struct("Pool").field("opened", &opened).field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A pool of numbers: 0 is the first, the others count up from 1.
    fn pool(limit: usize) -> Pool<usize> {
        let next = AtomicUsize::new(1);
        Pool::new(0, NonZeroUsize::new(limit).expect("not zero"), move || Ok(next.fetch_add(1, Ordering::SeqCst)))
    }

    #[test]
    fn whoever_is_alone_has_the_first() {
        let pool = pool(3);
        for _ in 0..3 {
            assert_eq!(pool.with(|thing| *thing), Ok(0));
        }
        let nested = pool.with(|outer| (*outer, pool.with(|inner| *inner)));
        assert_eq!(nested, Ok((0, Ok(1))));
        assert_eq!(pool.with(|thing| *thing), Ok(0), "alone again");
    }

    #[test]
    fn callers_together_have_one_each_up_to_the_limit() {
        let pool = pool(3);
        let barrier = Barrier::new(3);
        let mut seen: Vec<usize> = std::thread::scope(|scope| {
            let meet = || {
                pool.with(|thing| {
                    barrier.wait();
                    *thing
                })
            };
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(meet)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic").expect("opened")).collect()
        });
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        let most = AtomicUsize::new(0);
        let now = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    let count = |_: &mut usize| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    pool.with(count).expect("opened before");
                });
            }
        });
        assert!(most.into_inner() <= 3, "more at once than the limit");
    }

    #[test]
    fn what_cannot_be_opened_takes_no_place() {
        let pool: Pool<()> = Pool::new((), NonZeroUsize::new(2).expect("not zero"), || Err("no memory".to_owned()));
        for _ in 0..3 {
            let nested = pool.with(|()| pool.with(|()| ()));
            assert_eq!(nested, Ok(Err("no memory".to_owned())));
        }
    }

    #[test]
    fn a_panic_gives_back_what_it_had() {
        let pool = pool(1);
        let panics = || pool.with(|_| -> usize { panic!("as asked") });
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(pool.with(|thing| *thing), Ok(0));
    }
}
