//! What this crate promises, in one binary.

mod colors;
mod edges;
mod matting;
mod properties;

use clearcut_image::{Matte, Picture};
use clearcut_testkit::Scene;

/// A scene's photo, opaque.
fn photo(scene: &Scene) -> Picture {
    let rgba = scene.rgb.chunks_exact(3).flat_map(|color| [color[0], color[1], color[2], 255]).collect();
    Picture::from_rgba(scene.width_px, scene.height_px, rgba)
}

/// A scene's exact matte.
fn truth(scene: &Scene) -> Matte {
    Matte::from_alpha(scene.width_px, scene.height_px, scene.alpha.clone())
}

/// What a good network would answer for the scene.
fn coarse(scene: &Scene) -> Matte {
    Matte::from_alpha(320, 320, scene.coarse_alpha(320))
}
