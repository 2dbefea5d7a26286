//! Format, quality and size of an answer, asked for one by one or by the name of a preset.

use std::str::FromStr;

use clearcut::{
    Plan,
    plan::{Effort, Format, Quality, Side},
};

use super::refusal::Refusal;
use crate::{form::Form, settings::Preset};

/// Quality where none was asked for.
const DEFAULT_QUALITY: u8 = 80;

/// What may be asked for.
const QUALITIES: std::ops::RangeInclusive<i64> = 10..=100;
const SIDES_PX: std::ops::RangeInclusive<i64> = 100..=4000;

/// Format, quality and size of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Optimization {
    pub(super) format: OptimizedFormat,
    /// PNG, which is lossless, ignores it.
    pub(super) quality: u8,
    max_width_px: Option<Side>,
    max_height_px: Option<Side>,
    /// Whether any of it was asked for.
    pub(super) asked: bool,
}

/// The formats of this wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OptimizedFormat {
    Png,
    Jpeg,
    WebP,
}

impl Optimization {
    /// Takes what was asked for out of `form`. Single fields go before those of a preset, and `presets` before those
    /// that are built in.
    pub(super) fn take(form: &mut Form, presets: &[Preset]) -> Result<Self, Refusal> {
        let mut optimization = match form.take("preset")? {
            Some(name) => Self::preset(&name, presets)?,
            None => Self::default(),
        };
        if let Some(format) = form.take("format")? {
            optimization.format = format.parse()?;
            optimization.asked = true;
        }
        if let Some(quality) = form.take("quality")? {
            optimization.quality = within(&quality, QUALITIES, "Quality")?;
            optimization.asked = true;
        }
        for (field, what, side) in [
            ("max_width", "Max width", &mut optimization.max_width_px),
            ("max_height", "Max height", &mut optimization.max_height_px),
        ] {
            if let Some(value) = form.take(field)? {
                *side = Some(within(&value, SIDES_PX, what)?);
                optimization.asked = true;
            }
        }
        Ok(optimization)
    }

    fn preset(name: &str, presets: &[Preset]) -> Result<Self, Refusal> {
        let mut known = presets.to_vec();
        known.extend(built_in().into_iter().filter(|built_in| presets.iter().all(|own| own.name != built_in.name)));
        let Some(preset) = known.iter().find(|preset| preset.name == name) else {
            let names: Vec<_> = known.iter().map(|preset| preset.name.as_str()).collect();
            return Err(Refusal::Optimization(format!("Preset must be one of {}", names.join(", "))));
        };
        let side = |side: Option<u32>, what| side.map(|side| within(&side.to_string(), SIDES_PX, what)).transpose();
        Ok(Self {
            format: preset.format.parse()?,
            quality: within(&preset.quality.to_string(), QUALITIES, "Quality")?,
            max_width_px: side(preset.max_width, "Max width")?,
            max_height_px: side(preset.max_height, "Max height")?,
            asked: true,
        })
    }

    /// The plan that makes it so.
    pub(super) fn plan(&self) -> Plan {
        let (format, lossy) = match self.format {
            OptimizedFormat::Png => (Format::Png, false),
            OptimizedFormat::Jpeg => (Format::Jpeg, true),
            OptimizedFormat::WebP => (Format::WebP, true),
        };
        Plan {
            format,
            quality: if lossy { Quality::try_from(i64::from(self.quality)).ok() } else { None },
            // The best compression takes its time: only for those who ask.
            effort: if self.asked { Effort::Best } else { Effort::Fast },
            max_width: self.max_width_px,
            max_height: self.max_height_px,
            ..Plan::default()
        }
    }
}

impl Default for Optimization {
    /// The plain cut-out.
    fn default() -> Self {
        Self {
            format: OptimizedFormat::Png,
            quality: DEFAULT_QUALITY,
            max_width_px: None,
            max_height_px: None,
            asked: false,
        }
    }
}

fn built_in() -> [Preset; 3] {
    [("mobile", "WEBP", 70, 800, 600), ("desktop", "JPEG", 85, 1920, 1080), ("thumbnail", "WEBP", 60, 300, 300)].map(
        |(name, format, quality, max_width, max_height)| Preset {
            name: name.to_owned(),
            format: format.to_owned(),
            quality,
            max_width: Some(max_width),
            max_height: Some(max_height),
        },
    )
}

impl OptimizedFormat {
    /// As requests and answers write it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WEBP",
        }
    }

    /// Of a file's name.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }
}

impl FromStr for OptimizedFormat {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text.trim().to_ascii_uppercase().as_str() {
            "PNG" => Ok(Self::Png),
            "JPEG" | "JPG" => Ok(Self::Jpeg),
            "WEBP" => Ok(Self::WebP),
            _ => Err(Refusal::Optimization("Format must be one of PNG, JPEG, WEBP".to_owned())),
        }
    }
}

/// The number in `text`, if it is one of `range`, the numbers of this wire.
fn within<T: TryFrom<i64>>(text: &str, range: std::ops::RangeInclusive<i64>, what: &str) -> Result<T, Refusal> {
    let number = text.trim().parse::<i64>().ok().filter(|number| range.contains(number));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Refusal::Optimization(format!("{what} must be between {}-{}", range.start(), range.end())))
}
