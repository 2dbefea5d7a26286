//! Samples in the order in which the inner loop reads them.

use super::block::{PIXELS, Samples};

/// A strip of pixels of all input channels: panel by panel, and in each panel channel by channel. A panel that the
/// strip does not fill ends with samples of no meaning.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    samples: Vec<Samples>,
    channels: usize,
}

impl Panels {
    /// Makes room for a strip of `len` pixels of `channels` channels, all of which are then to be [put](Self::put).
    pub(crate) fn begin(&mut self, channels: usize, len: usize) {
        self.channels = channels;
        self.samples.resize(len.div_ceil(PIXELS) * channels, [0.0; PIXELS]);
    }

    /// Puts the strip's pixels of one channel in their places.
    pub(crate) fn put(&mut self, channel: usize, strip: &[f32]) {
        let (whole, rest) = strip.as_chunks::<PIXELS>();
        let mut targets = self.samples[channel..].iter_mut().step_by(self.channels);
        // In this order: the other way round, the end of the whole ones would take the place of the rest.
        for (samples, target) in whole.iter().zip(targets.by_ref()) {
            *target = *samples;
        }
        if let Some(target) = targets.next().filter(|_| !rest.is_empty()) {
            target[..rest.len()].copy_from_slice(rest);
        }
    }

    /// All panels of the strip.
    pub(crate) fn samples(&self) -> &[Samples] {
        &self.samples
    }
}
