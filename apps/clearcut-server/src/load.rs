//! How much is taken on at once.

mod room;
mod unread;

pub use room::{Held, Place, WaitingRoom};
pub(crate) use unread::Unread;
