//! What a request carries, whatever its body's type: fields by name, pictures by name.

mod body;
mod json;
mod multipart;
mod upload;

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderName},
    web,
};
use clearcut::Plan;
use url::form_urlencoded;

use self::body::Body;
pub(crate) use self::multipart::Arrived;
pub use self::upload::Upload;
use crate::{
    Settings,
    failure::{Code, Failure, Outcome},
};

/// Fields and pictures of a request. Handlers take what they know; what is left is unknown.
#[derive(Debug)]
pub struct Form {
    fields: Vec<(String, String)>,
    uploads: Vec<(String, Upload)>,
    /// The list that JSON may hold.
    image_urls: Vec<String>,
    upload_limit_bytes: u64,
}

impl Form {
    /// The name of the upload when the body is the picture itself.
    pub const BODY: &'static str = "";

    /// Fields and pictures together.
    const MAX_FIELDS: usize = 200;

    /// Longest value of a field that is no picture in base64.
    const MAX_TEXT_BYTES: usize = 1 << 20;

    /// Largest body that may carry a picture of `limit` bytes: base64 adds a third, multipart its fields.
    pub fn body_limit(limit: u64) -> u64 {
        limit / 3 * 4 + (1 << 20)
    }

    /// That a picture has more than `limit` bytes.
    pub fn too_large(limit: u64) -> Failure {
        Failure::new(Code::TooLarge, format!("the upload has more than {limit} bytes; send a smaller picture"))
    }

    fn empty(upload_limit_bytes: u64) -> Self {
        Self { fields: Vec::new(), uploads: Vec::new(), image_urls: Vec::new(), upload_limit_bytes }
    }

    /// Reads query and body. Of a body that is too large or too slow no more is read than is needed to know it.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidRequest`], [`Code::InvalidField`], [`Code::UnsupportedFormat`], [`Code::TooLarge`] and
    /// [`Code::Timeout`].
    pub(crate) async fn read(request: &HttpRequest, payload: web::Payload, settings: &Settings) -> Outcome<Self> {
        let mut form = Self::of_query(request, settings)?;
        let limit_bytes = Self::body_limit(settings.load.max_upload_bytes);
        let mut body = Body::new(request, payload, limit_bytes, settings.listen.request_timeout);
        match form.add_all_of(request, &mut body).await {
            Ok(()) => Ok(form),
            Err(failure) => {
                body.abandon();
                Err(failure)
            }
        }
    }

    /// Like [`Form::read`], for a body with up to `pictures` pictures: those of a multipart body named `image` are
    /// handed over one by one, while the next one has not been read yet.
    pub(crate) async fn read_each(
        request: &HttpRequest,
        payload: web::Payload,
        settings: &Settings,
        pictures: usize,
        mut take: impl AsyncFnMut(Arrived) -> Outcome<()>,
    ) -> Outcome<Self> {
        let mut form = Self::of_query(request, settings)?;
        let one = Self::body_limit(settings.load.max_upload_bytes);
        let is_multipart = sole(request, &header::CONTENT_TYPE)?
            .is_some_and(|media| media.trim_start().to_ascii_lowercase().starts_with("multipart/form-data"));
        let limit_bytes = if is_multipart { one.saturating_mul(pictures as u64) } else { one };
        let mut body = Body::new(request, payload, limit_bytes, settings.listen.request_timeout);
        let read = if is_multipart {
            check_boundary(sole(request, &header::CONTENT_TYPE)?.unwrap_or_default())?;
            let each = async |form: &mut Self, arrived: Arrived| {
                if arrived.name == "image" {
                    take(arrived).await
                } else {
                    form.add_upload(arrived.name, arrived.upload)
                }
            };
            multipart::read_each(&mut form, request.headers(), &mut body, each).await
        } else {
            form.add_all_of(request, &mut body).await
        };
        match read {
            Ok(()) => Ok(form),
            Err(failure) => {
                body.abandon();
                Err(failure)
            }
        }
    }

