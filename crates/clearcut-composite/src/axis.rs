//! Bilinear sampling along one axis: which two samples a position lies between, and how far along.

/// For each target sample the source sample before it and the share of the one after it.
///
/// Pixel centers are at half coordinates, so both edges of the two rows of samples coincide. Positions outside the
/// source repeat its first and last sample.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// Index of the sample before, at most `source_len - 2` (0 when the source has a single sample).
    pub(crate) before: Vec<usize>,
    /// Share of the sample after, 0 to 1.
    pub(crate) share: Vec<f32>,
}

impl Axis {
    /// Samples `source_len` samples at the targets `first..first + len`, each of which is `scale` source samples wide.
    pub(crate) fn new(first: usize, len: usize, scale: f64, source_len: usize) -> Self {
        let last = source_len - 1;
        let (mut before, mut share) = (Vec::with_capacity(len), Vec::with_capacity(len));
        for target in first..first + len {
            let at = ((target as f64 + 0.5) * scale - 0.5).clamp(0.0, last as f64);
            let index = (at as usize).min(last.saturating_sub(1));
            before.push(index);
            share.push((at - index as f64) as f32);
        }
        Self { before, share }
    }

    /// The first source sample that is read.
    pub(crate) fn first(&self) -> usize {
        self.before.first().copied().unwrap_or(0)
    }

    /// One past the last source sample that is read.
    pub(crate) fn end(&self, source_len: usize) -> usize {
        self.before.last().map_or(0, |&index| (index + 2).min(source_len))
    }
}

/// `from` where `share` is 0, `to` where it is 1.
#[inline]
pub(crate) fn lerp(from: f32, to: f32, share: f32) -> f32 {
    from + (to - from) * share
}

/// [`lerp`] of each of four values.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it must be compiled with the features of its caller")]
pub(crate) fn lerp_each(from: [f32; 4], to: [f32; 4], share: f32) -> [f32; 4] {
    // A loop: `std::array::from_fn` is not inlined.
    let mut mixed = [0.0; 4];
    for part in 0..4 {
        mixed[part] = from[part] + (to[part] - from[part]) * share;
    }
    mixed
}
