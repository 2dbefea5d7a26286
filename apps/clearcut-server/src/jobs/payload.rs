//! What a job is, as the queue keeps it: JSON, small, and without any picture.

use bytes::Bytes;
use clearcut::{Cutout, Plan};
use clearcut_jobs::JobId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a worker is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Payload {
    /// Cut a picture out.
    Cutout(Box<CutoutJob>),
    /// Tell somebody that a job has ended.
    Webhook(Webhook),
}

/// A cut-out to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CutoutJob {
    /// Where the picture is.
    pub input: Input,
    /// What its cut-out should look like, but for a picture behind the subject.
    pub plan: Plan,
    /// The upload that is the picture behind the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<JobId>,
    /// Id of the key that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What stands before the paths of its URLs.
    pub origin: String,
    /// Who is told when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// What the client calls the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Signs the URL of its upload, where the operator has no keys for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_secret: Option<String>,
}

/// Where a job's picture is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Input {
    /// In the store, under the job's id.
    Upload,
    /// Behind an address.
    Url(String),
}

/// A message about a job that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    /// The job that it tells of.
    pub job: JobId,
    /// To whom.
    pub url: String,
    /// What is sent.
    pub body: String,
}

/// What came of a job, as the queue keeps it and as its status shows it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Finished {
    /// The cache key.
    pub key: String,
    /// Where the picture is in the store.
    pub object: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Such as `image/png`.
    pub media_type: String,
    /// Bytes of the picture.
    pub size: usize,
    /// Where the subject is.
    pub foreground: Subject,
}

/// Where the subject is, in pixels of the result, and how sure the model was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Subject {
    /// Of its bounding box.
    pub left: u32,
    /// Of its bounding box.
    pub top: u32,
    /// Of its bounding box.
    pub width: u32,
    /// Of its bounding box.
    pub height: u32,
    /// Share of the photo that the subject covers, 0 to 1.
    pub coverage: f32,
    /// 0 to 1; under 0.5 the result deserves a look.
    pub confidence: f32,
}

impl Payload {
    /// As the queue keeps it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("names, numbers and texts")
    }

    /// From what the queue kept; `None` for what is none, such as one of a version to come.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl CutoutJob {
    /// The whole plan, with the picture behind the subject.
    pub(crate) fn plan_with(&self, background: Option<Bytes>) -> Plan {
        let mut plan = self.plan.clone();
        if let Some(background) = background {
            plan.set_background_image(background);
        }
        plan
    }
}

impl Finished {
    /// A finished cut-out that lies in the store as `object`.
    pub(crate) fn new(cutout: &Cutout, object: String) -> Self {
        let clearcut::Foreground { left_px, top_px, width_px, height_px, coverage, confidence, .. } = cutout.foreground;
        Self {
            key: cutout.key.clone(),
            object,
            width: cutout.width_px,
            height: cutout.height_px,
            media_type: cutout.media_type.clone(),
            size: cutout.bytes.len(),
            foreground: Subject {
                left: left_px,
                top: top_px,
                width: width_px,
                height: height_px,
                coverage,
                confidence,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_payload_is_read_as_it_was_written_and_is_small() {
        let mut plan = Plan::default();
        for (name, value) in [("crop", "true"), ("background", "#ff000080"), ("shadow", "true"), ("roi", "1 2 30% 40%")]
        {
            plan.set(name, value).unwrap();
        }
        let job = CutoutJob {
            input: Input::Url("https://example.com/a.jpg".to_owned()),
            plan,
            background: Some(JobId::new(SystemTime::now())),
            owner: Some("key".to_owned()),
            origin: "https://example.com".to_owned(),
            webhook_url: None,
            filename: Some("a ä.jpg".to_owned()),
            upload_secret: None,
        };
        let bytes = Payload::Cutout(Box::new(job.clone())).to_bytes();
        assert!(bytes.len() < 1200, "{}", bytes.len());
        let Some(Payload::Cutout(read)) = Payload::read(&bytes) else { panic!("another kind") };
        assert_eq!((&read.plan, &read.input, read.background), (&job.plan, &job.input, job.background));
        assert_eq!((read.owner, read.filename), (job.owner, job.filename));
        assert!(Payload::read(b"{\"kind\":\"other\"}").is_none());
    }
}
