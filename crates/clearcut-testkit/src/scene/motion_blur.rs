//! Motion blur: an object that moved while the shutter was open.

use super::Scene;
use super::background::Backdrop;
use super::canvas::{Canvas, Layer};
use super::color::scale;
use super::random::Random;
use super::shading::ball;
use super::shape::{Capsule, Ellipse};

/// A ball with a thin antenna that flew sideways by about a tenth of the picture: its alpha is the share of the
/// exposure during which it covered a pixel.
pub fn motion_blur(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "motion_blur");
    let side = width_px.min(height_px) as f32;
    let color = [random.range(40.0, 90.0), random.range(90.0, 140.0), random.range(170.0, 220.0)];
    let center = [width_px as f32 * random.range(0.46, 0.54), height_px as f32 * 0.52];
    let shape = Ellipse::circle(center, side * 0.25);
    let tip = [center[0] + side * 0.05, center[1] - side * 0.4];
    let antenna = Capsule { from: center, to: tip, radius: side * 0.012 };

    let mut canvas = Canvas::new(width_px, height_px);
    canvas.paint(&shape, |x, y| ball(color, shape.normalize(x, y)));
    canvas.paint(&antenna, |_, _| scale(color, 0.5));
    let distance_px = ((side * random.range(0.08, 0.14)) as usize).max(2);
    let layer = expose(&canvas.finish(), width_px as usize, distance_px);

    let backdrop = Backdrop {
        top: [96.0, 130.0, 170.0],
        bottom: [150.0, 150.0, 140.0],
        blobs: &[color, [226.0, 230.0, 236.0], [60.0, 80.0, 60.0]],
        blob_count: 24,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("motion_blur", width_px, height_px, layer, background_rgb).with_grain(2, &mut random)
}

/// Averages the layer over `distance_px` positions along its rows. Colors are weighted by their alpha: what is not
/// there sends no light.
fn expose(still: &Layer, width_px: usize, distance_px: usize) -> Layer {
    let mut moved = Layer { alpha: still.alpha.clone(), foreground_rgb: still.foreground_rgb.clone() };
    let before = distance_px / 2;
    let rows = still.alpha.chunks_exact(width_px).zip(still.foreground_rgb.chunks_exact(width_px * 3));
    for (y, (alpha, color)) in rows.enumerate() {
        // Light sent from the row's start up to each column: alpha, then color times alpha.
        let mut sent = vec![[0_u32; 4]; width_px + 1];
        for x in 0..width_px {
            let a = u32::from(alpha[x]);
            let [r, g, b] = [0, 1, 2].map(|channel| a * u32::from(color[x * 3 + channel]));
            let so_far = sent[x];
            sent[x + 1] = [so_far[0] + a, so_far[1] + r, so_far[2] + g, so_far[3] + b];
        }
        for x in 0..width_px {
            let (first, last) = (x.saturating_sub(before), (x + distance_px - before).min(width_px));
            let [a, colors @ ..] = [0, 1, 2, 3].map(|part| sent[last][part] - sent[first][part]);
            let index = y * width_px + x;
            let exposed = (a + distance_px as u32 / 2) / distance_px as u32;
            moved.alpha[index] = exposed as u8;
            for (channel, sum) in colors.into_iter().enumerate() {
                let value = if exposed == 0 { 0 } else { (sum + a / 2) / a };
                moved.foreground_rgb[index * 3 + channel] = value as u8;
            }
        }
    }
    moved
}
