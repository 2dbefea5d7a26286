//! Media types and the endings of names.

/// What an unknown media type is kept as: bytes that no browser runs.
pub(crate) const PLAIN_BYTES: &str = "application/octet-stream";

const KNOWN: [(&str, &str); 13] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("gif", "image/gif"),
    ("bmp", "image/bmp"),
    ("tiff", "image/tiff"),
    ("zip", "application/zip"),
    ("json", "application/json"),
    ("jsonl", "application/x-ndjson"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("bin", PLAIN_BYTES),
];

/// The ending for a media type, whose case and parameters do not matter; `bin` for one that is not known.
pub(crate) fn ending(media_type: &str) -> &'static str {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    KNOWN.iter().find(|(_, known)| known.eq_ignore_ascii_case(essence)).map_or("bin", |(ending, _)| ending)
}

/// The media type of an ending.
pub(crate) fn media_type(ending: &str) -> &'static str {
    KNOWN.iter().find(|(known, _)| *known == ending).map_or(PLAIN_BYTES, |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_and_its_media_type_belong_together() {
        for (known, of) in KNOWN {
            assert_eq!((ending(of), media_type(known)), (known, of));
        }
    }

    #[test]
    fn case_and_parameters_do_not_matter_and_the_unknown_is_plain_bytes() {
        assert_eq!(ending("Image/PNG; charset=binary"), "png");
        assert_eq!(ending("text/html"), "bin");
        assert_eq!(ending(""), "bin");
        assert_eq!(media_type("html"), PLAIN_BYTES);
    }
}
