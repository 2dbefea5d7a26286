//! Convex shapes as the canvas wants them: one horizontal span for each height.

/// A convex shape in pixels; pixel (0, 0) covers `[0, 1) × [0, 1)`.
pub(super) trait Shape {
    /// Lowest and highest `y` the shape touches.
    fn vertical(&self) -> (f32, f32);

    /// Where the horizontal line at `y` enters and leaves the shape.
    fn span(&self, y: f32) -> Option<(f32, f32)>;
}

/// An ellipse with axes along the picture's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ellipse {
    pub(super) center: [f32; 2],
    pub(super) radius: [f32; 2],
}

impl Ellipse {
    pub(super) fn circle(center: [f32; 2], radius: f32) -> Self {
        Self { center, radius: [radius, radius] }
    }

    /// The position of a point with the ellipse as the unit circle.
    pub(super) fn normalize(&self, x: f32, y: f32) -> [f32; 2] {
        [(x - self.center[0]) / self.radius[0], (y - self.center[1]) / self.radius[1]]
    }
}

impl Shape for Ellipse {
    fn vertical(&self) -> (f32, f32) {
        (self.center[1] - self.radius[1], self.center[1] + self.radius[1])
    }

    fn span(&self, y: f32) -> Option<(f32, f32)> {
        let height = (y - self.center[1]) / self.radius[1];
        let half = self.radius[0] * (1.0 - height * height).max(0.0).sqrt();
        (height.abs() < 1.0).then_some((self.center[0] - half, self.center[0] + half))
    }
}

/// A line with round ends: one piece of a strand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capsule {
    pub(super) from: [f32; 2],
    pub(super) to: [f32; 2],
    pub(super) radius: f32,
}

impl Shape for Capsule {
    fn vertical(&self) -> (f32, f32) {
        (self.from[1].min(self.to[1]) - self.radius, self.from[1].max(self.to[1]) + self.radius)
    }

    fn span(&self, y: f32) -> Option<(f32, f32)> {
        let ends = [self.from, self.to].map(|center| Ellipse::circle(center, self.radius).span(y));
        // Convex, so the hull of the three spans is the span of the whole.
        ends.into_iter().chain([self.shaft(y)]).flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

impl Capsule {
    /// The rectangle between the two ends: within `radius` of the line, and between the feet of both ends.
    fn shaft(&self, y: f32) -> Option<(f32, f32)> {
        let (dx, dy) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        let length = dx.hypot(dy);
        if length <= f32::EPSILON {
            return None;
        }
        let (dx, dy) = (dx / length, dy / length);
        let below = y - self.from[1];
        let across = band(-below * dx, dy, -self.radius, self.radius)?;
        let along = band(below * dy, dx, 0.0, length)?;
        let (left, right) = (across.0.max(along.0), across.1.min(along.1));
        (left < right).then_some((self.from[0] + left, self.from[0] + right))
    }
}

/// The `t` for which `low <= offset + slope * t <= high`.
fn band(offset: f32, slope: f32, low: f32, high: f32) -> Option<(f32, f32)> {
    if slope.abs() < 1e-6 {
        return (low..=high).contains(&offset).then_some((f32::NEG_INFINITY, f32::INFINITY));
    }
    let (a, b) = ((low - offset) / slope, (high - offset) / slope);
    Some((a.min(b), a.max(b)))
}
