//! A product photo: a lit ball on a table, for now.

use super::Scene;

/// A product photo.
pub fn product_photo(width_px: u32, height_px: u32, seed: u64) -> Scene {
    Scene { name: "product_photo", ..super::disc(width_px, height_px, seed) }
}
