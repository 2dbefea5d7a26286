//! Colors as people write them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An sRGB color with straight alpha, 8 bits a channel.
///
/// Written as a CSS name (`white`, `rebeccapurple`), 3, 4, 6 or 8 hexadecimal digits with or without `#`, or a CSS
/// function (`rgb(10 20 30 / 50%)`). Shown as 6 hexadecimal digits, 8 where it is not opaque.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Color(pub [u8; 4]);

impl Color {
    /// Opaque white.
    pub const WHITE: Self = Self([255; 4]);
    /// Opaque black.
    pub const BLACK: Self = Self([0, 0, 0, 255]);

    /// Whether nothing shines through.
    pub fn is_opaque(self) -> bool {
        self.0[3] == 255
    }
}

impl FromStr for Color {
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        csscolorparser::parse(text.trim())
            .map(|color| Self(color.to_rgba8()))
            .map_err(|_| InvalidColor(text.chars().take(40).collect()))
    }
}

impl TryFrom<String> for Color {
    type Error = InvalidColor;

    fn try_from(text: String) -> Result<Self, InvalidColor> {
        text.parse()
    }
}

impl From<Color> for String {
    fn from(color: Color) -> Self {
        format!("#{color}")
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b, a] = self.0;
        write!(f, "{r:02x}{g:02x}{b:02x}")?;
        if a == 255 { Ok(()) } else { write!(f, "{a:02x}") }
    }
}

impl fmt::Debug for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Color(#{self})")
    }
}

/// A text that is no color.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no color; write a CSS name such as white, or 3, 4, 6 or 8 hexadecimal digits")]
pub struct InvalidColor(String);
