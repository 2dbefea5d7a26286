//! What stands behind the subject.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    ContentDigest,
    plan::{BlurRadius, Color},
};

/// What stands behind the subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Background {
    /// Nothing.
    #[default]
    Transparent,
    /// One color.
    Color(Color),
    /// The photo's own background, blurred.
    Blur(BlurRadius),
    /// Another picture, scaled to cover the canvas and centered.
    Image(BackgroundImage),
}

/// An encoded picture, known by its digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackgroundImage {
    bytes: Bytes,
    digest: ContentDigest,
}

impl BackgroundImage {
    /// Takes over an encoded picture; it is decoded, under the engine's limits, when a cut-out needs it.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = ContentDigest::of(&bytes);
        Self { bytes, digest }
    }

    /// The encoded picture.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its digest, which stands for it in keys.
    pub fn digest(&self) -> &ContentDigest {
        &self.digest
    }
}

impl std::fmt::Debug for BackgroundImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BackgroundImage({} bytes, {})", self.bytes.len(), self.digest)
    }
}

/// In JSON a picture is standard Base64.
impl TryFrom<String> for BackgroundImage {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        STANDARD.decode(text).map(Self::new)
    }
}

impl From<BackgroundImage> for String {
    fn from(image: BackgroundImage) -> Self {
        STANDARD.encode(&image.bytes)
    }
}
