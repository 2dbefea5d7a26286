//! The engine's own threads, and the room in which pictures wait for them.

use std::{panic::AssertUnwindSafe, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{ErrorKind, RemoveError};

/// Runs the CPU work of pictures on a bounded number of threads; further pictures wait in a bounded room, and those
/// that find it full are turned away before anything is decoded.
#[derive(Clone)]
pub(crate) struct CpuPool {
    threads: Arc<rayon::ThreadPool>,
    /// One permit a picture in the works, so that at most that many pictures are in memory.
    works: Arc<Semaphore>,
    /// One permit a picture in the works or waiting.
    room: Arc<Semaphore>,
    places: usize,
}

/// A picture's place in the works. Its steps run one after another; the place is free when the ticket is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    threads: Arc<rayon::ThreadPool>,
    _permits: Arc<[OwnedSemaphorePermit; 2]>,
}

impl CpuPool {
    /// `threads` pictures at once, each on one thread, and `waiting` more in the room.
    pub(crate) fn new(threads: usize, waiting: usize) -> Result<Self, RemoveError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("clearcut-{i}"))
            .build()
            .map_err(|error| RemoveError::internal(format_args!("cannot start threads: {error}")))?;
        Ok(Self {
            threads: Arc::new(pool),
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
        Ok(Ticket { threads: Arc::clone(&self.threads), _permits: Arc::new([room, works]) })
    }

    /// Runs a short step that needs no place in the works, such as hashing an upload.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> Result<T, RemoveError> + Send + 'static,
    ) -> Result<T, RemoveError> {
        spawn(&self.threads, step, ()).await
    }

    /// Pictures in the works or waiting for it.
    pub(crate) fn in_flight(&self) -> usize {
        self.places - self.room.available_permits()
    }
}

impl Ticket {
    /// Runs `step` on one of the pool's threads. If the future is dropped before the step has begun, the step never
    /// runs. A panic becomes an error: the pool and its other pictures go on.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce() -> Result<T, RemoveError> + Send + 'static,
    ) -> Result<T, RemoveError> {
        // The step keeps the place: a picture whose client has left still takes memory until its step ends.
        spawn(&self.threads, step, self.clone()).await
    }
}

/// Runs `step` unless nobody waits for it any more when its turn comes; `kept` lives as long as the step.
async fn spawn<T: Send + 'static>(
    threads: &rayon::ThreadPool,
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
        write!(f, "CpuPool({} threads)", self.threads.current_num_threads())
    }
}
