//! The rest of a body that nobody reads.

use std::{
    cell::RefCell,
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage as _,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header,
};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};

/// Holds on to a request's body without announced length until its answer is sent, so that the connection ends with
/// the answer where the body was not read to its end.
///
/// Dropped before, as a handler does that refuses a request by its head, actix would read such a body on and on, to
/// keep the connection: for as long as the client cares to send. A body of known length ends its connection anyway.
pub(crate) struct Unread(Rc<RefCell<Payload>>);

/// What the handler gets: the same body.
struct Reader(Rc<RefCell<Payload>>);

impl Unread {
    /// `None` where there is no such body.
    pub(crate) fn hold(request: &mut ServiceRequest) -> Option<Self> {
        if !request.headers().contains_key(header::TRANSFER_ENCODING) {
            return None;
        }
        let payload = request.take_payload();
        if !matches!(payload, Payload::H1 { .. }) {
            request.set_payload(payload);
            return None;
        }
        let payload = Rc::new(RefCell::new(payload));
        request.set_payload(Payload::Stream { payload: Box::pin(Reader(Rc::clone(&payload))) });
        Some(Self(payload))
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll_next_unpin(context)
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unread(handler done: {})", Rc::strong_count(&self.0) == 1)
    }
}
