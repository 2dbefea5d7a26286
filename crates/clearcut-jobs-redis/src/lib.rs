#![doc = include_str!("../README.md")]

mod book;
mod error;
mod names;
mod queue;
mod record;
mod scripts;
mod wake;

pub use queue::RedisQueue;
