//! remove.bg's parameters, checked and turned into a plan.

use std::str::FromStr;

use clearcut::{
    Plan,
    plan::{Background, Channels, Color, Format, Length, Margins, Quality, Region, Shadow},
};

use super::{error::RemoveBgError, size::Size};
use crate::{
    compat::lenient::Lenient,
    failure::{Code, Failure, Outcome},
    form::{Form, Upload},
};

/// Quality of WebP, which remove.bg answers with loss.
const WEBP_QUALITY: i64 = 90;

/// A picture that came with the request, or its address.
#[derive(Debug)]
pub(super) enum Picture {
    /// It is here.
    Here(Upload),
    /// It is to be fetched.
    At(String),
}

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The photo.
    pub(super) picture: Picture,
    /// What shall stand behind the subject, if it is a picture.
    pub(super) background: Option<Picture>,
    /// Everything else.
    pub(super) plan: Plan,
    /// Whether colors and matte are wanted apart.
    pub(super) zip: bool,
    /// What `X-Type` answers; `None` if nothing.
    pub(super) kind: Option<&'static str>,
    /// The most pixels of the same result in full size.
    pub(super) full_pixels: u32,
}

impl Parameters {
    /// Reads and checks all parameters. Empty ones are absent, and unknown ones ignored, as remove.bg does.
    pub(super) fn read(form: Form) -> Result<Self, RemoveBgError> {
        let mut fields = Fields(Lenient(form));
        let picture = fields.picture()?;
        let size: Size = fields.parse("size")?.unwrap_or_default();
        let kind = fields.kind()?;
        let mut plan = Plan::default();
        let zip = fields.format(&mut plan)?;
        for name in ["roi", "scale", "position", "channels"] {
            fields.set(&mut plan, name)?;
        }
        fields.crop(&mut plan)?;
        fields.shadow(&mut plan)?;
        let background = fields.background(&mut plan)?;
        // Car windows are see-through as the model sees them; remove.bg too offers the choice for nothing else.
        fields.0.switch("semitransparency")?;
        settle(&mut plan, zip);
        // A matte has no colors, so there is nothing to put behind it.
        let background = background.filter(|_| plan.channels == Channels::Rgba);
        let is_png = !zip && is_png(&plan, background.is_some());
        plan.set("max_pixels", &size.max_pixels(is_png).to_string()).map_err(Failure::from)?;
        let full_pixels = Size::Full.max_pixels(is_png);
        Ok(Self { picture, background, plan, zip, kind, full_pixels })
    }

    /// Refuses a region that is empty or lies beyond the photo.
    pub(super) fn check_region(&self, width_px: u32, height_px: u32) -> Outcome<()> {
        let Some(Region { x1, y1, x2, y2 }) = self.plan.roi else { return Ok(()) };
        let beyond = |length: Length, side_px| matches!(length, Length::Px(px) if px > side_px);
        if [x1, x2].into_iter().any(|x| beyond(x, width_px)) || [y1, y2].into_iter().any(|y| beyond(y, height_px)) {
            return Err(Failure::field(format!(
                "`roi` lies beyond the image, which has {width_px}x{height_px} pixels"
            )));
        }
        if x1.on_side(width_px) == x2.on_side(width_px) || y1.on_side(height_px) == y2.on_side(height_px) {
            return Err(Failure::field("`roi` is empty: its corners must differ in x and in y"));
        }
        Ok(())
    }
}

/// What follows from parameters together.
fn settle(plan: &mut Plan, zip: bool) {
    if zip {
        plan.channels = Channels::Rgba;
    }
    if plan.channels == Channels::Alpha {
        plan.background = Background::Transparent;
        plan.shadow = None;
        if plan.format == Format::Auto {
            plan.format = Format::Png;
        }
    }
}

/// Whether the result is a PNG: `auto` is one as long as something shows through.
fn is_png(plan: &Plan, has_picture: bool) -> bool {
    let is_opaque = has_picture || matches!(plan.background, Background::Color(color) if color.is_opaque());
    plan.format == Format::Png || plan.format == Format::Auto && !is_opaque
}

struct Fields(Lenient);

impl Fields {
    fn parse<T: FromStr<Err = Failure>>(&mut self, name: &str) -> Outcome<Option<T>> {
        self.0.text(name)?.map(|text| text.parse()).transpose()
    }

    fn set(&mut self, plan: &mut Plan, name: &str) -> Outcome<()> {
        match self.0.text(name)? {
            Some(text) => Ok(plan.set(name, &text)?),
            None => Ok(()),
        }
    }

    fn upload(&mut self, name: &str) -> Outcome<Option<Picture>> {
        let upload = self.0.0.take_upload(name)?;
        Ok(upload.filter(|upload| !upload.bytes.is_empty()).map(Picture::Here))
    }

