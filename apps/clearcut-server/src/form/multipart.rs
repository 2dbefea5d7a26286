//! `multipart/form-data`, part by part while it arrives.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::header::HeaderMap;
use bytes::BytesMut;
use futures::StreamExt as _;

use super::{
    Form,
    body::Body,
    upload::{Arrival, Upload},
};
use crate::failure::{Code, Failure, Outcome};

/// Parts that are pictures even where the client names neither a file nor a type.
const UPLOADS: [&str; 5] = ["image", "file", "image_file", "background_image", "bg_image_file"];

/// A picture that has arrived as a part.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// Of the part.
    pub name: String,
    /// As the client calls the file, if it does.
    pub file_name: Option<String>,
    /// The picture.
    pub upload: Upload,
}

/// Reads all parts into `form`.
pub(super) async fn read(form: &mut Form, headers: &HeaderMap, body: &mut Body) -> Outcome<()> {
    read_each(form, headers, body, async |form, arrived| form.add_upload(arrived.name, arrived.upload)).await
}

/// Reads all fields into `form`, and hands over each picture before the next one is read.
pub(super) async fn read_each(
    form: &mut Form,
    headers: &HeaderMap,
    body: &mut Body,
    mut take: impl AsyncFnMut(&mut Form, Arrived) -> Outcome<()>,
) -> Outcome<()> {
    let mut parts = Multipart::new(headers, body.clone());
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| torn(body, &error))?;
        let name = part.name().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Failure::new(Code::InvalidRequest, "a part of the multipart body has no name"));
        }
        if is_upload(&part, &name) {
            let mut arrival = Arrival::new(form.upload_limit_bytes);
            let file_name = file_name(&part).map(str::to_owned);
            while let Some(piece) = part.next().await {
                arrival.push(&piece.map_err(|error| torn(body, &error))?, body)?;
            }
            let upload = arrival.finish();
            // A browser sends a file field that was left empty without a name and without bytes.
            let left_empty = file_name.as_deref() == Some("") && upload.bytes.is_empty();
            if !left_empty {
                take(form, Arrived { name, file_name, upload }).await?;
            }
        } else {
            let mut text = BytesMut::new();
            while let Some(piece) = part.next().await {
                text.extend_from_slice(&piece.map_err(|error| torn(body, &error))?);
            }
            let text = String::from_utf8(text.into()).map_err(|_| {
                let detail =
                    format!("`{name}` is not text; send a picture with a file name or a type such as image/png");
                Failure::field(detail)
            })?;
            form.add_field(name, text)?;
        }
    }
    body.drain().await
}

fn is_upload(part: &Field, name: &str) -> bool {
    let typed = part
        .content_type()
        .is_some_and(|media| media.type_() == "image" || media.essence_str() == "application/octet-stream");
    typed || file_name(part).is_some() || UPLOADS.contains(&name)
}

fn file_name(part: &Field) -> Option<&str> {
    let disposition = part.content_disposition()?;
    disposition.get_filename().or_else(|| disposition.get_filename_ext().map(|_| "extended"))
}

/// What the parser stumbled over, unless it was the body itself that ended.
fn torn(body: &Body, error: &MultipartError) -> Failure {
    if let Some(failure) = body.failure() {
        return failure;
    }
    let reason = match error {
        MultipartError::BoundaryMissing => "its boundary is missing".to_owned(),
        MultipartError::Incomplete => "it ends in the middle of a part".to_owned(),
        MultipartError::Payload(_) => "the head of a part is too long".to_owned(),
        error => {
            let mut text = error.to_string();
            text.truncate(text.trim_end_matches('.').len());
            text
        }
    };
    Failure::new(Code::InvalidRequest, format!("the multipart body cannot be read: {reason}"))
}
