//! Every limit is checked from the header, and nothing is decoded to find out.

use clearcut_image::{DecodeError, Limits, SizeLimit, decode, probe};
use image::ImageFormat;
use jpeg_encoder::ColorType;

use super::formats::{append_chunk, crc32};
use super::samples::{Jpeg, gradient, one_of_each, photo, refused, rgb_of, through_image};

/// A PNG that claims a size and has next to no pixels.
fn png_header(width_px: u32, height_px: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let sides = [width_px.to_be_bytes(), height_px.to_be_bytes()].concat();
    append_chunk(&mut file, *b"IHDR", &[&sides[..], &[8, 6, 0, 0, 0]].concat());
    append_chunk(&mut file, *b"IDAT", &[0x78, 0x9c, 0x63, 0, 0]);
    append_chunk(&mut file, *b"IEND", &[]);
    file
}

/// The first frame header of a JPEG, rewritten to another size.
fn jpeg_header(width_px: u16, height_px: u16) -> Vec<u8> {
    let mut file = Jpeg::default().write(&[128; 8 * 8 * 3], 8, 8, ColorType::Rgb);
    let sof = file.windows(2).position(|w| w == [0xff, 0xc0]).expect("a baseline frame");
    file[sof + 5..sof + 7].copy_from_slice(&height_px.to_be_bytes());
    file[sof + 7..sof + 9].copy_from_slice(&width_px.to_be_bytes());
    file
}

fn too_large(bytes: &[u8]) -> SizeLimit {
    let DecodeError::TooLarge { limit, .. } = refused(bytes) else {
        panic!("refused for another reason than size: {}", refused(bytes))
    };
    assert_eq!(probe(bytes, &Limits::default()).expect_err("also by its header"), refused(bytes));
    limit
}

#[test]
fn bombs_are_refused_by_their_header() {
    assert_eq!(too_large(&png_header(30_000, 30_000)), SizeLimit::Megapixels(50));
    assert_eq!(too_large(&png_header(65_535, 1)), SizeLimit::WidthPx(30_000));
    assert_eq!(too_large(&png_header(1, 65_535)), SizeLimit::HeightPx(30_000));
    assert_eq!(too_large(&png_header(u32::MAX, u32::MAX)), SizeLimit::WidthPx(30_000));
    assert_eq!(too_large(&jpeg_header(65_535, 65_535)), SizeLimit::WidthPx(30_000));
    assert_eq!(too_large(&jpeg_header(20_000, 20_000)), SizeLimit::Megapixels(50));
    let mut gif = through_image(&photo(8, 8), ImageFormat::Gif);
    gif[6..10].fill(0xff);
    assert_eq!(too_large(&gif), SizeLimit::WidthPx(30_000));
    let mut bmp = through_image(&photo(8, 8), ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&25_000_i32.to_le_bytes());
    bmp[22..26].copy_from_slice(&25_000_i32.to_le_bytes());
    assert_eq!(too_large(&bmp), SizeLimit::Megapixels(50));
    // The 14-bit sides of VP8L.
    let vp8l = [&b"RIFF\x12\0\0\0WEBPVP8L\x05\0\0\0\x2f"[..], &0x0fff_bffe_u32.to_le_bytes(), &[0]].concat();
    assert_eq!(too_large(&vp8l), SizeLimit::Megapixels(50));
}

