//! Values for the tests of operations: the same for the same seed, on every machine.

/// A linear congruential generator (Numerical Recipes, chapter 7).
#[derive(Debug)]
pub(crate) struct Random(u32);

impl Random {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// Values from -1 up to 1.
    pub(crate) fn values(&mut self, len: usize) -> Vec<f32> {
        let next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 16) as f32 / 32_768.0 - 1.0
        };
        std::iter::repeat_with(next).take(len).collect()
    }
}
