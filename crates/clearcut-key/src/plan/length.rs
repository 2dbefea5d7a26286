//! Lengths in pixels or percent, and what is made of them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A length in pixels, or as a share of a side.
///
/// Written `12px`, `12` or `7.5%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    /// In pixels, up to 65,535.
    Px(u32),
    /// In hundredths of a percent of the side it lies along, up to 10,000 (100 %).
    BasisPoints(u16),
}

impl Length {
    /// In pixels along a side of `side_px`, rounded to the nearest.
    pub fn on_side(self, side_px: u32) -> u32 {
        match self {
            Self::Px(px) => px,
            Self::BasisPoints(points) => ((u64::from(side_px) * u64::from(points) + 5_000) / 10_000) as u32,
        }
    }
}

impl Length {
    /// Whether it is at most `px` pixels, or `percent` of its side.
    pub fn is_at_most(self, px: u32, percent: u8) -> bool {
        match self {
            Self::Px(value) => value <= px,
            Self::BasisPoints(points) => points <= u16::from(percent) * 100,
        }
    }
}

impl FromStr for Length {
    type Err = InvalidLength;

    fn from_str(text: &str) -> Result<Self, InvalidLength> {
        let text = text.trim();
        let invalid = || InvalidLength(text.chars().take(40).collect());
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.trim().parse().map_err(|_| invalid())?;
            // NaN is in no range.
            (0.0..=100.0)
                .contains(&percent)
                .then(|| Self::BasisPoints((percent * 100.0).round() as u16))
                .ok_or_else(invalid)
        } else {
            let px: u32 = text.strip_suffix("px").unwrap_or(text).trim().parse().map_err(|_| invalid())?;
            (px <= 65_535).then_some(Self::Px(px)).ok_or_else(invalid)
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Px(px) => write!(f, "{px}px"),
            Self::BasisPoints(points) => write!(f, "{}%", f64::from(*points) / 100.0),
        }
    }
}

/// A text that is no length, or a list of lengths of the wrong number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not understood; write lengths as 12px (up to 65535) or 7.5% (up to 100)")]
pub struct InvalidLength(String);

/// Space kept around the subject, in the order of CSS.
///
/// Written as 1, 2 (vertical, horizontal) or 4 (top, right, bottom, left) lengths; percent are of the subject's
/// own sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Margins {
    /// Above the subject.
    pub top: Length,
    /// To its right.
    pub right: Length,
    /// Below it.
    pub bottom: Length,
    /// To its left.
    pub left: Length,
}

impl Margins {
    /// No space at all.
    pub const NONE: Self =
        Self { top: Length::Px(0), right: Length::Px(0), bottom: Length::Px(0), left: Length::Px(0) };
}

impl FromStr for Margins {
    type Err = InvalidLength;

    fn from_str(text: &str) -> Result<Self, InvalidLength> {
        let lengths = lengths(text)?;
        let [top, right, bottom, left] = match lengths[..] {
            [all] => [all; 4],
            [vertical, horizontal] => [vertical, horizontal, vertical, horizontal],
            [top, right, bottom, left] => [top, right, bottom, left],
            _ => return Err(InvalidLength(text.chars().take(40).collect())),
        };
        Ok(Self { top, right, bottom, left })
    }
}

impl fmt::Display for Margins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.top, self.right, self.bottom, self.left)
    }
}

/// A part of the photo by two corners: `x1 y1 x2 y2`, percent of the photo's sides. The corners may be given in any
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region {
    /// One corner's distance from the left.
    pub x1: Length,
    /// One corner's distance from the top.
    pub y1: Length,
    /// The other corner's distance from the left.
    pub x2: Length,
    /// The other corner's distance from the top.
    pub y2: Length,
}

impl FromStr for Region {
    type Err = InvalidLength;

    fn from_str(text: &str) -> Result<Self, InvalidLength> {
        match lengths(text)?[..] {
            [x1, y1, x2, y2] => Ok(Self { x1, y1, x2, y2 }),
            _ => Err(InvalidLength(text.chars().take(40).collect())),
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.x1, self.y1, self.x2, self.y2)
    }
}

/// Serde speaks the written form of both.
macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = InvalidLength;

            fn try_from(text: String) -> Result<Self, InvalidLength> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
as_text!(Margins);
as_text!(Region);

fn lengths(text: &str) -> Result<Vec<Length>, InvalidLength> {
    text.split([' ', ',']).filter(|part| !part.is_empty()).map(str::parse).collect()
}