#[test]
fn a_webp_frame_larger_than_its_canvas_is_refused() {
    let frame = [&b"VP8L\x05\0\0\0\x2f"[..], &0x0fff_ffff_u32.to_le_bytes(), &[0]].concat();
    let body = [&b"WEBPVP8X\x0a\0\0\0\0\0\0\0\x07\0\0\x07\0\0"[..], &frame].concat();
    let file = [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat();
    assert!(matches!(refused(&file), DecodeError::Corrupt { .. }));
}

#[test]
fn a_side_of_zero_is_refused() {
    for (width_px, height_px) in [(0, 0), (0, 5), (5, 0)] {
        assert!(matches!(refused(&png_header(width_px, height_px)), DecodeError::Corrupt { .. }));
        refused(&jpeg_header(width_px as u16, height_px as u16));
    }
    refused(b"GIF89a\0\0\0\0\0\0\0");
}

#[test]
fn each_limit_holds_exactly() {
    let picture = gradient(1000, 1000);
    let bytes = Jpeg::default().write(&rgb_of(&picture), 1000, 1000, ColorType::Rgb);
    let exact = Limits {
        max_bytes: bytes.len() as u64,
        max_width_px: 1000,
        max_height_px: 1000,
        max_megapixels: 1,
        max_memory_bytes: 10_000_000,
    };
    decode(&bytes, &exact).expect("exactly within every limit");
    let refusal = |limits: Limits| decode(&bytes, &limits).expect_err("one beyond a limit");
    let of_size = |limits| match refusal(limits) {
        DecodeError::TooLarge { width_px: 1000, height_px: 1000, limit } => limit,
        other => panic!("{other:?}"),
    };
    assert_eq!(of_size(Limits { max_width_px: 999, ..exact }), SizeLimit::WidthPx(999));
    assert_eq!(of_size(Limits { max_height_px: 999, ..exact }), SizeLimit::HeightPx(999));
    assert_eq!(of_size(Limits { max_megapixels: 0, ..exact }), SizeLimit::Megapixels(0));
    let max_bytes = bytes.len() as u64 - 1;
    let error = refusal(Limits { max_bytes, ..exact });
    assert_eq!(error, DecodeError::TooManyBytes { bytes: max_bytes + 1, limit_bytes: max_bytes });
    let error = refusal(Limits { max_memory_bytes: 9_999_999, ..exact });
    assert_eq!(error, DecodeError::TooMuchMemory { needed_bytes: 10_000_000, limit_bytes: 9_999_999 });
}

#[test]
fn the_memory_limit_holds_for_every_format() {
    for (name, bytes) in one_of_each() {
        let limits = Limits { max_memory_bytes: 37 * 23 * 4 - 1, ..Limits::default() };
        decode(&bytes, &limits).expect_err(name);
    }
}

#[test]
fn fifty_megapixels_pass_the_default_memory_limit() {
    // An opaque 8-bit header is not decoded here: the size passes, and the missing pixels are what is wrong.
    let error = probe(&png_header(8000, 6250), &Limits::default());
    assert!(error.is_ok(), "{error:?}");
    assert!(probe(&jpeg_header(8000, 6250), &Limits::default()).is_ok());
}

#[test]
fn a_profile_bomb_is_not_inflated() {
    // 300 MB of zeros deflate to 300 kB; the chunk is dropped and the picture decoded.
    let mut file = png_header(1, 1)[..33].to_vec();
    let whole = super::samples::Png::default().write(&[1, 2, 3], (1, 1), png::ColorType::Rgb, png::BitDepth::Eight);
    file[25] = 2;
    let crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    append_chunk(&mut file, *b"iCCP", &[&b"bomb\0\0"[..], &deflated_zeros(300)].concat());
    file.extend(&whole[33..]);
    let decoded = super::samples::decoded(&file);
    assert_eq!(decoded.picture.pixel(0, 0), [1, 2, 3, 255]);
    assert_eq!(decoded.color, clearcut_image::ColorNote::ProfileIgnored);
}

/// A zlib stream of about so many megabytes of zeros: fixed Huffman codes, each match of length 258 in 13 bits.
fn deflated_zeros(megabytes: usize) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0x9c], used: 0 };
    bits.push(0b011, 3);
    bits.push(0b0000_1100, 8); // The literal 0, code 0x30 with its most significant bit first.
    for _ in 0..megabytes * 1_000_000 / 258 {
        bits.push(0b1010_0011, 8); // Length code 285, 0xc5 reversed.
        bits.push(0, 5); // Distance 1.
    }
    bits.push(0, 7);
    bits.bytes.extend([0; 5]);
    bits.bytes
}

/// Bits packed from the least significant end, as deflate wants them.
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().expect("a byte was begun");
            *last |= ((value >> bit & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }
}
