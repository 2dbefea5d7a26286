//! Fur: a soft outline of thousands of short strands over a body.

use std::f32::consts::TAU;

use super::Scene;
use super::background::Backdrop;
use super::canvas::Canvas;
use super::color::scale;
use super::random::Random;
use super::shading::ball;
use super::shape::Ellipse;
use super::strand::Strand;

/// A furry ball with two ears, its coat combed by the wind.
pub fn fur(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "fur");
    let side = width_px.min(height_px) as f32;
    let center = [width_px as f32 * 0.5, height_px as f32 * 0.55];
    let body = Ellipse { center, radius: [side * 0.27, side * 0.25] };
    let ears = [-0.17, 0.17].map(|x| Ellipse {
        center: [center[0] + x * side, center[1] - side * 0.24],
        radius: [side * 0.06, side * 0.09],
    });
    let coat = [random.range(176.0, 214.0), random.range(150.0, 176.0), random.range(110.0, 140.0)];
    let wind = random.range(-0.5, 0.5);

    let mut canvas = Canvas::new(width_px, height_px);
    for (form, count) in [(body, 2_000), (ears[0], 350), (ears[1], 350)] {
        for _ in 0..count {
            let angle = random.range(0.0, TAU);
            let depth = random.range(0.8, 1.0);
            let strand = Strand {
                root: [
                    form.center[0] + angle.cos() * form.radius[0] * depth,
                    form.center[1] + angle.sin() * form.radius[1] * depth,
                ],
                heading: angle + wind + random.normal() * 0.25,
                length_px: side * random.range(0.03, 0.1),
                turn: random.normal() * 0.5,
                waves: 1.0,
                swing: 0.1,
                width_px: (side * random.range(0.001, 0.003)).max(0.25),
                color: scale(coat, random.range(0.65, 1.2)),
            };
            strand.paint(&mut canvas);
        }
    }
    for form in [body, ears[0], ears[1]] {
        canvas.paint(&form, |x, y| ball(coat, form.normalize(x, y).map(|value| value * 0.85)));
    }

    let backdrop = Backdrop {
        top: [120.0, 140.0, 100.0],
        bottom: [140.0, 130.0, 96.0],
        blobs: &[coat, scale(coat, 0.8), [70.0, 100.0, 60.0], [220.0, 220.0, 180.0]],
        blob_count: 28,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("fur", width_px, height_px, canvas.finish(), background_rgb).with_grain(2, &mut random)
}
