//! What a cut-out should look like.
//!
//! Every field's type holds only valid values, so a [`Plan`] can be wrong in one way alone: fields that exclude each
//! other, which [`Plan::check`] tells. The same names are used everywhere: as struct fields in Rust and JSON, and by
//! [`Plan::set`] for command lines and forms.

mod background;
mod choice;
mod color;
mod length;
mod number;
mod set;

use serde::{Deserialize, Serialize};

pub use background::{Background, BackgroundImage};
pub use choice::{BorderStyle, Channels, Colors, Edges, Effort, Format, UnknownChoice};
pub use color::{Color, InvalidColor};
pub use length::{InvalidLength, Length, Margins, Region};
pub use number::{
    Area, BlurRadius, BorderWidth, Feather, Offset, OutOfRange, Percent, Quality, Scale, Shift, Side, Threshold,
};
pub use set::{FIELDS, FieldHelp};

use crate::writer::KeyWriter;

/// What a cut-out should look like. The default is the plain cut-out: full size, transparent, PNG.
///
/// The steps are applied in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The only part of the photo in which a subject is looked for; everything else becomes background.
    pub roi: Option<Region>,
    /// How the matte comes to full size.
    pub edges: Edges,
    /// Moves the edge.
    pub shift: Shift,
    /// Softens the edge.
    pub feather: Feather,
    /// Makes the matte hard: foreground from this value on, background below.
    pub threshold: Option<Threshold>,
    /// Which colors the edge has.
    pub colors: Colors,
    /// The matte alone, or the picture.
    pub channels: Channels,
    /// Cuts the canvas down to the subject and these margins.
    pub crop: Option<Margins>,
    /// Size of the subject on the canvas; unchanged where absent.
    pub scale: Option<Scale>,
    /// Place of the subject on the canvas; unchanged where absent, centered where only a scale is given.
    pub position: Option<Position>,
    /// Line around the subject or the canvas.
    pub border: Border,
    /// Shadow under the subject.
    pub shadow: Option<Shadow>,
    /// What stands behind the subject.
    pub background: Background,
    /// Shrinks the result to at most this width, keeping its aspect.
    pub max_width: Option<Side>,
    /// Shrinks the result to at most this height, keeping its aspect.
    pub max_height: Option<Side>,
    /// Shrinks the result to at most this many pixels, keeping its aspect.
    pub max_pixels: Option<Area>,
    /// File format of the result.
    pub format: Format,
    /// Quality of a lossy format; by default 90 for JPEG, 60 for AVIF, and lossless WebP.
    pub quality: Option<Quality>,
    /// How hard the encoder tries.
    pub effort: Effort,
}

/// A line around the subject or the canvas; none at width 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Border {
    /// Width in pixels of the full-size picture.
    pub width: BorderWidth,
    /// Its color.
    pub color: Color,
    /// What it follows.
    pub style: BorderStyle,
}

/// A shadow that the subject throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shadow {
    /// How dark it is.
    pub opacity: Percent,
    /// How soft its edge is.
    pub blur: BlurRadius,
    /// How far it lies to the right.
    pub offset_x: Offset,
    /// How far it lies below.
    pub offset_y: Offset,
    /// Its color; alpha is ignored in favor of the opacity.
    pub color: Color,
}

/// Where the subject's center lies, as a share of the space left over: 0 % left or top, 100 % right or bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Along the width.
    pub x: Percent,
    /// Along the height.
    pub y: Percent,
}

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A field of that name does not exist.
    #[error("unknown field `{field}`")]
    UnknownField {
        /// The name as given.
        field: String,
    },
    /// The value is not understood, or out of range.
    #[error("`{field}`: {reason}, not `{value}`")]
    InvalidValue {
        /// The field's name.
        field: String,
        /// The value as given, cut to 60 characters.
        value: String,
        /// What is expected.
        reason: String,
    },
    /// Two fields exclude each other.
    #[error("`{field}` and `{other}` exclude each other: {reason}")]
    Conflict {
        /// One of them.
        field: &'static str,
        /// The other.
        other: &'static str,
        /// Why.
        reason: &'static str,
    },
}

