//! The mug: its form as a signed distance, and its glaze.

use super::vector::{Vector, add, dot, normalize, sub, times};
use crate::scene::color::{mix, smoothstep};
use crate::scene::noise::value_noise;
use crate::scene::random::{self, Random};

const HEIGHT: f32 = 1.0;
const WALL: f32 = 0.036;
/// Everything of the mug lies in this ball.
pub(super) const BOUND_CENTER: Vector = [0.1, 0.5, 0.0];
pub(super) const BOUND_RADIUS: f32 = 0.84;
/// Beyond this distance from it the ball stands for the mug.
const FAR: f32 = 0.7;

#[derive(Debug)]
pub(super) struct Mug {
    /// Cosine and sine of the angle by which the handle is turned away from the right.
    turn: [f32; 2],
    glaze: Vector,
    seed: u64,
}

/// What the surface is made of at one point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surface {
    /// Reflected part of diffuse light.
    pub(super) albedo: Vector,
    /// 0 is bare clay, 1 is glaze.
    pub(super) gloss: f32,
}

impl Mug {
    pub(super) fn new(random: &mut Random) -> Self {
        let glazes = [[0.018, 0.125, 0.16], [0.03, 0.085, 0.20], [0.30, 0.06, 0.03], [0.06, 0.13, 0.055]];
        let (sin, cos) = random.range(-0.35, 0.05).sin_cos();
        Self { turn: [cos, sin], glaze: *random.pick(&glazes), seed: random.next_u64() }
    }

    /// Distance to the surface, negative inside; never more than the true distance by much.
    pub(super) fn distance(&self, p: Vector) -> f32 {
        let far = Self::far(p);
        if far > FAR {
            return far;
        }
        let side = Self::side(p);
        // The hollow begins above the floor and has no top.
        let hollow = rounded_corner(side + WALL, 0.07 - p[1], 0.06);
        smooth_max(self.filled(p, side), -hollow, 0.022)
    }

    /// As [`Self::distance`], with the hollow filled up: what throws the mug's shadow. A ray may step through the
    /// thin wall, but not through this.
    pub(super) fn solid_distance(&self, p: Vector) -> f32 {
        let far = Self::far(p);
        if far > FAR { far } else { self.filled(p, Self::side(p)) }
    }

    /// Distance to the ball around the mug.
    fn far(p: Vector) -> f32 {
        let from_center = sub(p, BOUND_CENTER);
        dot(from_center, from_center).sqrt() - BOUND_RADIUS
    }

    fn filled(&self, p: Vector, side: f32) -> f32 {
        let body = rounded_corner(side, (p[1] - HEIGHT * 0.5).abs() - HEIGHT * 0.5, 0.045);
        smooth_min(body, self.handle(p), 0.05)
    }

    fn side(p: Vector) -> f32 {
        (length(p[0], p[2]) - Self::radius(p[1])) * 0.97
    }

    /// The outline of the body: a slight belly, drawn in towards the foot, with the rings of the potter's fingers.
    fn radius(height: f32) -> f32 {
        let belly = 0.028 * (1.0 - 2.1 * (height - 0.51) * (height - 0.51));
        let foot = 0.05 * smoothstep(0.22, -0.02, height);
        let rings = 0.0007 * (height * (45.0 + 18.0 * height)).sin();
        0.395 + belly - foot + rings
    }

    fn handle(&self, p: Vector) -> f32 {
        let x = p[0] * self.turn[0] + p[2] * self.turn[1];
        let z = p[2] * self.turn[0] - p[0] * self.turn[1];
        if x < 0.2 {
            // The half of the ring inside the body does not matter, the other half begins at 0.35.
            return length(0.35 - x, z);
        }
        let (along, up) = ((x - 0.40) / 0.285, (p[1] - 0.52 - 0.06 * (x - 0.4)) / 0.285);
        // A superellipse: it leaves the body straighter than a ring would and has more room for a hand.
        let ring = (along.abs().powi(3) + up.abs().powi(3)).cbrt();
        length((ring - 1.0) * 0.285, z * 0.72) * 0.9 - 0.043
    }

