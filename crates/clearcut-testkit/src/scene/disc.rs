//! The plainest scene: one lit ball.

use super::Scene;
use super::background::Backdrop;
use super::canvas::Canvas;
use super::random::Random;
use super::shading::ball;
use super::shape::Ellipse;

/// A lit ball: one closed, smooth outline and an opaque inside.
pub fn disc(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "disc");
    let (width, height) = (width_px as f32, height_px as f32);
    let color = [random.range(170.0, 235.0), random.range(60.0, 130.0), random.range(40.0, 90.0)];
    let center = [width * random.range(0.42, 0.58), height * random.range(0.42, 0.58)];
    let shape = Ellipse::circle(center, width.min(height) * random.range(0.24, 0.34));
    let mut canvas = Canvas::new(width_px, height_px);
    canvas.paint(&shape, |x, y| ball(color, shape.normalize(x, y)));
    let backdrop = Backdrop {
        top: [118.0, 138.0, 150.0],
        bottom: [70.0, 84.0, 92.0],
        blobs: &[color, [206.0, 214.0, 220.0], [52.0, 70.0, 84.0]],
        blob_count: 22,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("disc", width_px, height_px, canvas.finish(), background_rgb).with_grain(2, &mut random)
}
