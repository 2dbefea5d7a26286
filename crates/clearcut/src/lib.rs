#![doc = include_str!("../README.md")]

mod builder;
mod cutout;
mod engine;
mod error;
mod expiry;
mod pool;
mod presence;
mod render;
mod stage;
mod stored;

pub use builder::EngineBuilder;
pub use clearcut_cache::TieredCache;
pub use clearcut_image::{Limits, Matte, Picture};
pub use clearcut_key::{CompositeKey, ContentDigest, ContentHasher, Plan, PlanError, plan};
pub use clearcut_segment::{ModelIdentity, SegmentError, Segmenter};
pub use cutout::{Cutout, Foreground, Source, Timings};
pub use engine::Engine;
pub use error::{ErrorKind, RemoveError};
pub use expiry::Expiry;
