//! Holes: background seen through the object.

use super::Scene;
use super::background::Backdrop;
use super::canvas::Canvas;
use super::color::scale;
use super::noise::value_noise;
use super::random::Random;
use super::shading::ball;
use super::shape::{Capsule, Ellipse};

/// A round plate with holes of all sizes, narrow slits and a ring to hang it by.
pub fn holes(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "holes");
    let side = width_px.min(height_px) as f32;
    let center = [width_px as f32 * 0.5, height_px as f32 * 0.56];
    let plate = Ellipse::circle(center, side * 0.34);
    let color = [random.range(60.0, 110.0), random.range(120.0, 170.0), random.range(120.0, 160.0)];
    let mut canvas = Canvas::new(width_px, height_px);

    let ring_center = [center[0], center[1] - side * 0.4];
    canvas.cut(&Ellipse::circle(ring_center, side * 0.05));
    canvas.paint(&Ellipse::circle(ring_center, side * 0.075), |_, _| scale(color, 0.8));

    let turn = random.range(0.0, 1.0);
    for hole in 0..9 {
        let angle = turn + std::f32::consts::TAU * hole as f32 / 9.0;
        let at = [center[0] + angle.cos() * side * 0.23, center[1] + angle.sin() * side * 0.23];
        canvas.cut(&Ellipse::circle(at, side * (0.012 + 0.006 * hole as f32)));
    }
    for slit in -2_i8..=2 {
        let x = center[0] + f32::from(slit) * side * 0.045;
        let half = side * 0.1;
        let radius = (side * 0.002 * (f32::from(slit) + 3.0)).max(0.4);
        canvas.cut(&Capsule { from: [x, center[1] - half], to: [x, center[1] + half], radius });
    }

    let texture = random.next_u64();
    canvas.paint(&plate, |x, y| {
        let spots = 1.0 + 0.1 * value_noise(x * 40.0 / side, y * 40.0 / side, texture);
        scale(ball(color, plate.normalize(x, y).map(|value| value * 0.8)), spots)
    });
    let backdrop = Backdrop {
        top: [196.0, 178.0, 150.0],
        bottom: [128.0, 108.0, 88.0],
        blobs: &[color, [230.0, 220.0, 200.0], [96.0, 84.0, 70.0]],
        blob_count: 26,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("holes", width_px, height_px, canvas.finish(), background_rgb).with_grain(2, &mut random)
}
