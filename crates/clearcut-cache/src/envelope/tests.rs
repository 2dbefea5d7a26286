use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::{EntryStatus, ForegroundFacts};

fn entries() -> impl Strategy<Value = Entry> {
    let foreground = proptest::option::of((any::<[u32; 4]>(), 0.0_f32..=1.0, 0.0_f32..=1.0).prop_map(
        |([left_px, top_px, width_px, height_px], coverage, confidence)| ForegroundFacts {
            left_px,
            top_px,
            width_px,
            height_px,
            coverage,
            confidence,
        },
    ));
    let body = proptest::collection::vec(any::<u8>(), 0..600).prop_map(Bytes::from);
    (body, any::<bool>(), ".{0,40}", any::<[u32; 2]>(), foreground, any::<[u64; 3]>()).prop_map(
        |(body, success, media_type, [width_px, height_px], foreground, [compute_us, created_ms, expires_ms])| Entry {
            body,
            head: EntryHead {
                status: if success { EntryStatus::Success } else { EntryStatus::Failure },
                media_type,
                width_px,
                height_px,
                foreground,
                compute_us,
                created_ms,
                expires_ms,
            },
        },
    )
}

fn entry(body: impl Into<Bytes>) -> Entry {
    Entry::new(body, "image/png", SystemTime::UNIX_EPOCH + Duration::from_secs(5), Duration::from_secs(10))
}

fn frame_with(at: usize, bytes: &[u8]) -> Bytes {
    let mut frame = encode(&entry("body")).unwrap().to_vec();
    frame[at..at + bytes.len()].copy_from_slice(bytes);
    frame.into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_encoded_is_decoded(entry in entries()) {
        prop_assert_eq!(decode(&encode(&entry).unwrap()), Ok(entry));
    }

    #[test]
    fn one_changed_byte_anywhere_never_decodes(entry in entries(), at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut frame = encode(&entry).unwrap().to_vec();
        let at = at.index(frame.len());
        frame[at] ^= change;
        prop_assert!(decode(&frame.into()).is_err());
    }

    #[test]
    fn a_cut_frame_never_decodes(entry in entries(), at in any::<prop::sample::Index>()) {
        let frame = encode(&entry).unwrap();
        let cut = frame.slice(..at.index(frame.len()));
        prop_assert!(decode(&cut).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes.into()).is_err());
    }
}

#[test]
fn every_single_flipped_bit_is_found() {
    let frame = encode(&entry("a short body")).unwrap();
    for bit in 0..frame.len() * 8 {
        let mut flipped = frame.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&flipped.into()).is_err(), "bit {bit} was flipped and the frame was read");
    }
}

#[test]
fn every_fault_has_its_name() {
    let mut longer = encode(&entry("body")).unwrap().to_vec();
    longer.push(0);
    let whole = encode(&entry("body")).unwrap();
    for (frame, expected) in [
        (frame_with(0, b"PNG!"), EnvelopeError::WrongMagic),
        (frame_with(4, &[9, 0]), EnvelopeError::WrongVersion { found: 9 }),
        (frame_with(6, &[1, 0]), EnvelopeError::UnknownFlags { found: 1 }),
        (frame_with(20, &[0; 8]), EnvelopeError::Checksum),
        (frame_with(12, &[0xff; 8]), EnvelopeError::Truncated),
        (longer.into(), EnvelopeError::TrailingBytes),
        (whole.slice(..whole.len() - 1), EnvelopeError::Truncated),
        (Bytes::new(), EnvelopeError::Truncated),
    ] {
        assert_eq!(decode(&frame), Err(expected));
    }
}

#[test]
fn a_moved_boundary_between_head_and_body_is_found() {
    let head_len = encode(&entry("body")).unwrap().len() - FIXED_BYTES - 4;
    let mut lengths = (head_len as u32 + 1).to_le_bytes().to_vec();
    lengths.extend(3_u64.to_le_bytes());
    assert_eq!(decode(&frame_with(8, &lengths)), Err(EnvelopeError::Checksum));
}

#[test]
fn the_body_is_shared_not_copied() {
    let frame = encode(&entry(vec![7; 100_000])).unwrap();
    let body = decode(&frame).unwrap().body;
    assert!(frame.as_ptr_range().contains(&body.as_ptr()));
}

#[test]
fn a_head_that_could_not_be_read_back_is_not_written() {
    let mut entry = entry("body");
    entry.head.media_type = "x".repeat(MAX_HEAD_BYTES);
    assert!(matches!(encode(&entry), Err(EnvelopeError::HeadTooLarge { .. })));
}

#[test]
fn the_format_on_disk_has_not_changed() {
    let frame = encode(&entry("body")).unwrap();
    let hex = frame.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    // A change here is a change of FORMAT: other processes and older files must not be read wrongly.
    let expected = concat!(
        "434c5263010000003600000004000000",
        "00000000c806a13c03a40e2800000000",
        "0900000000000000696d6167652f706e",
        "67000000000000000000000000000000",
        "00008813000000000000983a00000000",
        "0000626f6479",
    );
    assert_eq!(hex, expected);
}
