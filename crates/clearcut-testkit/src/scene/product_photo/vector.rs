//! Vectors of three: points and directions (x right, y up, z to the camera) and colors in linear light.

pub(super) type Vector = [f32; 3];

pub(super) fn add(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn sub(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn times(a: Vector, factor: f32) -> Vector {
    [a[0] * factor, a[1] * factor, a[2] * factor]
}

/// Each part by its counterpart: light through a filter.
pub(super) fn filter(a: Vector, b: Vector) -> Vector {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

pub(super) fn dot(a: Vector, b: Vector) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn normalize(a: Vector) -> Vector {
    times(a, 1.0 / dot(a, a).sqrt())
}

/// The mirror image of a ray's direction at a surface.
pub(super) fn reflect(direction: Vector, normal: Vector) -> Vector {
    sub(direction, times(normal, 2.0 * dot(direction, normal)))
}
