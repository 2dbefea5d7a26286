#![doc = include_str!("../README.md")]

mod area;
mod catalogue;
mod concatenation;
mod depthwise;
mod digest;
#[cfg(feature = "embedded-model")]
mod embedded;
mod error;
mod expanded;
mod guard;
mod input;
mod onnx;
mod output;
mod parallel;
mod plans;
mod pointwise;
#[cfg(feature = "pull")]
mod pull;
mod resample;
mod room;
mod runtime;
mod samples;
mod segmenter;
mod signature;
mod spec;
mod store;
mod successor;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod testing_random;
mod tract_segmenter;

pub use catalogue::{Catalogue, CatalogueError, Family};
pub use digest::Sha256Digest;
pub use error::SegmentError;
pub use guard::guarded;
pub use input::{Content, InputTensor};
#[cfg(feature = "pull")]
pub use pull::{PullError, PullOptions, PullProgress, pull};
pub use runtime::{Operations, Provider, Runtime, UnknownProvider};
pub use segmenter::{ModelIdentity, Segmenter};
pub use spec::{
    Activation, ChannelOrder, Divisor, InputSize, InputSpec, ModelSpec, OutputSpec, Processing, ResizeFilter,
};
pub use store::{ModelStore, StoreError, Verification};
pub use tract_segmenter::{NodeTime, TractSegmenter};
