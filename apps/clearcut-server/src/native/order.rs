//! What a native request asks for: a picture, or where it is, and a plan.

use clearcut::{Plan, plan::Format};

use super::negotiation::Representation;
use crate::{
    failure::{Code, Failure, Outcome},
    form::{Form, Upload},
    visit::Visit,
};

/// A picture that is here, and what its cut-out should look like.
#[derive(Debug)]
pub(crate) struct Order {
    /// The picture.
    pub upload: Upload,
    /// What its cut-out should look like.
    pub plan: Plan,
}

/// The same as the request words it: nothing has been fetched yet.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The picture, where one was sent or named.
    pub picture: Option<Given>,
    /// The picture behind the subject; it goes into the plan once it is here.
    pub background: Option<Given>,
    /// The plan without it.
    pub plan: Plan,
}

/// A picture as the request gives it.
#[derive(Debug)]
pub(crate) enum Given {
    /// Sent.
    Here(Upload),
    /// Named by its address.
    Behind(String),
}

impl Order {
    /// Takes picture and plan out of a request; nothing may be left over. Only when all else is right is a picture
    /// fetched.
    ///
    /// # Errors
    ///
    /// [`Code::MissingImage`], [`Code::InvalidField`], [`Code::InvalidPlan`] and those of fetching.
    pub(crate) async fn take(visit: &Visit, form: Form, representation: Representation) -> Outcome<Self> {
        let Wish { picture, background, mut plan } = Wish::take(form, representation.format)?;
        let picture = picture.ok_or_else(|| {
            let detail = "send a picture as `image`, as the body itself, or as `image_base64` or `image_url` in JSON";
            Failure::new(Code::MissingImage, detail)
        })?;
        if let Some(background) = background {
            plan.set_background_image(background.upload(visit).await?.bytes);
            plan.check()?;
        }
        Ok(Self { upload: picture.upload(visit).await?, plan })
    }
}

impl Wish {
    /// Takes all of it out of a request; nothing may be left over. `format` is the one that stands where the request
    /// names none.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidField`] and [`Code::InvalidPlan`].
    pub(crate) fn take(mut form: Form, format: Option<Format>) -> Outcome<Self> {
        let picture = Given::take(&mut form, "image")?;
        let background = Given::take(&mut form, "background_image")?;
        if background.is_some() && form.has("background") {
            let detail = "`background` and `background_image` exclude each other; send one of them";
            return Err(Failure::new(Code::InvalidPlan, detail));
        }
        let mut plan = Plan::default();
        if let Some(format) = format {
            plan.format = format;
        }
        form.plan_into(&mut plan)?;
        form.finish()?;
        plan.check()?;
        Ok(Self { picture, background, plan })
    }
}

impl Given {
    /// Takes `name`, `{name}_base64` or `{name}_url` out; the body itself counts as `image`.
    fn take(form: &mut Form, name: &str) -> Outcome<Option<Self>> {
        let body = if name == "image" { form.take_upload(Form::BODY)? } else { None };
        let given = [
            body.map(Self::Here),
            form.take_upload(name)?.map(Self::Here),
            form.take_base64(&format!("{name}_base64"))?.map(Self::Here),
            form.take(&format!("{name}_url"))?.map(Self::Behind),
        ];
        let mut given = given.into_iter().flatten();
        let first = given.next();
        if given.next().is_some() {
            let detail =
                format!("the picture came more than once; send one of `{name}`, `{name}_base64`, `{name}_url`");
            return Err(Failure::field(detail));
        }
        Ok(first)
    }

    /// The picture itself, fetched if it has to be.
    pub(crate) async fn upload(self, visit: &Visit) -> Outcome<Upload> {
        match self {
            Self::Here(upload) => Ok(upload),
            Self::Behind(url) => visit.fetch(&url).await,
        }
    }
}
