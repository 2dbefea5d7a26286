//! How much is taken on at once.

mod room;

pub use room::{Held, Place, WaitingRoom};
