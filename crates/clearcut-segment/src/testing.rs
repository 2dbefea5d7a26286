//! Segmenters for tests: no network, no time, and a count of the inferences that were asked for.

pub mod conformance;

use std::sync::atomic::{AtomicUsize, Ordering};

use clearcut_image::{Matte, Picture};

use crate::{ModelIdentity, SegmentError, Segmenter};

type Answer = dyn Fn(&Picture) -> Result<Matte, SegmentError> + Send + Sync;

/// Answers by a function and counts its calls.
pub struct CountingSegmenter {
    model: ModelIdentity,
    calls: AtomicUsize,
    answer: Box<Answer>,
}

impl CountingSegmenter {
    /// Answers with `answer`, under the name `counting`.
    pub fn new(answer: impl Fn(&Picture) -> Result<Matte, SegmentError> + Send + Sync + 'static) -> Self {
        Self {
            model: ModelIdentity::new("counting", [0; 32], "testing"),
            calls: AtomicUsize::new(0),
            answer: Box::new(answer),
        }
    }

    /// The same matte for every picture: 8x8, all `alpha`.
    pub fn constant(alpha: u8) -> Self {
        Self::new(move |_| Ok(Matte::filled(8, 8, alpha)))
    }

    /// A disc over the middle half of every picture, 64x64 with a soft edge.
    pub fn disc() -> Self {
        Self::new(|_| {
            const SIDE_PX: u32 = 64;
            const RADIUS_PX: f32 = SIDE_PX as f32 / 4.0;
            let from_center = |at: u32| at as f32 + 0.5 - SIDE_PX as f32 / 2.0;
            let alpha = (0..SIDE_PX * SIDE_PX).map(|at| {
                let distance_px = from_center(at % SIDE_PX).hypot(from_center(at / SIDE_PX));
                ((RADIUS_PX + 0.5 - distance_px).clamp(0.0, 1.0) * 255.0).round() as u8
            });
            Ok(Matte::from_alpha(SIDE_PX, SIDE_PX, alpha.collect()))
        })
    }

    /// The picture's own brightness (Rec. 709 weights), at its own size: bright is foreground.
    pub fn luminance() -> Self {
        Self::new(|picture| {
            let luminance = |pixel: &[u8]| {
                0.2126 * f32::from(pixel[0]) + 0.7152 * f32::from(pixel[1]) + 0.0722 * f32::from(pixel[2])
            };
            let alpha = picture.rgba().chunks_exact(4).map(|pixel| luminance(pixel).round() as u8).collect();
            Ok(Matte::from_alpha(picture.width_px(), picture.height_px(), alpha))
        })
    }

    /// The same under another identity: whatever is cached under the old one is not for this one.
    #[must_use]
    pub fn with_model(self, model: ModelIdentity) -> Self {
        Self { model, ..self }
    }

    /// How often [`Segmenter::segment`] was called.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Segmenter for CountingSegmenter {
    fn model(&self) -> &ModelIdentity {
        &self.model
    }

    fn segment(&self, picture: &Picture) -> Result<Matte, SegmentError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.answer)(picture)
    }
}

impl std::fmt::Debug for CountingSegmenter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountingSegmenter")
            .field("model", &self.model.name)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_and_answers_are_as_described() {
        let picture = Picture::filled(3, 2, [255, 255, 255, 0]);
        let disc = CountingSegmenter::disc();
        let matte = disc.segment(&picture).expect("a matte");
        assert!((matte.coverage() - std::f32::consts::PI / 16.0).abs() < 0.01);
        assert_eq!(disc.calls(), 1);
        let luminance = CountingSegmenter::luminance().segment(&picture).expect("a matte");
        assert_eq!(luminance, Matte::filled(3, 2, 255));
    }
}
