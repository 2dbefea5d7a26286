//! Strands: tapering curves, drawn piece by piece.

use super::canvas::Canvas;
use super::color::{Color, scale};
use super::shape::Capsule;

const PIECES: u32 = 12;

/// A hair: it leaves its root in one direction and is turned steadily on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strand {
    pub(super) root: [f32; 2],
    /// Direction at the root, in radians clockwise from rightwards.
    pub(super) heading: f32,
    pub(super) length_px: f32,
    /// How far it turns from root to tip, in radians.
    pub(super) turn: f32,
    /// Sideways waves from root to tip, and how far they swing the heading, in radians.
    pub(super) waves: f32,
    pub(super) swing: f32,
    /// Width at the root; the tip has a third of it.
    pub(super) width_px: f32,
    pub(super) color: Color,
}

impl Strand {
    pub(super) fn paint(&self, canvas: &mut Canvas) {
        let mut from = self.root;
        for piece in 0..PIECES {
            let way = (piece as f32 + 0.5) / PIECES as f32;
            let wave = (way * self.waves * std::f32::consts::TAU).sin() * self.swing;
            let heading = self.heading + self.turn * way + wave;
            let step = self.length_px / PIECES as f32;
            let to = [from[0] + heading.cos() * step, from[1] + heading.sin() * step];
            let radius = 0.5 * self.width_px * (1.0 - 0.67 * way);
            // A soft highlight where the strand turns towards the light above.
            let color = scale(self.color, 0.85 + 0.4 * heading.cos().abs() * (1.0 - way));
            canvas.paint(&Capsule { from, to, radius }, |_, _| color);
            from = to;
        }
    }
}
