//! Damaged files give an error or a picture, never a panic; truncated ones give an error.

use clearcut_image::{DecodeError, Limits, decode};
use proptest::prelude::*;

use super::samples::{Png, one_of_each, refused};

#[test]
fn nothing_and_nonsense_are_refused() {
    assert_eq!(refused(b""), DecodeError::Empty);
    assert!(matches!(refused(b"just some text"), DecodeError::NotAPicture { .. }));
    assert!(matches!(refused(&[0x17; 100]), DecodeError::NotAPicture { .. }));
    assert!(matches!(refused(b"\0\0\0\x1cftypavif\0\0\0\0"), DecodeError::Unsupported { .. }));
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for (name, bytes) in one_of_each() {
        // A GIF's last bytes end the codes, the block and the file: the first frame is whole without them.
        let needed = if name == "GIF" { bytes.len() - 8 } else { bytes.len() };
        for length in 0..needed {
            let outcome = decode(&bytes[..length], &Limits::default());
            assert!(outcome.is_err(), "{name} cut to {length} of {} bytes", bytes.len());
        }
        // Whatever is appended to a picture by cameras and editors does no harm.
        decode(&[&bytes[..], b"trailing bytes"].concat(), &Limits::default()).expect(name);
    }
}

#[test]
fn a_file_cut_in_half_says_so() {
    for (name, bytes) in one_of_each() {
        let error = refused(&bytes[..bytes.len() * 2 / 3]);
        let says_so = matches!(error, DecodeError::Truncated { .. });
        assert!(says_so || name == "GIF" || name == "TIFF", "{name}: {error}");
    }
}

#[test]
fn a_wrong_checksum_over_pixels_is_corrupt() {
    let mut file = Png::default().write(&[9; 300], (10, 10), png::ColorType::Rgb, png::BitDepth::Eight);
    let data = file.windows(4).position(|w| w == b"IDAT").expect("pixels");
    file[data + 8] ^= 1;
    assert!(matches!(refused(&file), DecodeError::Corrupt { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn flipped_bytes_never_panic(
        sample in 0..9_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = SAMPLES.with(|samples| samples[sample].1.clone());
        for (place, value) in edits {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let limits = Limits { max_megapixels: 1, max_memory_bytes: 64 << 20, ..Limits::default() };
        if let Ok(decoded) = decode(&bytes, &limits) {
            let area = u64::from(decoded.picture.width_px()) * u64::from(decoded.picture.height_px());
            prop_assert!(area <= 1_000_000);
        }
    }

    #[test]
    fn random_bytes_behind_a_signature_never_panic(
        signature in prop::sample::select(vec![
            &b"\xff\xd8\xff"[..], b"\x89PNG\r\n\x1a\n", b"RIFF\xff\0\0\0WEBPVP8 ", b"RIFF\xff\0\0\0WEBPVP8X",
            b"GIF89a", b"BM\0\0\0\0\0\0\0\0", b"II*\0", b"MM\0*",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let limits = Limits { max_megapixels: 1, max_memory_bytes: 64 << 20, ..Limits::default() };
        let _ = decode(&[signature, &rest].concat(), &limits);
    }
}

thread_local! {
    static SAMPLES: Vec<(&'static str, Vec<u8>)> = one_of_each();
}