    /// Reads the body as one picture, and nothing around it.
    ///
    /// # Errors
    ///
    /// [`Code::EmptyInput`], [`Code::UnsupportedFormat`] for a body that is no picture by its type, [`Code::TooLarge`],
    /// [`Code::InvalidRequest`] and [`Code::Timeout`].
    pub(crate) async fn read_picture(
        request: &HttpRequest,
        payload: web::Payload,
        settings: &Settings,
    ) -> Outcome<Upload> {
        let media_type = sole(request, &header::CONTENT_TYPE)?.unwrap_or_default().trim().to_ascii_lowercase();
        let is_picture = media_type.is_empty()
            || media_type.starts_with("image/")
            || media_type.starts_with("application/octet-stream");
        if !is_picture {
            let detail = "send the picture itself, with Content-Type: image/* or application/octet-stream";
            return Err(Failure::new(Code::UnsupportedFormat, detail));
        }
        let limit_bytes = settings.load.max_upload_bytes;
        let mut body = Body::new(request, payload, limit_bytes, settings.listen.request_timeout);
        match upload::read(limit_bytes, &mut body).await {
            Ok(Some(upload)) => Ok(upload),
            Ok(None) => Err(Failure::new(Code::EmptyInput, "the body has no bytes; send the picture itself")),
            Err(failure) => {
                body.abandon();
                Err(failure)
            }
        }
    }

    /// Takes the list `image_urls` of a JSON body out.
    pub(crate) fn take_image_urls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.image_urls)
    }

    /// The fields of the query alone, for requests without a body.
    pub(crate) fn of_query(request: &HttpRequest, settings: &Settings) -> Outcome<Self> {
        let mut form = Self::empty(settings.load.max_upload_bytes);
        form.add_urlencoded(request.query_string())?;
        Ok(form)
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Takes a field out; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidField`] if it is there more than once, or is as long as only a picture may be.
    pub fn take(&mut self, name: &str) -> Outcome<Option<String>> {
        match take_sole(&mut self.fields, name)? {
            Some(text) if text.len() > Self::MAX_TEXT_BYTES => {
                let detail = format!("`{name}` has more than {} bytes", Self::MAX_TEXT_BYTES);
                Err(Failure::field(detail))
            }
            text => Ok(text),
        }
    }

    /// Takes a picture out; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidField`] if it is there more than once.
    pub fn take_upload(&mut self, name: &str) -> Outcome<Option<Upload>> {
        take_sole(&mut self.uploads, name)
    }

    /// Takes a picture out that came as base64 text, alone or as a data URL; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidField`] if it is there more than once or is not base64, [`Code::TooLarge`].
    pub fn take_base64(&mut self, name: &str) -> Outcome<Option<Upload>> {
        let limit_bytes = self.upload_limit_bytes;
        if let Some(text) = take_sole(&mut self.fields, name)? {
            return Upload::from_base64(name, text.as_bytes(), limit_bytes).map(Some);
        }
        // Some clients send the text as a file.
        let file = self.take_upload(name)?;
        file.map(|file| Upload::from_base64(name, &file.bytes, limit_bytes)).transpose()
    }

    /// Sets the plan's fields from all that nobody took.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidField`] if one is unknown, not understood, or there more than once.
    pub fn plan_into(&mut self, plan: &mut Plan) -> Outcome<()> {
        let fields = self.rest();
        for (at, (name, value)) in fields.iter().enumerate() {
            plan.set(name, value)?;
            // The plan takes both spellings.
            if fields[..at].iter().any(|(earlier, _)| earlier.replace('-', "_") == name.replace('-', "_")) {
                return Err(doubled(name));
            }
        }
        Ok(())
    }

    /// All fields that nobody took, in their order.
    pub fn rest(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.fields)
    }

    /// Refuses fields and pictures that nobody took.
    pub fn finish(self) -> Outcome<()> {
        if !self.image_urls.is_empty() {
            return Err(Failure::field("unknown field `image_urls`; a list of pictures is for POST /v1/batch"));
        }
        match self.fields.first().map(|(name, _)| name).or(self.uploads.first().map(|(name, _)| name)) {
            Some(name) if name == Self::BODY => {
                Err(Failure::field("the body is a picture, and this call takes none there; see /docs"))
            }
            Some(name) => {
                Err(Failure::field(format!("unknown field `{}`; see /docs for those that exist", short(name))))
            }
            None => Ok(()),
        }
    }

    async fn add_all_of(&mut self, request: &HttpRequest, body: &mut Body) -> Outcome<()> {
        if let Some(coding) = sole(request, &header::CONTENT_ENCODING)?
            && !coding.eq_ignore_ascii_case("identity")
        {
            let detail = "the body is compressed; send it without Content-Encoding";
            return Err(Failure::new(Code::UnsupportedFormat, detail));
        }
        let media_type = sole(request, &header::CONTENT_TYPE)?.unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "multipart/form-data" => {
                check_boundary(media_type)?;
                multipart::read(self, request.headers(), body).await
            }
            "application/x-www-form-urlencoded" => {
                let text = collect(body).await?;
                let text = std::str::from_utf8(&text).map_err(|_| {
                    let detail = "the body is no form; send a picture with Content-Type: application/octet-stream";
                    Failure::new(Code::InvalidRequest, detail)
                })?;
                self.add_urlencoded(text)
            }
            "application/json" => json::read(self, &collect(body).await?),
            "" | "application/octet-stream" => self.add_body(body).await,
            image if image.starts_with("image/") => self.add_body(body).await,
            // A client library may name a type without sending anything.
            _ if body.piece().await?.is_none() => Ok(()),
            other => Err(Failure::new(
                Code::UnsupportedFormat,
                format!(
                    "a body of type `{}` is not understood; send multipart/form-data, \
                     application/x-www-form-urlencoded, application/json or the picture itself as image/*",
                    short(other)
                ),
            )),
        }
    }

    fn add_field(&mut self, name: String, value: String) -> Outcome<()> {
        self.check_count()?;
        self.fields.push((name, value));
        Ok(())
    }

    fn add_upload(&mut self, name: String, upload: Upload) -> Outcome<()> {
        self.check_count()?;
        self.uploads.push((name, upload));
        Ok(())
    }

    fn add_urlencoded(&mut self, text: &str) -> Outcome<()> {
        form_urlencoded::parse(text.as_bytes())
            .try_for_each(|(name, value)| self.add_field(name.into_owned(), value.into_owned()))
    }

    async fn add_body(&mut self, body: &mut Body) -> Outcome<()> {
        match upload::read(self.upload_limit_bytes, body).await? {
            Some(upload) => self.add_upload(Self::BODY.to_owned(), upload),
            None => Ok(()),
        }
    }

    fn check_count(&self) -> Outcome<()> {
        if self.fields.len() + self.uploads.len() >= Self::MAX_FIELDS {
            let detail = format!("the request has more than {} fields", Self::MAX_FIELDS);
            return Err(Failure::new(Code::InvalidRequest, detail));
        }
        Ok(())
    }
}