impl Plan {
    /// Whether any fields exclude each other.
    pub fn check(&self) -> Result<(), PlanError> {
        let conflict = |field, other, reason| Err(PlanError::Conflict { field, other, reason });
        if self.channels == Channels::Alpha {
            let reason = "a matte has no colors";
            if self.background != Background::Transparent {
                return conflict("channels", "background", reason);
            }
            if self.border.width.get() > 0 {
                return conflict("channels", "border", reason);
            }
            if self.shadow.is_some() {
                return conflict("channels", "shadow", reason);
            }
        }
        if let (Background::Blur(_), true) =
            (&self.background, self.crop.is_some() || self.scale.is_some() || self.position.is_some())
        {
            return conflict("background", "crop", "a blurred background is the photo's own and keeps its place");
        }
        if self.format == Format::Png && self.quality.is_some() {
            return conflict("format", "quality", "PNG is lossless; choose jpeg, webp or avif, or leave quality out");
        }
        Ok(())
    }

    /// Writes every field. Destructured without `..`: a field that is added and not written does not compile.
    pub(crate) fn write_key(&self, w: &mut KeyWriter) {
        let Self {
            roi,
            edges,
            shift,
            feather,
            threshold,
            colors,
            channels,
            crop,
            scale,
            position,
            border,
            shadow,
            background,
            max_width,
            max_height,
            max_pixels,
            format,
            quality,
            effort,
        } = self;
        w.option("roi", *roi, |w, Region { x1, y1, x2, y2 }| {
            for (tag, length) in [("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)] {
                write_length(w, tag, length);
            }
        });
        w.text("edges", edges.as_str());
        w.int("shift", *shift);
        w.int("feather", *feather);
        w.option("threshold", *threshold, |w, v| w.int("value", v));
        w.text("colors", colors.as_str());
        w.text("channels", channels.as_str());
        w.option("crop", *crop, |w, Margins { top, right, bottom, left }| {
            for (tag, length) in [("top", top), ("right", right), ("bottom", bottom), ("left", left)] {
                write_length(w, tag, length);
            }
        });
        w.option("scale", *scale, |w, v| w.int("value", v));
        w.option("position", *position, |w, Position { x, y }| {
            w.int("x", x);
            w.int("y", y);
        });
        let Border { width, color, style } = border;
        w.int("border width", *width);
        w.bytes("border color", &color.0);
        w.text("border style", style.as_str());
        w.option("shadow", *shadow, |w, Shadow { opacity, blur, offset_x, offset_y, color }| {
            w.int("opacity", opacity);
            w.int("blur", blur);
            w.int("offset x", offset_x);
            w.int("offset y", offset_y);
            w.bytes("color", &color.0);
        });
        match background {
            Background::Transparent => w.text("background", "transparent"),
            Background::Color(color) => w.bytes("background color", &color.0),
            Background::Blur(radius) => w.int("background blur", *radius),
            Background::Image(image) => w.bytes("background image", image.digest().as_bytes()),
        }
        w.option("max width", *max_width, |w, v| w.int("value", v));
        w.option("max height", *max_height, |w, v| w.int("value", v));
        w.option("max pixels", *max_pixels, |w, v| w.int("value", v));
        w.text("format", format.as_str());
        w.option("quality", *quality, |w, v| w.int("value", v));
        w.text("effort", effort.as_str());
    }
}

impl Default for Border {
    fn default() -> Self {
        Self { width: BorderWidth::ZERO, color: Color::WHITE, style: BorderStyle::Outline }
    }
}

impl Default for Shadow {
    fn default() -> Self {
        Self {
            opacity: Percent::SHADOW,
            blur: BlurRadius::SHADOW,
            offset_x: Offset::ZERO,
            offset_y: Offset::SHADOW,
            color: Color::BLACK,
        }
    }
}

impl Position {
    /// In the middle.
    pub const CENTER: Self = Self { x: Percent::HALF, y: Percent::HALF };
}

fn write_length(w: &mut KeyWriter, tag: &str, length: Length) {
    match length {
        Length::Px(px) => {
            w.text(tag, "px");
            w.int("value", px);
        }
        Length::BasisPoints(points) => {
            w.text(tag, "basis points");
            w.int("value", points);
        }
    }
}
