//! Plan fields by name and text: what command lines and forms need.

use std::{fmt::Display, str::FromStr};

use super::{Background, BackgroundImage, BlurRadius, Color, Margins, Percent, Plan, PlanError, Position, Shadow};

/// One settable field, for help texts and API descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldHelp {
    /// Its name: the field of a form, and the long option of the command line with `-` for `_`.
    pub name: &'static str,
    /// What may be written.
    pub values: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every field that [`Plan::set`] knows, in the order in which they are applied.
pub const FIELDS: &[FieldHelp] = &[
    field("roi", "`X1 Y1 X2 Y2`, px or %", "Look for the subject only in this part of the photo"),
    field(
        "edges",
        "refined, smooth, matting",
        "Refine the edge by the photo, only interpolate it, or solve hair and fur",
    ),
    field("shift", "-200 to 200", "Move the edge by this many pixels, outward or (negative) inward"),
    field("feather", "0 to 200", "Soften the edge by this many pixels"),
    field("threshold", "1 to 255", "Make the matte hard at this value"),
    field("colors", "estimated, photo", "Clean the old background from the edge's colors, or keep them"),
    field("channels", "rgba, alpha", "Answer the picture, or the matte alone"),
    field("crop", "true, false", "Cut the canvas down to the subject"),
    field("crop_margin", "1, 2 or 4 lengths, px or %", "Space kept around the subject; implies crop"),
    field("scale", "10% to 100%, original", "Size of the subject on the canvas"),
    field("position", "center, original, `N%` or `X% Y%`", "Place of the subject on the canvas"),
    field("border", "0 to 500", "Width of a border in pixels"),
    field("border_color", "a color", "Color of the border"),
    field("border_style", "outline, frame", "Border along the subject's outline, or around the canvas"),
    field("shadow", "true, false", "Throw a shadow"),
    field("shadow_opacity", "0 to 100", "Darkness of the shadow in percent; implies shadow"),
    field("shadow_blur", "0 to 500", "Softness of the shadow in pixels; implies shadow"),
    field("shadow_offset", "`X Y`", "Offset of the shadow in pixels; implies shadow"),
    field("shadow_color", "a color", "Color of the shadow; implies shadow"),
    field("background", "transparent, a color, blur, blur:N", "What stands behind the subject"),
    field("max_width", "1 to 65535", "Shrink the result to this width"),
    field("max_height", "1 to 65535", "Shrink the result to this height"),
    field("max_pixels", "1 to 4000000000", "Shrink the result to this many pixels"),
    field("format", "png, jpeg, webp, avif, auto", "File format of the result"),
    field("quality", "1 to 100", "Quality of a lossy format"),
    field("effort", "fast, best", "How long the encoder may look for a smaller file"),
];

const fn field(name: &'static str, values: &'static str, help: &'static str) -> FieldHelp {
    FieldHelp { name, values, help }
}

impl Plan {
    /// Sets one field from text. `-` and `_` are the same in names. Whether fields exclude each other is told by
    /// [`Plan::check`], once all are set.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), PlanError> {
        let key = name.replace('-', "_");
        let f = Field { name: &key, value };
        match key.as_str() {
            "roi" => self.roi = Some(f.parse()?),
            "edges" => self.edges = f.parse()?,
            "shift" => self.shift = f.parse()?,
            "feather" => self.feather = f.parse()?,
            "threshold" => self.threshold = Some(f.parse()?),
            "colors" => self.colors = f.parse()?,
            "channels" => self.channels = f.parse()?,
            "crop" => self.crop = f.switch()?.then(|| self.crop.unwrap_or(Margins::NONE)),
            "crop_margin" => self.crop = Some(f.parse()?),
            "scale" if value == "original" => self.scale = None,
            "scale" => self.scale = Some(f.parse_from(value.strip_suffix('%').unwrap_or(value))?),
            "position" => self.position = f.position()?,
            "border" => self.border.width = f.parse()?,
            "border_color" => self.border.color = f.parse()?,
            "border_style" => self.border.style = f.parse()?,
            "shadow" => self.shadow = f.switch()?.then(|| self.shadow.unwrap_or_default()),
            "shadow_opacity" => self.shadow_mut().opacity = f.parse()?,
            "shadow_blur" => self.shadow_mut().blur = f.parse()?,
            "shadow_color" => self.shadow_mut().color = f.parse()?,
            "shadow_offset" => {
                let Some((x, y)) = value.trim().split_once([' ', ',']) else { return Err(f.expected("`X Y`")) };
                let (x, y) = (f.parse_from(x)?, f.parse_from(y)?);
                let shadow = self.shadow_mut();
                (shadow.offset_x, shadow.offset_y) = (x, y);
            }
            "background" => self.background = f.background()?,
            "max_width" => self.max_width = Some(f.parse()?),
            "max_height" => self.max_height = Some(f.parse()?),
            "max_pixels" => self.max_pixels = Some(f.parse()?),
            "format" => self.format = f.parse()?,
            "quality" => self.quality = Some(f.parse()?),
            "effort" => self.effort = f.parse()?,
            _ => return Err(PlanError::UnknownField { field: name.chars().take(60).collect() }),
        }
        Ok(())
    }

    /// Puts an encoded picture behind the subject.
    pub fn set_background_image(&mut self, bytes: impl Into<bytes::Bytes>) {
        self.background = Background::Image(BackgroundImage::new(bytes));
    }

    fn shadow_mut(&mut self) -> &mut Shadow {
        self.shadow.get_or_insert_default()
    }
}

struct Field<'a> {
    name: &'a str,
    value: &'a str,
}

impl Field<'_> {
    fn parse<T: FromStr<Err: Display>>(&self) -> Result<T, PlanError> {
        self.parse_from(self.value)
    }

    /// Parses a part of the value; the error shows the whole.
    fn parse_from<T: FromStr<Err: Display>>(&self, text: &str) -> Result<T, PlanError> {
        text.parse().map_err(|error: T::Err| self.expected(error))
    }

    fn expected(&self, reason: impl Display) -> PlanError {
        PlanError::InvalidValue {
            field: self.name.to_owned(),
            value: self.value.chars().take(60).collect(),
            reason: reason.to_string(),
        }
    }

    fn switch(&self) -> Result<bool, PlanError> {
        match self.value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.expected("expected true or false")),
        }
    }

    fn position(&self) -> Result<Option<Position>, PlanError> {
        let percent = |text: &str| self.parse_from::<Percent>(text.trim().strip_suffix('%').unwrap_or(text));
        match self.value.trim() {
            "original" => Ok(None),
            "center" => Ok(Some(Position::CENTER)),
            both => match both.split_once([' ', ',']) {
                Some((x, y)) => Ok(Some(Position { x: percent(x)?, y: percent(y)? })),
                None => percent(both).map(|share| Some(Position { x: share, y: share })),
            },
        }
    }

    fn background(&self) -> Result<Background, PlanError> {
        let value = self.value.trim();
        match value {
            "transparent" | "none" => Ok(Background::Transparent),
            "blur" => Ok(Background::Blur(BlurRadius::BACKGROUND)),
            _ => match value.strip_prefix("blur:") {
                Some(radius) => Ok(Background::Blur(self.parse_from(radius)?)),
                None => self.parse::<Color>().map(Background::Color),
            },
        }
    }
}
