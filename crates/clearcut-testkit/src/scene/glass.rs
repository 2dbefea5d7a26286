//! Glass: an object through which the background shows.

use super::Scene;
use super::background::Backdrop;
use super::canvas::Canvas;
use super::color::{Color, mix, smoothstep};
use super::random::Random;
use super::shape::{Capsule, Ellipse};

/// A wine glass: clear where one looks straight through it, dense at the rim, with an opaque highlight.
pub fn glass(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "glass");
    let side = width_px.min(height_px) as f32;
    let center = [width_px as f32 * 0.5, height_px as f32 * 0.38];
    let bowl = Ellipse { center, radius: [side * 0.2, side * 0.25] };
    let foot = Ellipse { center: [center[0], center[1] + side * 0.48], radius: [side * 0.15, side * 0.03] };
    let tint = [random.range(190.0, 225.0), random.range(215.0, 240.0), random.range(215.0, 240.0)];
    let wine = [random.range(120.0, 150.0), random.range(20.0, 40.0), random.range(40.0, 60.0)];
    let surface = center[1] + side * random.range(-0.02, 0.06);

    let mut canvas = Canvas::new(width_px, height_px);
    let stem = Capsule { from: center, to: foot.center, radius: (side * 0.009).max(0.4) };
    canvas.paint(&bowl, |x, y| bowl_color(bowl.normalize(x, y), y > surface, tint, wine));
    canvas.paint(&stem, |_, _| tint);
    canvas.paint(&foot, |_, _| tint);

    let mut layer = canvas.finish();
    for (index, alpha) in layer.alpha.iter_mut().enumerate() {
        let (x, y) = ((index % width_px as usize) as f32 + 0.5, (index / width_px as usize) as f32 + 0.5);
        let inside_bowl = bowl.normalize(x, y);
        let opacity =
            if inside_bowl[0].hypot(inside_bowl[1]) < 1.0 { bowl_opacity(inside_bowl, y > surface) } else { 0.55 };
        *alpha = (f32::from(*alpha) * opacity + 0.5) as u8;
    }
    for (color, &alpha) in layer.foreground_rgb.chunks_exact_mut(3).zip(&layer.alpha) {
        if alpha == 0 {
            color.fill(0);
        }
    }

    let backdrop = Backdrop {
        top: [170.0, 160.0, 150.0],
        bottom: [92.0, 76.0, 64.0],
        blobs: &[wine, tint, [240.0, 206.0, 140.0], [60.0, 56.0, 60.0]],
        blob_count: 34,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("glass", width_px, height_px, layer, background_rgb).with_grain(2, &mut random)
}

/// 1 in the middle of the long highlight on the left, 0 away from it.
fn highlight([x, y]: [f32; 2]) -> f32 {
    smoothstep(0.09, 0.03, (x + 0.55).abs()) * smoothstep(0.62, 0.45, y.abs())
}

fn bowl_color(at: [f32; 2], filled: bool, tint: Color, wine: Color) -> Color {
    mix(if filled { wine } else { tint }, [255.0; 3], highlight(at))
}

fn bowl_opacity(at: [f32; 2], filled: bool) -> f32 {
    let rim = smoothstep(0.86, 1.0, at[0].hypot(at[1]));
    let body = if filled { 0.82 } else { 0.14 };
    (body + (0.9 - body) * rim).max(highlight(at))
}
