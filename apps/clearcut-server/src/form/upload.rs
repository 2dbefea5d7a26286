//! Uploaded pictures: hashed while they arrive, and read from base64.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::{Bytes, BytesMut};
use clearcut::{ContentDigest, ContentHasher};

use super::{Form, body::Body};
use crate::failure::{Failure, Outcome};

/// From here on an upload gets room for all that was announced at once, instead of growing by doubling.
const SMALL_BYTES: usize = 64 << 10;

/// Encoders disagree on padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// An uploaded picture and its digest.
#[derive(Debug, Clone)]
pub struct Upload {
    /// As it came.
    pub bytes: Bytes,
    /// Of these bytes; taken while they arrived.
    pub digest: ContentDigest,
}

impl Upload {
    /// An upload that is here already.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { digest: ContentDigest::of(&bytes), bytes }
    }

    /// From base64, standard or URL-safe, padded or not, with line breaks or not, alone or as a data URL.
    ///
    /// # Errors
    ///
    /// An invalid field by its name, or more than `limit_bytes`.
    pub(super) fn from_base64(name: &str, text: &[u8], limit_bytes: u64) -> Outcome<Self> {
        let refused = |reason: &str| Failure::field(format!("`{name}`: {reason}"));
        let text = text.trim_ascii();
        let text = match text.get(..5).filter(|start| start.eq_ignore_ascii_case(b"data:")) {
            Some(_) => {
                let comma = text.iter().position(|byte| *byte == b',');
                let (head, data) = text.split_at(comma.ok_or_else(|| refused("a data URL has a comma"))?);
                if !head.to_ascii_lowercase().ends_with(b";base64") {
                    return Err(refused("a data URL must be base64: data:image/png;base64,…"));
                }
                &data[1..]
            }
            None => text,
        };
        let joined: Vec<u8>;
        let text = if text.iter().any(u8::is_ascii_whitespace) {
            joined = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            &joined
        } else {
            text
        };
        if text.len() as u64 / 4 * 3 > limit_bytes.saturating_add(3) {
            return Err(Form::too_large(limit_bytes));
        }
        let alphabet = if text.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
        let bytes = GeneralPurpose::new(alphabet, LENIENT).decode(text).map_err(|error| {
            refused(&format!("not base64: {}", error.to_string().to_lowercase().trim_end_matches('.')))
        })?;
        if bytes.len() as u64 > limit_bytes {
            return Err(Form::too_large(limit_bytes));
        }
        Ok(Self::new(bytes))
    }
}

/// An upload while it arrives.
#[derive(Debug)]
pub(super) struct Arrival {
    bytes: BytesMut,
    hasher: ContentHasher,
    limit_bytes: u64,
}

impl Arrival {
    /// Nothing so far, and never more than `limit_bytes`.
    pub(super) fn new(limit_bytes: u64) -> Self {
        Self { bytes: BytesMut::new(), hasher: ContentHasher::default(), limit_bytes }
    }

    /// Adds a piece that came from `body`.
    pub(super) fn push(&mut self, piece: &[u8], body: &Body) -> Outcome<()> {
        if (self.bytes.len() + piece.len()) as u64 > self.limit_bytes {
            return Err(Form::too_large(self.limit_bytes));
        }
        let short = self.bytes.capacity() < self.bytes.len() + piece.len();
        if short && self.bytes.len() + piece.len() > SMALL_BYTES {
            self.bytes.reserve(piece.len() + body.outstanding_bytes());
        }
        self.hasher.update(piece);
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// All of it is here.
    pub(super) fn finish(self) -> Upload {
        let Self { bytes, hasher, .. } = self;
        // Room that was announced and not used is given back.
        let bytes = if bytes.capacity() / 2 > bytes.len() { Bytes::copy_from_slice(&bytes) } else { bytes.freeze() };
        Upload { bytes, digest: hasher.finish() }
    }
}

/// Reads the body as one picture; `None` if it has no bytes.
pub(super) async fn read(limit_bytes: u64, body: &mut Body) -> Outcome<Option<Upload>> {
    let mut arrival = Arrival::new(limit_bytes);
    while let Some(piece) = body.piece().await? {
        arrival.push(&piece, body)?;
    }
    Ok(Some(arrival.finish()).filter(|upload| !upload.bytes.is_empty()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::failure::Code;

    #[rstest]
    #[case::standard("AP/7+w==")]
    #[case::without_padding("AP/7+w")]
    #[case::url_safe("AP_7-w")]
    #[case::wrapped("AP/\r\n7+ w==\n")]
    #[case::data_url("data:image/png;base64,AP/7+w==")]
    #[case::data_url_in_capitals(" DATA:image/png;charset=x;BASE64,AP/7+w== ")]
    fn every_spelling_of_base64_is_read(#[case] text: &str) {
        let upload = Upload::from_base64("image", text.as_bytes(), 4).unwrap();
        assert_eq!(upload.bytes.as_ref(), [0x00, 0xff, 0xfb, 0xfb]);
        assert_eq!(upload.digest, ContentDigest::of(&upload.bytes));
    }

    #[rstest]
    #[case::other_letters("!!!!", Code::InvalidField)]
    #[case::both_alphabets("A-/A", Code::InvalidField)]
    #[case::cut_off("A", Code::InvalidField)]
    #[case::not_ascii("ä", Code::InvalidField)]
    #[case::data_url_without_data("data:image/png;base64", Code::InvalidField)]
    #[case::data_url_of_text("data:text/plain,abc", Code::InvalidField)]
    #[case::too_long("AAAAAAAA", Code::TooLarge)]
    #[case::much_too_long("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Code::TooLarge)]
    fn other_text_is_refused_with_the_fields_name(#[case] text: &str, #[case] code: Code) {
        let failure = Upload::from_base64("image", text.as_bytes(), 4).unwrap_err();
        assert_eq!(failure.code(), code);
        assert!(code == Code::TooLarge || failure.detail().starts_with("`image`"), "{failure}");
    }
}
