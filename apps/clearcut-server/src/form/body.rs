//! A request's body while it arrives: counted, timed, and given up in time.

use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{HttpRequest, error::PayloadError, http::header, web};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::time::{Instant, Sleep};

use crate::failure::{Code, Failure, Outcome};

/// The least pace on average, after a first pause: a client that drips single bytes gives its place up.
const LEAST_BYTES_PER_SECOND: u64 = 1024;

/// When the answer to a refused body has been sent.
const ANSWERED_BY_THEN: Duration = Duration::from_secs(1);

/// How much may follow the last part of a multipart body.
const EPILOGUE_BYTES: usize = 64 << 10;

/// A request's body while it arrives. Clones read the same body, so that what a parser leaves can be read on.
#[derive(Clone)]
pub(super) struct Body(Rc<RefCell<Arriving>>);

struct Arriving {
    payload: web::Payload,
    /// As announced by the client.
    announced_bytes: Option<u64>,
    received_bytes: u64,
    limit_bytes: u64,
    patience: Duration,
    started: Instant,
    timer: Pin<Box<Sleep>>,
    /// Why reading ended; parsers in between only hear that it did.
    failure: Option<Failure>,
}

impl Body {
    /// The body of `request`, at most `limit_bytes` of it, with no pause longer than `patience`.
    pub(super) fn new(request: &HttpRequest, payload: web::Payload, limit_bytes: u64, patience: Duration) -> Self {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let started = Instant::now();
        Self(Rc::new(RefCell::new(Arriving {
            payload,
            announced_bytes: length.and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok()),
            received_bytes: 0,
            limit_bytes,
            patience,
            started,
            timer: Box::pin(tokio::time::sleep_until(started + patience)),
            failure: None,
        })))
    }

    /// The next piece; `None` at the end.
    pub(super) async fn piece(&mut self) -> Outcome<Option<Bytes>> {
        match self.next().await {
            Some(Ok(piece)) => Ok(Some(piece)),
            Some(Err(error)) => Err(self.failure().unwrap_or_else(|| torn(&error))),
            None => Ok(None),
        }
    }

    /// Why reading ended too soon, if it was not the parser's doing.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.0.borrow_mut().failure.take()
    }

    /// Bytes that the client announced and that did not arrive yet, as far as they may.
    pub(super) fn outstanding_bytes(&self) -> usize {
        let Arriving { announced_bytes, received_bytes, limit_bytes, .. } = &*self.0.borrow();
        let outstanding = announced_bytes.unwrap_or(0).min(*limit_bytes).saturating_sub(*received_bytes);
        usize::try_from(outstanding).unwrap_or(0)
    }

    /// Gives the body up although there may be more of it, so that the connection ends with the answer. Dropped at
    /// once, actix would read a body without announced length to its end, however far that is.
    pub(super) fn abandon(self) {
        actix_web::rt::spawn(async move {
            tokio::time::sleep(ANSWERED_BY_THEN).await;
            drop(self);
        });
    }

    /// Reads what stands behind the end of the last part, so that the connection can be used again.
    pub(super) async fn drain(&mut self) -> Outcome<()> {
        let mut drained = 0;
        while drained <= EPILOGUE_BYTES
            && let Some(piece) = self.piece().await?
        {
            drained += piece.len();
        }
        Ok(())
    }
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_piece(context)
    }
}

impl Arriving {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        match self.payload.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(piece))) => {
                self.received_bytes += piece.len() as u64;
                if self.received_bytes > self.limit_bytes {
                    let detail = format!("the body has more than {} bytes; send a smaller picture", self.limit_bytes);
                    return self.fail(Failure::new(Code::TooLarge, detail), PayloadError::Overflow);
                }
                let deadline = self.deadline();
                self.timer.as_mut().reset(deadline);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => self.fail(torn(&error), error),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending if self.timer.as_mut().poll(context).is_ready() => {
                let detail = "the body did not arrive in time; send it faster, or send it again";
                self.fail(Failure::new(Code::Timeout, detail), PayloadError::Incomplete(None))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// When the next piece must be here: after one pause, or earlier where the pace was too slow so far.
    fn deadline(&self) -> Instant {
        let earned = Duration::from_secs(self.received_bytes / LEAST_BYTES_PER_SECOND);
        (Instant::now() + self.patience).min(self.started + self.patience + earned)
    }

    fn fail(&mut self, failure: Failure, error: PayloadError) -> Poll<Option<Result<Bytes, PayloadError>>> {
        self.failure = Some(failure);
        Poll::Ready(Some(Err(error)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes so far)", self.0.borrow().received_bytes)
    }
}

fn torn(error: &PayloadError) -> Failure {
    let detail = match error {
        PayloadError::Incomplete(_) => "the body ended before all of it was sent".to_owned(),
        error => format!("the body cannot be read: {error}"),
    };
    Failure::new(Code::InvalidRequest, detail)
}
