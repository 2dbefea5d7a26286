//! The shapes that are described once: the plan's fields, and every way to be refused.

use std::{borrow::Cow, collections::BTreeMap};

use clearcut::plan::FIELDS;
use utoipa::{
    IntoParams, IntoResponses, PartialSchema, ToSchema,
    openapi::{
        Content, KnownFormat, Object, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        SchemaFormat, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::AdditionalProperties,
    },
};

use crate::failure::Code;

/// The plan's fields in the query.
pub(crate) struct PlanFields;

/// The plan's fields and the picture in a multipart form.
pub(crate) struct CutoutForm;

/// The plan's fields and the picture in JSON.
pub(crate) struct CutoutJson;

/// Every problem that a cut-out may have.
pub(crate) struct Refusals;

impl IntoParams for PlanFields {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let include = ("include", "`image` puts the picture into a JSON answer".to_owned());
        let fields = FIELDS.iter().map(|field| (field.name, format!("{}: {}", field.help, field.values)));
        fields
            .chain([include])
            .map(|(name, description)| {
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Query)
                    .required(Required::False)
                    .description(Some(description))
                    .schema(Some(text()))
                    .build()
            })
            .collect()
    }
}

impl PartialSchema for CutoutForm {
    fn schema() -> RefOr<Schema> {
        plan()
            .property("image", binary("The picture"))
            .property("image_base64", described("The picture as base64, alone or as a data URL"))
            .property("image_url", described("Where the picture is fetched from: http or https"))
            .property("background_image", binary("A picture behind the subject"))
            .property("background_image_base64", described("The same as base64"))
            .property("background_image_url", described("The same by its address"))
            .into()
    }
}

impl ToSchema for CutoutForm {
    fn name() -> Cow<'static, str> {
        "CutoutForm".into()
    }
}

impl PartialSchema for CutoutJson {
    fn schema() -> RefOr<Schema> {
        plan()
            .property("image_base64", described("The picture as base64, alone or as a data URL"))
            .property("image_url", described("Where the picture is fetched from: http or https"))
            .property("background_image_base64", described("A picture behind the subject, as base64"))
            .property("background_image_url", described("The same by its address"))
            .into()
    }
}

impl ToSchema for CutoutJson {
    fn name() -> Cow<'static, str> {
        "CutoutJson".into()
    }
}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        // What only other calls and paths answer.
        let elsewhere = [
            Code::NotFound,
            Code::MethodNotAllowed,
            Code::RangeNotSatisfiable,
            Code::JobUnknown,
            Code::JobLost,
            Code::JobExpired,
            Code::JobCancelled,
            Code::JobNotDone,
            Code::JobEnded,
            Code::JobFailed,
            Code::ResultExpired,
            Code::UploadTaken,
            Code::QueueFull,
            Code::StoreFull,
        ];
        for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
            by_status.entry(code.status().as_u16()).or_default().push(code.as_str());
        }
        let response = |codes: Vec<&str>| {
            let content = Content::new(Some(Ref::from_schema_name("Problem")));
            ResponseBuilder::new()
                .description(format!("`{}`", codes.join("`, `")))
                .content("application/problem+json", content)
                .build()
        };
        by_status.into_iter().map(|(status, codes)| (status.to_string(), response(codes).into())).collect()
    }
}

fn plan() -> ObjectBuilder {
    FIELDS
        .iter()
        .fold(ObjectBuilder::new(), |object, field| {
            object.property(field.name, described(&format!("{}: {}", field.help, field.values)))
        })
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn text() -> Object {
    Object::with_type(Type::String)
}

fn described(description: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).build()
}

fn binary(description: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
        .description(Some(description))
        .build()
}