fn take_sole<T>(fields: &mut Vec<(String, T)>, name: &str) -> Outcome<Option<T>> {
    let Some(at) = fields.iter().position(|(field, _)| field == name) else { return Ok(None) };
    let (_, value) = fields.remove(at);
    if fields.iter().any(|(field, _)| field == name) {
        return Err(doubled(name));
    }
    Ok(Some(value))
}

fn doubled(name: &str) -> Failure {
    Failure::field(format!("`{}` stands there more than once; send it once", short(name)))
}

fn short(name: &str) -> String {
    name.chars().take(60).collect()
}

/// The text of a header that may stand there once; `None` where it does not.
fn sole<'a>(request: &'a HttpRequest, name: &HeaderName) -> Outcome<Option<&'a str>> {
    let invalid = |reason: &str| Failure::new(Code::InvalidRequest, format!("the header {name} {reason}"));
    let mut values = request.headers().get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("stands there more than once"));
    }
    value.to_str().map(Some).map_err(|_| invalid("is not text"))
}

/// A second boundary would leave it to chance which parts are seen.
fn check_boundary(media_type: &str) -> Outcome<()> {
    let parameters = media_type.split(';').skip(1);
    let boundaries = parameters
        .filter(|parameter| parameter.trim_start().get(..9).is_some_and(|name| name.eq_ignore_ascii_case("boundary=")));
    match boundaries.count() {
        1 => Ok(()),
        0 => Err(Failure::new(Code::InvalidRequest, "the type multipart/form-data needs a boundary")),
        _ => Err(Failure::new(Code::InvalidRequest, "the type multipart/form-data has more than one boundary")),
    }
}

async fn collect(body: &mut Body) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.piece().await? {
        if bytes.len() + piece.len() > bytes.capacity() {
            bytes.reserve(piece.len() + body.outstanding_bytes());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
