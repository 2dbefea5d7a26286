//! Keys for other services' results, which depend on several named parts.

use std::collections::BTreeMap;

use crate::{ContentDigest, writer::KeyWriter};

/// A key over several named parts and parameters, whatever the order in which they are named.
///
/// ```
/// use clearcut_key::{CompositeKey, ContentDigest};
///
/// let key = CompositeKey::new("analysis")
///     .part("image", ContentDigest::of(b"..."))
///     .part("landmarks", ContentDigest::of(b"..."))
///     .parameter("region_opacity", 0.5)
///     .finish();
/// assert!(key.starts_with("analysis:"));
/// ```
#[derive(Debug, Clone)]
#[must_use = "a key is made by finish()"]
pub struct CompositeKey {
    namespace: String,
    // Ordered, so that the key does not depend on the order of the calls.
    fields: BTreeMap<(&'static str, String), Vec<u8>>,
}

impl CompositeKey {
    /// `namespace` becomes the readable first part of the key; characters that a key cannot hold (anything but
    /// letters, digits, `.`, `_` and `-`) become `-`.
    pub fn new(namespace: &str) -> Self {
        let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        Self { namespace: namespace.chars().map(keep).collect(), fields: BTreeMap::new() }
    }

    /// A part given by its digest. Naming a part again replaces it.
    pub fn part(self, name: &str, digest: ContentDigest) -> Self {
        self.field("part", name, digest.as_bytes().to_vec())
    }

    /// A parameter, by the text it prints as. Naming a parameter again replaces it.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts are given as they are")]
    pub fn parameter(self, name: &str, value: impl ToString) -> Self {
        self.field("parameter", name, value.to_string().into_bytes())
    }

    /// `{namespace}:{digest}`.
    pub fn finish(&self) -> String {
        let mut writer = KeyWriter::new("clearcut 2026-11 composite key v1");
        writer.text("namespace", &self.namespace);
        for ((kind, name), value) in &self.fields {
            writer.text(kind, name);
            writer.bytes("value", value);
        }
        format!("{}:{}", self.namespace, blake3::Hash::from_bytes(writer.finish()).to_hex())
    }

    fn field(mut self, kind: &'static str, name: &str, value: Vec<u8>) -> Self {
        self.fields.insert((kind, name.to_owned()), value);
        self
    }
}
