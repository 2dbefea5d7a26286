//! The sizes that remove.bg sells, as the most pixels that a result may have.

use std::str::FromStr;

use crate::failure::Failure;

/// PNG ends here, whatever was asked for.
const MAX_PNG_PIXELS: u32 = 10_000_000;

/// How large the result may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Size {
    /// A quarter of a megapixel.
    #[default]
    Preview,
    /// 1.5 megapixels; sold no more, and still answered.
    Medium,
    /// 4 megapixels; likewise.
    Hd,
    /// 25 megapixels, and what `auto` means where nothing is charged.
    Full,
    /// 50 megapixels.
    FiftyMegapixels,
}

impl Size {
    /// The most pixels of a result in this size.
    pub(super) fn max_pixels(self, is_png: bool) -> u32 {
        let pixels = match self {
            Self::Preview => 250_000,
            Self::Medium => 1_500_000,
            Self::Hd => 4_000_000,
            Self::Full => 25_000_000,
            Self::FiftyMegapixels => 50_000_000,
        };
        if is_png { pixels.min(MAX_PNG_PIXELS) } else { pixels }
    }
}

impl FromStr for Size {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text.to_ascii_lowercase().as_str() {
            "preview" | "small" | "regular" => Ok(Self::Preview),
            "medium" => Ok(Self::Medium),
            "hd" => Ok(Self::Hd),
            "full" | "4k" | "auto" => Ok(Self::Full),
            "50mp" => Ok(Self::FiftyMegapixels),
            _ => Err(Failure::field(
                "invalid value for `size`; choose preview, small, regular, medium, hd, full, 4k, 50MP or auto",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::preview("preview", 250_000, 250_000)]
    #[case::small("small", 250_000, 250_000)]
    #[case::regular("regular", 250_000, 250_000)]
    #[case::medium("medium", 1_500_000, 1_500_000)]
    #[case::hd("hd", 4_000_000, 4_000_000)]
    #[case::full("full", 25_000_000, 10_000_000)]
    #[case::four_k("4k", 25_000_000, 10_000_000)]
    #[case::auto("auto", 25_000_000, 10_000_000)]
    #[case::fifty("50MP", 50_000_000, 10_000_000)]
    fn every_size_has_its_bound_and_png_its_own(#[case] name: &str, #[case] pixels: u32, #[case] as_png: u32) {
        let size: Size = name.parse().unwrap();
        assert_eq!((size.max_pixels(false), size.max_pixels(true)), (pixels, as_png));
    }

    #[test]
    fn other_sizes_are_refused() {
        for name in ["", "huge", "25MP", "1000x1000"] {
            assert!(name.parse::<Size>().is_err(), "{name}");
        }
    }
}
