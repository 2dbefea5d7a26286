//! What is asked of the server for every picture: the plan, in the fields of its form.

use bytes::Bytes;
use clearcut::{
    ContentDigest, Plan,
    plan::{Background, Format},
};
use reqwest::multipart::{Form, Part};

use crate::{
    args::PlanArgs,
    exit::{Exit, Failure},
};

/// The fields that go with every picture.
#[derive(Debug)]
pub struct Order {
    fields: Vec<(&'static str, String)>,
    background: Option<Bytes>,
    digest: String,
}

impl Order {
    /// `plan` is the finished plan of `args`, whose format may come from the output's name.
    pub fn new(args: &PlanArgs, plan: &Plan) -> Result<Self, Failure> {
        let mut fields: Vec<_> = args.given.iter().filter(|(name, _)| *name != "format").cloned().collect();
        // Without it a server would choose, and the names of the results are chosen here.
        fields.push(("format", format_name(plan.format)));
        let background = match &plan.background {
            Background::Image(image) => Some(image.bytes().clone()),
            _ => None,
        };
        let text = serde_json::to_vec(plan)
            .map_err(|error| Failure::new(Exit::Internal, "internal_error", error.to_string()))?;
        Ok(Self { fields, background, digest: ContentDigest::of(&text).to_string() })
    }

    /// Tells one plan from another.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The form of one picture. Made anew for each attempt; the bytes are shared.
    pub fn form(&self, picture: &Bytes) -> Form {
        let form = self.fields.iter().fold(Form::new(), |form, (name, value)| form.text(*name, value.clone()));
        let form = match &self.background {
            Some(background) => form.part("background_image", file(background)),
            None => form,
        };
        // Last, so that a server knows all of the plan before the long part.
        form.text("priority", "batch").part("image", file(picture))
    }
}

/// A file whose name is nobody's business.
fn file(bytes: &Bytes) -> Part {
    Part::stream_with_length(bytes.clone(), bytes.len() as u64).file_name("picture")
}

fn format_name(format: Format) -> String {
    format.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn order(options: &str) -> Order {
        let words = ["clearcut", "remove", "photo.jpg"].into_iter().chain(options.split_whitespace());
        let Command::Remove(args) = Cli::try_parse_from(words).unwrap().command else { panic!("remove was asked for") };
        Order::new(&args.plan, &crate::remove::plan(&args.plan, args.output.as_deref()).unwrap()).unwrap()
    }

    #[test]
    fn the_fields_are_those_of_the_plan_and_the_format_is_always_said() {
        let check = |options: &str, expected: &[(&'static str, &str)]| {
            let fields = order(options).fields;
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(fields, expected, "{options}");
        };
        check("", &[("format", "png")]);
        check("-o cut.webp", &[("format", "webp")]);
        check("--format jpeg --quality 80", &[("quality", "80"), ("format", "jpeg")]);
        check("--mask", &[("channels", "alpha"), ("format", "png")]);
        check(
            "--shift -3 --crop --border-color red",
            &[("shift", "-3"), ("crop", "true"), ("border_color", "red"), ("format", "png")],
        );
    }

    #[test]
    fn equal_plans_have_equal_digests_however_they_are_written() {
        assert_eq!(order("--crop").digest(), order("--crop=yes").digest());
        assert_ne!(order("--crop").digest(), order("").digest());
        assert_ne!(order("-o a.webp").digest(), order("-o a.png").digest());
    }

    #[tokio::test]
    async fn a_form_holds_every_field_and_the_picture_last() {
        use futures::TryStreamExt as _;

        let form = order("--crop").form(&Bytes::from_static(b"the picture"));
        let boundary = form.boundary().to_owned();
        let parts: Vec<Bytes> = form.into_stream().try_collect().await.unwrap();
        let text = String::from_utf8(parts.concat()).unwrap();
        let names: Vec<_> = text.split("name=\"").skip(1).filter_map(|rest| rest.split_once('"')).collect();
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).filter(|name| *name != "picture").collect();
        assert_eq!(names, ["crop", "format", "priority", "image"]);
        assert!(text.ends_with(&format!("\r\n\r\nthe picture\r\n--{boundary}--\r\n")), "{text}");
    }
}
