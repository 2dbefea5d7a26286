//! A little randomness for jitter and for names in tests; nothing that must be secret.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 random bits.
pub(crate) fn bits() -> u64 {
    // Each state has its own keys, derived from what the operating system gave.
    RandomState::new().build_hasher().finish()
}

/// A random number from 0 to 1, 1 excluded.
pub(crate) fn unit() -> f64 {
    (bits() >> 11) as f64 / (1_u64 << 53) as f64
}
