//! Numbers whose range is part of their type.

/// Declares an integer type with a closed range: parsed, deserialized and constructed only inside it.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident($inner:ty) in $low:literal ..= $high:literal $unit:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "i64", into = "i64")]
        pub struct $name($inner);

        impl $name {
            /// Smallest and largest value.
            pub const RANGE: std::ops::RangeInclusive<$inner> = $low..=$high;

            /// The number.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = OutOfRange;

            fn try_from(value: i64) -> Result<Self, OutOfRange> {
                <$inner>::try_from(value)
                    .ok()
                    .filter(|value| Self::RANGE.contains(value))
                    .map(Self)
                    .ok_or(OutOfRange(concat!("a whole number from ", $low, " to ", $high, " ", $unit)))
            }
        }

        impl From<$name> for i64 {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl std::str::FromStr for $name {
            type Err = OutOfRange;

            fn from_str(text: &str) -> Result<Self, OutOfRange> {
                // What cannot be read is out of range too, and gets the same sentence.
                Self::try_from(text.trim().parse::<i64>().unwrap_or(i64::MIN))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// A number outside its range; says the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct OutOfRange(&'static str);

bounded! {
    /// Radius by which the matte's edge is softened.
    #[derive(Default)]
    Feather(u16) in 0..=200 "(pixels)"
}
bounded! {
    /// By how far the edge moves: outward above zero, inward below.
    #[derive(Default)]
    Shift(i16) in -200..=200 "(pixels, negative moves the edge inward)"
}
bounded! {
    /// Matte value from which on a pixel is foreground.
    Threshold(u8) in 1..=255 "(matte value)"
}
bounded! {
    /// Width of a border.
    BorderWidth(u16) in 0..=500 "(pixels)"
}
bounded! {
    /// Radius of a blur.
    BlurRadius(u16) in 0..=500 "(pixels)"
}
bounded! {
    /// Distance of a shadow from its subject, to the right or down.
    Offset(i16) in -1000..=1000 "(pixels)"
}
bounded! {
    /// Share of a whole.
    Percent(u8) in 0..=100 "(percent)"
}
bounded! {
    /// Size of the subject as a share of the canvas.
    Scale(u8) in 10..=100 "(percent of the canvas)"
}
bounded! {
    /// Quality of a lossy format.
    Quality(u8) in 1..=100 "(1 smallest, 100 best)"
}
bounded! {
    /// A side of the result.
    Side(u32) in 1..=65535 "(pixels)"
}
bounded! {
    /// Area of the result.
    Area(u32) in 1..=4_000_000_000 "(pixels in all)"
}

// Defaults that other modules name.
impl BorderWidth {
    pub(super) const ZERO: Self = Self(0);
}

impl BlurRadius {
    pub(super) const SHADOW: Self = Self(12);
    pub(super) const BACKGROUND: Self = Self(20);
}

impl Offset {
    pub(super) const ZERO: Self = Self(0);
    pub(super) const SHADOW: Self = Self(8);
}

impl Percent {
    pub(super) const HALF: Self = Self(50);
    pub(super) const SHADOW: Self = Self(45);
}