    pub(super) fn normal(&self, p: Vector) -> Vector {
        // Four samples at a tetrahedron's corners.
        let corners = [[1.0, -1.0, -1.0], [-1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0]];
        let gradient = corners
            .into_iter()
            .fold([0.0; 3], |sum, corner| add(sum, times(corner, self.distance(add(p, times(corner, 0.0012))))));
        normalize(gradient)
    }

    /// Glaze above a wavy dip line, where it broke to brown at the lip; bare speckled clay below; cream inside.
    pub(super) fn surface(&self, p: Vector) -> Surface {
        let angle = p[2].atan2(p[0]);
        let around = p[0].hypot(p[2]);
        let clay =
            times([0.50, 0.40, 0.31], 1.0 + 0.12 * value_noise(p[0] * 60.0, p[1] * 60.0 + p[2] * 41.0, self.seed));
        let cream = [0.70, 0.64, 0.54];

        let pooled = value_noise(angle * 2.2, p[1] * 2.6, self.seed ^ 1)
            + 0.5 * value_noise(angle * 9.0, p[1] * 7.0, self.seed ^ 2);
        let glaze = times(self.glaze, 1.0 + 0.2 * pooled);
        let lip = smoothstep(0.945, 0.992, p[1] + 0.006 * value_noise(angle * 14.0, 0.0, self.seed ^ 3));
        let glaze = mix(glaze, [0.36, 0.22, 0.12], 0.75 * lip);

        let inside =
            smoothstep(0.004, -0.004, around - (Self::radius(p[1]) - WALL * 0.8)) * smoothstep(1.01, 0.99, p[1]);
        let line = 0.20 + 0.018 * (angle * 2.0 + 1.0).sin() + 0.012 * value_noise(angle * 5.0, 1.0, self.seed ^ 4);
        let covered = smoothstep(line - 0.006, line + 0.006, p[1]);
        let albedo = mix(mix(clay, glaze, covered), cream, inside);
        let outside_body = around > Self::radius(p[1]) + 0.01;
        let spots = self.spots(if outside_body { [p[0], p[1]] } else { [angle * 0.4, p[1]] });
        Surface { albedo: mix(albedo, [0.045, 0.028, 0.02], 0.8 * spots), gloss: covered.max(inside) }
    }

    /// Iron spots burnt into the clay: at most one in each cell of a grid, most of them tiny.
    fn spots(&self, at: [f32; 2]) -> f32 {
        const CELL: f32 = 0.03;
        let cell = at.map(|value| (value / CELL).floor());
        let hash = random::mix(self.seed ^ (u64::from(cell[0] as i16 as u16) << 16) ^ u64::from(cell[1] as i16 as u16));
        let [x, y, size] = [0, 16, 32].map(|shift| f32::from((hash >> shift) as u16) / 65_536.0);
        let radius = CELL * (0.04 + 0.2 * size.powi(6));
        let center = [cell[0] + 0.25 + 0.5 * x, cell[1] + 0.25 + 0.5 * y];
        let distance = (at[0] - center[0] * CELL).hypot(at[1] - center[1] * CELL);
        smoothstep(radius * 1.3, radius * 0.7, distance)
    }
}

/// Much faster than `hypot`, which guards against overflow that cannot happen here.
fn length(a: f32, b: f32) -> f32 {
    (a * a + b * b).sqrt()
}

/// Where two half-planes meet in a corner of this radius.
fn rounded_corner(a: f32, b: f32, radius: f32) -> f32 {
    let (a, b) = (a + radius, b + radius);
    length(a.max(0.0), b.max(0.0)) + a.max(b).min(0.0) - radius
}

/// Quilez, "Smooth minimum" (2013), polynomial form.
fn smooth_min(a: f32, b: f32, width: f32) -> f32 {
    let near = (width - (a - b).abs()).max(0.0) / width;
    a.min(b) - near * near * width * 0.25
}

fn smooth_max(a: f32, b: f32, width: f32) -> f32 {
    -smooth_min(-a, -b, width)
}