    /// The one picture out of three places.
    fn picture(&mut self) -> Result<Picture, RemoveBgError> {
        let base64 = self.0.0.take_base64("image_file_b64")?.filter(|upload| !upload.bytes.is_empty());
        let url = self.0.text("image_url")?;
        let sources = [self.upload("image_file")?, base64.map(Picture::Here), url.map(Picture::At)];
        let mut given = sources.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(picture), None) => Ok(picture),
            (Some(_), Some(_)) => {
                let detail = "send one of image_file, image_file_b64 and image_url, and leave the others empty";
                Err(Failure::field(detail).into())
            }
            (None, _) => {
                let detail = "send the image as image_file, image_file_b64 or image_url";
                Err(Failure::new(Code::MissingImage, detail).into())
            }
        }
    }

    /// What `X-Type` answers: the client's own word, since nothing here tells a car from a person.
    fn kind(&mut self) -> Outcome<Option<&'static str>> {
        const KINDS: [&str; 6] = ["person", "product", "car", "animal", "graphic", "transportation"];
        let kind = match self.0.text("type")?.as_deref() {
            None | Some("auto") => "other",
            Some(name) => KINDS.into_iter().find(|kind| *kind == name).ok_or_else(|| {
                Failure::field(format!("invalid value for `type`; choose auto, {}", KINDS.join(", ")))
            })?,
        };
        match self.0.text("type_level")?.as_deref() {
            None | Some("1" | "2" | "latest") => Ok(Some(kind)),
            Some("none") => Ok(None),
            Some(_) => Err(Failure::field("invalid value for `type_level`; choose none, 1, 2 or latest")),
        }
    }

    /// Sets the file format; true where it is a ZIP.
    fn format(&mut self, plan: &mut Plan) -> Outcome<bool> {
        let format = self.0.text("format")?.unwrap_or_else(|| "auto".to_owned()).to_ascii_lowercase();
        plan.format = match format.as_str() {
            "auto" => Format::Auto,
            "png" | "zip" => Format::Png,
            "jpg" | "jpeg" => Format::Jpeg,
            "webp" => Format::WebP,
            _ => return Err(Failure::field("invalid value for `format`; choose auto, png, jpg, webp or zip")),
        };
        plan.quality = (plan.format == Format::WebP).then(|| Quality::try_from(WEBP_QUALITY).expect("it is in range"));
        Ok(format == "zip")
    }

    /// Margins count where a crop is asked for, and are checked in any case.
    fn crop(&mut self, plan: &mut Plan) -> Outcome<()> {
        let crop = self.0.switch("crop")?.unwrap_or(false);
        let margins = match self.0.text("crop_margin")? {
            None => Margins::NONE,
            Some(text) => {
                let margins: Margins =
                    text.parse().map_err(|error| Failure::field(format!("`crop_margin`: {error}")))?;
                let Margins { top, right, bottom, left } = margins;
                if ![top, right, bottom, left].into_iter().all(|length| length.is_at_most(500, 50)) {
                    return Err(Failure::field("`crop_margin` is at most 50% or 500px on each side"));
                }
                margins
            }
        };
        plan.crop = crop.then_some(margins);
        Ok(())
    }

    /// All of remove.bg's shadows are the one that is drawn here.
    fn shadow(&mut self, plan: &mut Plan) -> Outcome<()> {
        let old = self.0.switch("add_shadow")?.unwrap_or(false);
        let wanted = match self.0.text("shadow_type")?.map(|name| name.to_ascii_lowercase()).as_deref() {
            None => old,
            Some("none") => false,
            Some("auto" | "drop" | "3d" | "car") => true,
            Some(_) => {
                return Err(Failure::field("invalid value for `shadow_type`; choose none, auto, drop, 3D or car"));
            }
        };
        let mut drawn = Plan { shadow: Some(Shadow::default()), ..Plan::default() };
        self.set(&mut drawn, "shadow_opacity")?;
        plan.shadow = drawn.shadow.filter(|_| wanted);
        Ok(())
    }

    /// Sets a color, or answers the picture that shall stand behind the subject.
    fn background(&mut self, plan: &mut Plan) -> Outcome<Option<Picture>> {
        let color = match self.0.text("bg_color")? {
            None => None,
            Some(text) => Some(text.parse::<Color>().map_err(|error| Failure::field(format!("`bg_color`: {error}")))?),
        };
        // A color that nobody sees is no background.
        let color = color.filter(|color| color.0[3] > 0);
        let file = self.upload("bg_image_file")?;
        let url = self.0.text("bg_image_url")?.map(Picture::At);
        if [color.is_some(), file.is_some(), url.is_some()].into_iter().filter(|given| *given).count() > 1 {
            return Err(Failure::field("send one of bg_color, bg_image_url and bg_image_file"));
        }
        if let Some(color) = color {
            plan.background = Background::Color(color);
        }
        Ok(file.or(url))
    }
}
