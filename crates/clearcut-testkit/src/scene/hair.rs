//! Hair: a head whose outline is many strands, most of them thinner than a pixel at their tips.

use std::f32::consts::PI;

use super::Scene;
use super::background::Backdrop;
use super::canvas::Canvas;
use super::color::{Color, scale};
use super::random::Random;
use super::shading::ball;
use super::shape::{Capsule, Ellipse};
use super::strand::Strand;

/// A head and shoulders with long loose hair and single strands flying off.
pub fn hair(width_px: u32, height_px: u32, seed: u64) -> Scene {
    let mut random = Random::new(seed, "hair");
    let side = width_px.min(height_px) as f32;
    let center = [width_px as f32 * 0.5, height_px as f32 * 0.45];
    let skin = [216.0, 168.0, 140.0];
    let brown = [random.range(80.0, 130.0), random.range(50.0, 80.0), random.range(30.0, 55.0)];
    let face = Ellipse { center: [center[0], center[1] + side * 0.04], radius: [side * 0.12, side * 0.165] };
    let scalp = Ellipse { center, radius: [side * 0.165, side * 0.2] };

    let mut canvas = Canvas::new(width_px, height_px);
    canvas.paint(&face, |x, y| ball(skin, face.normalize(x, y).map(|value| value * 0.7)));
    for _ in 0..700 {
        strand(&scalp, side, brown, &mut random).paint(&mut canvas);
    }
    canvas.paint(&scalp, |x, y| ball(scale(brown, 0.8), scalp.normalize(x, y)));
    let neck = Capsule { from: center, to: [center[0], center[1] + side * 0.4], radius: side * 0.07 };
    canvas.paint(&neck, |_, _| scale(skin, 0.8));
    let shoulders = Ellipse { center: [center[0], height_px as f32 + side * 0.08], radius: [side * 0.4, side * 0.3] };
    canvas.paint(&shoulders, |x, y| ball([70.0, 90.0, 130.0], shoulders.normalize(x, y).map(|value| value * 0.8)));

    let backdrop = Backdrop {
        top: [150.0, 160.0, 140.0],
        bottom: [104.0, 100.0, 84.0],
        blobs: &[brown, scale(brown, 1.4), skin, [226.0, 226.0, 206.0], [70.0, 96.0, 70.0]],
        blob_count: 30,
    };
    let background_rgb = backdrop.draw(width_px, height_px, &mut random);
    Scene::compose("hair", width_px, height_px, canvas.finish(), background_rgb).with_grain(2, &mut random)
}

fn strand(scalp: &Ellipse, side: f32, color: Color, random: &mut Random) -> Strand {
    // From the left temple over the crown to the right one.
    let angle = random.range(-1.08 * PI, 0.08 * PI);
    let depth = random.range(0.75, 1.0);
    let root = [
        scalp.center[0] + angle.cos() * scalp.radius[0] * depth,
        scalp.center[1] + angle.sin() * scalp.radius[1] * depth,
    ];
    let flies_off = random.unit() < 0.18;
    // Weight turns a strand downwards by the shorter way: clockwise on the right, the other way on the left.
    let down = if angle.cos() > 0.0 { PI / 2.0 - angle } else { -PI * 1.5 - angle };
    Strand {
        root,
        heading: angle + random.normal() * 0.3,
        length_px: side * random.range(0.18, 0.42),
        turn: down * if flies_off { random.range(0.0, 0.6) } else { random.range(0.9, 1.3) },
        waves: random.range(0.5, 2.5),
        swing: random.range(0.0, 0.35),
        width_px: (side * random.range(0.0012, 0.0036)).max(0.25),
        color: scale(color, random.range(0.7, 1.35)),
    }
}
