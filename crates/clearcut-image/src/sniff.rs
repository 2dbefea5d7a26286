//! Which format a file is, by its first bytes. Names and declared media types are never asked: they lie.

use crate::error::DecodeError;
use crate::format::SourceFormat;

/// How many bytes are looked at to tell text from unknown bytes and to find an SVG behind its XML prologue.
const TEXT_WINDOW_BYTES: usize = 1024;

pub(crate) fn sniff(bytes: &[u8]) -> Result<SourceFormat, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    if let Some(format) = readable(bytes) {
        return Ok(format);
    }
    if let Some(what) = known_but_unsupported(bytes) {
        return Err(DecodeError::unsupported(what));
    }
    Err(DecodeError::NotAPicture { looks_like: looks_like(bytes) })
}

fn readable(bytes: &[u8]) -> Option<SourceFormat> {
    // Canon's CR2 is a TIFF whose first page is a thumbnail: it must not pass for the photo.
    let is_camera_raw = bytes.get(8..10) == Some(b"CR");
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(SourceFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(SourceFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(SourceFormat::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(SourceFormat::Gif),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] if !is_camera_raw => Some(SourceFormat::Tiff),
        // "BM" starts many a text; the two reserved words of the header are zero in every bitmap.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(SourceFormat::Bmp),
        _ => None,
    }
}

fn known_but_unsupported(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => iso_media(brand),
        [0xff, 0x0a, ..] | [0, 0, 0, 0x0c, b'J', b'X', b'L', b' ', ..] => Some("JPEG XL"),
        [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Some("JPEG 2000"),
        [b'%', b'P', b'D', b'F', ..] => Some("PDF"),
        [b'8', b'B', b'P', b'S', ..] => Some("a Photoshop document (PSD)"),
        [0, 0, 1 | 2, 0, ..] => Some("an icon file (ICO)"),
        [b'I', b'I' | b'M', ..] | [b'M', b'M', ..] if bytes.get(8..10) == Some(b"CR") => Some("a camera raw file"),
        _ => is_svg(bytes).then_some("SVG"),
    }
}

/// By the brands of the `ftyp` box (ISO 14496-12, section 4.3): the major brand, then the compatible ones.
fn iso_media(brands: &[u8]) -> Option<&'static str> {
    let listed = |wanted: &[&[u8]]| brands.chunks_exact(4).take(16).any(|brand| wanted.contains(&brand));
    if listed(&[b"avif", b"avis"]) {
        Some("AVIF")
    } else if listed(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Some("HEIC")
    } else {
        None
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let window = &bytes[..bytes.len().min(TEXT_WINDOW_BYTES)];
    window.trim_ascii_start().starts_with(b"<") && contains_ignoring_case(window, b"<svg")
        || window.starts_with(b"\xef\xbb\xbf") && contains_ignoring_case(window, b"<svg")
}

fn looks_like(bytes: &[u8]) -> &'static str {
    let window = &bytes[..bytes.len().min(TEXT_WINDOW_BYTES)];
    if window.starts_with(b"PK\x03\x04") {
        "a ZIP archive"
    } else if window.get(4..8) == Some(b"ftyp") || window.starts_with(b"\x1a\x45\xdf\xa3") {
        "a video"
    } else if contains_ignoring_case(window, b"<html") || contains_ignoring_case(window, b"<!doctype html") {
        "an HTML page"
    } else if is_text(window) {
        "text"
    } else {
        "a file of an unknown kind"
    }
}

/// Valid UTF-8 (a character cut by the window's end is fine) without control characters other than white space.
fn is_text(window: &[u8]) -> bool {
    let text = match std::str::from_utf8(window) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            std::str::from_utf8(&window[..error.valid_up_to()]).expect("valid up to this byte")
        }
        Err(_) => return false,
    };
    text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace())
}

fn contains_ignoring_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::sniff;
    use crate::error::DecodeError;

    #[test]
    fn says_what_a_file_is_instead_of_a_picture() {
        let check = |bytes: &[u8], part: &str| {
            let message = sniff(bytes).expect_err("not a picture that is read here").to_string();
            assert!(message.contains(part), "{message:?} names {part:?}");
            assert!(!message.contains('\n'), "one line: {message:?}");
        };
        assert_eq!(sniff(b""), Err(DecodeError::Empty));
        check(b"hello, world", "text");
        check("größer".as_bytes(), "text");
        check(b"{\"error\": \"not found\"}", "text");
        check(b"<!DOCTYPE html><title>404</title>", "HTML");
        check(b"PK\x03\x04rest", "ZIP");
        check(b"\0\0\0\x18ftypisom\0\0\0\0isomiso2", "video");
        check(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF");
        check(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "AVIF");
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC");
        check(b"\xff\x0a\0\0", "JPEG XL");
        check(b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL");
        check(b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG");
        check(b"  <svg/>", "SVG");
        check(b"%PDF-1.7", "PDF");
        check(b"8BPS\0\x01", "Photoshop");
        check(b"II*\0\x10\0\0\0CR\x02\0", "camera raw");
        check(b"BMI is a number", "text");
        check(&[1, 2, 3, 4, 5], "unknown");
        for supported in [&b"\0\0\0\x1cftypavif"[..], b"%PDF-1.7"] {
            check(supported, "convert it to PNG or JPEG");
        }
    }
}
