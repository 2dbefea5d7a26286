#![doc = include_str!("../README.md")]

mod composite;
mod digest;
pub mod plan;
mod rendition;
mod writer;

pub use composite::CompositeKey;
pub use digest::{ContentDigest, ContentHasher, ModelDigest, PixelDigest};
pub use plan::{Plan, PlanError};
pub use rendition::{RENDITIONS, Revisions, matte_key, rendition_key};
