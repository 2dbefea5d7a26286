//! The two kinds of keys of the engine's own results.

use crate::{ContentDigest, ModelDigest, PixelDigest, Plan, plan::Border, writer::KeyWriter};

/// The namespace of renditions: the first part of their keys.
pub const RENDITIONS: &str = "remove_bg";

/// Which code made a rendition: two processes with different revisions never read each other's renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    /// Of decoding: orientation, color conversion.
    pub decode: u32,
    /// Of refinement and composition.
    pub composite: u32,
    /// Of the encoders.
    pub encode: u32,
}

/// `remove_bg:{input}:{border}:{border_color}:{rest}`: the border's width in pixels and its color stand readable,
/// `rest` is a digest of everything else that changes a byte of the answer.
pub fn rendition_key(input: &ContentDigest, plan: &Plan, model: &ModelDigest, revisions: &Revisions) -> String {
    let Revisions { decode, composite, encode } = *revisions;
    let mut rest = KeyWriter::new("clearcut 2026-11 rendition v1");
    rest.bytes("model", model.as_bytes());
    rest.int("decode revision", decode);
    rest.int("composite revision", composite);
    rest.int("encode revision", encode);
    plan.write_key(&mut rest);
    let rest = blake3::Hash::from_bytes(rest.finish()).to_hex();
    let Border { width, color, style: _ } = plan.border;
    format!("{RENDITIONS}:{input}:{width}:{color}:{rest}")
}

/// `matte:{pixels}:{model}`.
pub fn matte_key(pixels: &PixelDigest, model: &ModelDigest) -> String {
    format!("matte:{pixels}:{model}")
}
