//! rembg's parameters, from query and form alike, checked and turned into a plan.

use std::ops::RangeInclusive;

use actix_web::HttpResponse;
use clearcut::{
    ModelIdentity, Plan,
    plan::{Background, Channels, Color, Edges, Format},
};
use clearcut_segment::Catalogue;

use crate::{
    answer::Answer,
    compat::lenient::Lenient,
    failure::{Failure, Outcome},
    form::Form,
};

/// rembg's models that the catalogue does not have under this name.
const OTHER_MODELS: [&str; 9] = [
    "atlascloud",
    "ben_custom",
    "birefnet-general-fp16",
    "dis_custom",
    "sam",
    "u2net_cloth_seg",
    "u2net_custom",
    "u2net_human_seg",
    "withoutbg",
];

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Parameters {
    /// The parameters as a plan.
    pub(super) plan: Plan,
    /// The model that answers, whichever was named.
    model: String,
}

impl Parameters {
    /// Reads and checks all parameters. Empty ones are absent, and unknown ones ignored, as `FastAPI` does.
    pub(super) fn read(form: Form, active: &ModelIdentity) -> Outcome<Self> {
        let mut fields = Fields(Lenient(form));
        fields.model(&active.name)?;
        let mut plan = Plan { format: Format::Png, ..Plan::default() };
        let matting = fields.switch("a")?;
        if matting {
            plan.edges = Edges::Matting;
        }
        // The unknown band comes from the matte's own uncertainty, so these only have to be right.
        fields.number("af", 0..=255)?;
        fields.number("ab", 0..=255)?;
        fields.number("ae", 0..=i64::from(u16::MAX))?;
        fields.extras()?;
        if fields.switch("ppm")? && !matting {
            // rembg's own: the mask is smoothed, then made hard.
            plan.set("feather", "2")?;
            plan.set("threshold", "127")?;
        }
        let background = fields.background()?;
        if fields.switch("om")? {
            plan.channels = Channels::Alpha;
        } else {
            plan.background = background;
        }
        Ok(Self { plan, model: active.name.clone() })
    }

    /// The picture, and who made it.
    pub(super) fn respond(&self, answer: Answer) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header(("X-Model", self.model.as_str()));
        answer.picture(response)
    }
}

struct Fields(Lenient);

impl Fields {
    /// Clients name a model by habit; every one of rembg's is answered by the model that is loaded.
    fn model(&mut self, active: &str) -> Outcome<()> {
        let Some(name) = self.0.text("model")? else { return Ok(()) };
        let is_known =
            name == active || OTHER_MODELS.contains(&name.as_str()) || Catalogue::builtin().model(&name).is_some();
        if is_known {
            return Ok(());
        }
        let name: String = name.chars().take(60).collect();
        Err(Failure::field(format!(
            "there is no model `{name}`; leave `model` out, or name `{active}`, which is loaded"
        )))
    }

    fn switch(&mut self, name: &str) -> Outcome<bool> {
        Ok(self.0.switch(name)?.unwrap_or(false))
    }

    fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Outcome<()> {
        let Some(text) = self.0.text(name)? else { return Ok(()) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(()),
            _ => {
                let (least, most) = range.into_inner();
                Err(Failure::field(format!("`{name}`: expected a whole number from {least} to {most}")))
            }
        }
    }

    /// Options of single models in rembg; nothing here has any.
    fn extras(&mut self) -> Outcome<()> {
        let Some(text) = self.0.text("extras")? else { return Ok(()) };
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text)
            .map(drop)
            .map_err(|error| Failure::field(format!("`extras`: expected a JSON object: {error}")))
    }

    /// `bgc=r,g,b,a`.
    fn background(&mut self) -> Outcome<Background> {
        let Some(text) = self.0.text("bgc")? else { return Ok(Background::Transparent) };
        let channels: Option<Vec<u8>> = text.split(',').map(|channel| channel.trim().parse().ok()).collect();
        match channels.as_deref() {
            Some(&[r, g, b, a]) => Ok(Background::Color(Color([r, g, b, a]))),
            Some(&[r, g, b]) => Ok(Background::Color(Color([r, g, b, 255]))),
            _ => Err(Failure::field("`bgc`: expected r,g,b,a with whole numbers from 0 to 255")),
        }
    }
}
