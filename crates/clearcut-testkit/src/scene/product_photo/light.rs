//! Light: a window to the upper left, a room around it, and how much of both reaches a point.

use super::camera::Ray;
use super::mug::{BOUND_CENTER, BOUND_RADIUS, Mug};
use super::vector::{Vector, add, dot, filter, normalize, reflect, sub, times};
use crate::scene::color::{mix, smoothstep};

const WINDOW: Vector = [-0.72, 0.58, 0.38];
const WINDOW_LIGHT: Vector = [1.75, 1.68, 1.55];
/// Average of what the table sends back up.
const TABLE_BOUNCE: Vector = [0.13, 0.085, 0.055];

/// Where a ray meets the mug.
pub(super) fn hit(mug: &Mug, ray: &Ray) -> Option<f32> {
    let (mut distance, end) = bound(ray)?;
    for _ in 0..160 {
        let gap = mug.distance(ray.at(distance));
        if gap < 0.0004 {
            return Some(distance);
        }
        distance += gap * 0.95;
        if distance > end {
            return None;
        }
    }
    None
}

/// Where a ray enters and leaves the ball around the mug.
fn bound(ray: &Ray) -> Option<(f32, f32)> {
    let to_center = sub(BOUND_CENTER, ray.origin);
    let middle = dot(to_center, ray.direction);
    let half = BOUND_RADIUS * BOUND_RADIUS - dot(to_center, to_center) + middle * middle;
    (half > 0.0 && middle + half.sqrt() > 0.0).then(|| ((middle - half.sqrt()).max(0.0), middle + half.sqrt()))
}

/// The part of the window that a point sees past the mug, 0 to 1: the narrowest gap along the way, as wide as the
/// window looks from there (Quilez, "Soft shadows in raymarched SDFs", 2010).
fn window_seen(mug: &Mug, point: Vector, normal: Vector) -> f32 {
    let ray = Ray { origin: add(point, times(normal, 0.012)), direction: normalize(WINDOW) };
    // Within the hollow the filled mug would hide everything.
    let in_hollow = mug.solid_distance(ray.origin) < 0.0;
    let (mut seen, mut distance) = (1.0_f32, 0.015);
    for _ in 0..36 {
        let at = ray.at(distance);
        let gap = if in_hollow { mug.distance(at) } else { mug.solid_distance(at) };
        seen = seen.min(3.4 * gap / distance);
        distance += gap.clamp(0.016, 0.16);
        if seen < -1.0 || distance > 2.2 {
            break;
        }
    }
    // Below zero the ray itself is blocked, yet part of the window still looks past the edge.
    let seen = seen.max(-1.0);
    0.25 * (1.0 + seen) * (1.0 + seen) * (2.0 - seen)
}

/// The part of the room that a point sees, 0 to 1: how quickly the mug comes near along the normal.
pub(super) fn room_seen(mug: &Mug, point: Vector, normal: Vector) -> f32 {
    let mut hidden = 0.0;
    let mut weight = 1.0;
    for step in [0.03, 0.08, 0.16, 0.28] {
        hidden += weight * (step - mug.distance(add(point, times(normal, step)))).max(0.0) / step;
        weight *= 0.72;
    }
    (1.0 - 0.42 * hidden).clamp(0.06, 1.0)
}

/// Diffuse light on a point.
pub(super) fn diffuse(mug: &Mug, point: Vector, normal: Vector) -> Vector {
    let facing = dot(normal, normalize(WINDOW)).max(0.0);
    let window = if facing > 0.0 { facing * window_seen(mug, point, normal) } else { 0.0 };
    let from_above = mix(TABLE_BOUNCE, [0.25, 0.25, 0.27], smoothstep(-0.9, 0.8, normal[1]));
    let from_right = 0.16 * dot(normal, [0.9, 0.2, 0.39]).max(0.0);
    let room = times(add(from_above, [from_right; 3]), room_seen(mug, point, normal));
    add(times(WINDOW_LIGHT, window), room)
}

/// What arrives from a direction: a tall window with its bars on the left, a bright curtain on the right, walls,
/// ceiling and table.
pub(super) fn environment(direction: Vector) -> Vector {
    let [x, height, z] = direction;
    let walls = mix([0.12, 0.115, 0.115], [0.40, 0.39, 0.39], smoothstep(-0.1, 0.9, height));
    let room = mix(times(TABLE_BOUNCE, 1.6), walls, smoothstep(-0.10, 0.06, height));
    // The photographer's side of the room is dark.
    let room = times(room, 1.0 - 0.5 * smoothstep(0.3, 1.0, z));

    // The table's varnish mirrors the window, so that it seems to go on below the horizon, dimmer.
    let mirrored = mix([0.30, 0.26, 0.22], [1.0, 1.0, 1.0], smoothstep(-0.40, 0.0, height));
    let azimuth = x.atan2(z);
    let across = azimuth + 0.98;
    let frame =
        smoothstep(0.27, 0.24, across.abs()) * smoothstep(0.88, 0.82, height) * smoothstep(-0.62, -0.30, height);
    let bars = smoothstep(0.010, 0.026, across.abs()) * smoothstep(0.010, 0.026, (height - 0.30).abs());
    let window = times(filter(mirrored, [7.4, 7.3, 7.1]), frame * (0.10 + 0.90 * bars));
    let curtain = smoothstep(0.15, 0.03, (azimuth - 1.52).abs()) * smoothstep(0.75, 0.4, height);
    let curtain = times(filter(mirrored, [1.9, 1.75, 1.55]), curtain * smoothstep(-0.6, -0.2, height));
    add(room, add(window, curtain))
}

/// Light that the mug sends along a ray that meets it.
pub(super) fn shade(mug: &Mug, ray: &Ray, distance: f32) -> Vector {
    let point = ray.at(distance);
    let normal = mug.normal(point);
    let surface = mug.surface(point);
    let body = filter(surface.albedo, diffuse(mug, point, normal));
    let mirrored = reflect(ray.direction, normal);
    let facing = (-dot(ray.direction, normal)).clamp(0.0, 1.0);
    // Schlick, "An Inexpensive BRDF Model for Physically-based Rendering" (1994), for glaze of index 1.5.
    let fresnel = 0.04 + 0.96 * (1.0 - facing).powi(5);
    let open = room_seen(mug, point, mirrored);
    let sheen = times(environment(mirrored), fresnel * open * (0.06 + 0.94 * surface.gloss));
    add(times(body, 1.0 - fresnel * surface.gloss), sheen)
}
