#![doc = include_str!("../README.md")]

mod picture;

pub use picture::{Matte, Picture};
