//! The engine's own threads, and the room in which pictures wait for them.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{ErrorKind, RemoveError};

/// Runs the CPU work of pictures on a bounded number of threads; further pictures wait in a bounded room, and those
/// that find it full are turned away before anything is decoded.
#[derive(Clone)]
pub(crate) struct CpuPool {
    threads: Arc<Threads>,
    /// One permit a picture in the works, so that at most that many pictures are in memory.
    works: Arc<Semaphore>,
    /// One permit a picture in the works or waiting.
    room: Arc<Semaphore>,
    places: usize,
}

/// A picture in company has one thread, and shares nothing with the others: where they shared a pool, a thread that
/// waited for a part of its own picture took up a step of another one and kept its own waiting.
struct Threads {
    /// For a picture without company, whose steps are spread over all of them, and for short steps of no picture.
    all: ThreadPool,
    /// A thread for each place in the works, those that no picture has at present.
    single: Mutex<Vec<ThreadPool>>,
}

/// A picture's place in the works. Its steps run one after another; the place is free when the ticket is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pool: CpuPool,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    threads: Arc<Threads>,
    /// Given back with the place.
    own: Option<ThreadPool>,
    _permits: [OwnedSemaphorePermit; 2],
}

impl CpuPool {
    /// `threads` pictures at once, each on one thread, and `waiting` more in the room.
    pub(crate) fn new(threads: usize, waiting: usize) -> Result<Self, RemoveError> {
        let single = (0..threads).map(|i| pool(1, move |_| format!("clearcut-{i}"))).collect::<Result<_, _>>()?;
        let all = pool(threads, |i| format!("clearcut-all-{i}"))?;
        Ok(Self {
            threads: Arc::new(Threads { all, single: Mutex::new(single) }),
            works: Arc::new(Semaphore::new(threads)),
            room: Arc::new(Semaphore::new(threads + waiting)),
            places: threads + waiting,
        })
    }

    /// A place in the works, after waiting for one if need be. Dropping the future gives up the wait.
    pub(crate) async fn admit(&self) -> Result<Ticket, RemoveError> {
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            RemoveError::new(ErrorKind::Busy, "too many pictures are waiting already; try again in a moment")
        })?;
        let works = Arc::clone(&self.works).acquire_owned().await.map_err(RemoveError::internal)?;
        let threads = Arc::clone(&self.threads);
        let own = threads.single.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(Ticket { pool: self.clone(), place: Arc::new(Place { threads, own, _permits: [room, works] }) })
    }

    /// Runs a short step that needs no place in the works, such as hashing an upload.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> Result<T, RemoveError> + Send + 'static,
    ) -> Result<T, RemoveError> {
        spawn(&self.threads.all, step, ()).await
    }

    /// Pictures in the works or waiting for it.
    pub(crate) fn in_flight(&self) -> usize {
        self.places - self.room.available_permits()
    }
}

impl Ticket {
    /// Runs `step` on the picture's own thread, or where all of them may help if it is [lone](Ticket::is_lone). If the
    /// future is dropped before the step has begun, the step never runs. A panic becomes an error: the pool and its
    /// other pictures go on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> Result<T, RemoveError> + Send + 'static,
    ) -> Result<T, RemoveError> {
        let all = &self.pool.threads.all;
        let threads = if self.is_lone() { all } else { self.place.own.as_ref().unwrap_or(all) };
        // The step keeps the place: a picture whose client has left still takes memory until its step ends.
        spawn(threads, step, self.clone()).await
    }

    /// No other picture is in the works, or waiting for it.
    pub(crate) fn is_lone(&self) -> bool {
        self.pool.in_flight() == 1
    }
}

impl Drop for Place {
    /// Before the permits go, so that whoever gets one finds a thread.
    fn drop(&mut self) {
        self.threads.single.lock().unwrap_or_else(PoisonError::into_inner).extend(self.own.take());
    }
}

fn pool(threads: usize, name: impl FnMut(usize) -> String + 'static) -> Result<ThreadPool, RemoveError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build();
    pool.map_err(|error| RemoveError::internal(format_args!("cannot start threads: {error}")))
}

/// Runs `step` unless nobody waits for it any more when its turn comes; `kept` lives as long as the step.
async fn spawn<T: Send + 'static>(
    threads: &ThreadPool,
    step: impl FnOnce() -> Result<T, RemoveError> + Send + 'static,
    kept: impl Send + 'static,
) -> Result<T, RemoveError> {
    let (answer, waiting) = oneshot::channel();
    // What a step says or measures belongs to the request that it is done for.
    let request = tracing::Span::current();
    threads.spawn(move || {
        let _request = request.enter();
        if !answer.is_closed() {
            let result = std::panic::catch_unwind(AssertUnwindSafe(step))
                .unwrap_or_else(|panic| Err(RemoveError::internal(panic_message(panic.as_ref()))));
            // First, so that whoever gets the answer finds the place free.
            drop(kept);
            // Nobody waits any more: the result is not wanted.
            let _ = answer.send(result);
        }
    });
    waiting.await.map_err(RemoveError::internal)?
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

impl std::fmt::Debug for CpuPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CpuPool({:?})", self.threads)
    }
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} threads", self.all.current_num_threads())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On which thread the picture's steps run.
    async fn thread(ticket: &Ticket) -> String {
        ticket.run(|| Ok(std::thread::current().name().unwrap_or_default().to_owned())).await.unwrap()
    }

    #[tokio::test]
    async fn a_lone_picture_has_all_threads_and_one_in_company_a_thread_of_its_own() {
        let pool = CpuPool::new(2, 8).unwrap();
        let one = pool.admit().await.unwrap();
        assert_eq!(one.run(|| Ok(rayon::current_num_threads())).await.unwrap(), 2);

        let other = pool.admit().await.unwrap();
        for ticket in [&one, &other] {
            assert_eq!(ticket.run(|| Ok(rayon::current_num_threads())).await.unwrap(), 1);
        }
        let threads = [thread(&one).await, thread(&other).await];
        assert_ne!(threads[0], threads[1]);

        drop(one);
        assert_eq!(other.run(|| Ok(rayon::current_num_threads())).await.unwrap(), 2);
        let next = pool.admit().await.unwrap();
        assert_eq!([thread(&next).await, thread(&other).await], threads, "a thread is given on");
    }
}
