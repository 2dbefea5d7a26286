//! Every EXIF orientation comes out upright, in every container that carries one.

use clearcut_image::{Limits, Picture, probe};
use jpeg_encoder::ColorType;
use png::BitDepth;

use super::formats::append_chunk;
use super::samples::{Jpeg, Png, assert_close, decoded, exif_orientation, rgb_of, tiff};

const WIDTH_PX: u32 = 48;
const HEIGHT_PX: u32 = 32;

/// Corner colors of the stored picture: top left, top right, bottom left, bottom right.
const CORNERS: [[u8; 4]; 4] = [[230, 20, 20, 255], [20, 230, 20, 255], [20, 20, 230, 255], [230, 230, 20, 255]];

/// Which stored corner lands where, for the values 1 to 8 (EXIF 2.32, section 4.6.4, tag 274).
const UPRIGHT: [[usize; 4]; 8] =
    [[0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 3, 0, 1], [0, 2, 1, 3], [2, 0, 3, 1], [3, 1, 2, 0], [1, 3, 0, 2]];

fn stored() -> Picture {
    let quadrant = |x, y| CORNERS[usize::from(x >= WIDTH_PX / 2) + 2 * usize::from(y >= HEIGHT_PX / 2)];
    let rgba = (0..HEIGHT_PX).flat_map(|y| (0..WIDTH_PX).flat_map(move |x| quadrant(x, y)));
    Picture::from_rgba(WIDTH_PX, HEIGHT_PX, rgba.collect())
}

fn check(name: &str, write: impl Fn(u8) -> Vec<u8>) {
    for value in 1..=8 {
        let file = write(value);
        let picture = decoded(&file).picture;
        let (width_px, height_px) = if value < 5 { (WIDTH_PX, HEIGHT_PX) } else { (HEIGHT_PX, WIDTH_PX) };
        assert_eq!((picture.width_px(), picture.height_px()), (width_px, height_px), "{name}, orientation {value}");
        let header = probe(&file, &Limits::default()).expect(name);
        assert_eq!((header.width_px, header.height_px), (width_px, height_px), "{name}, orientation {value}");
        let places = [(3, 3), (width_px - 4, 3), (3, height_px - 4), (width_px - 4, height_px - 4)];
        for ((x, y), corner) in places.into_iter().zip(UPRIGHT[usize::from(value) - 1]) {
            let what = format!("{name}, orientation {value} at {x},{y}");
            assert_close(&picture.pixel(x, y), &CORNERS[corner], 8, 8.0, &what);
        }
    }
}

#[test]
fn jpeg_is_turned_upright() {
    let rgb = rgb_of(&stored());
    check("JPEG", |value| {
        let jpeg = Jpeg { exif: Some(exif_orientation(value)), ..Jpeg::default() };
        jpeg.write(&rgb, WIDTH_PX, HEIGHT_PX, ColorType::Rgb)
    });
}

#[test]
fn png_is_turned_upright_wherever_its_exif_stands() {
    let rgb = rgb_of(&stored());
    let size = (WIDTH_PX, HEIGHT_PX);
    check("PNG", |value| {
        let png = Png { exif: Some(exif_orientation(value)), ..Png::default() };
        png.write(&rgb, size, png::ColorType::Rgb, BitDepth::Eight)
    });
    check("PNG with EXIF behind the pixels", |value| {
        let mut file = Png::default().write(&rgb, size, png::ColorType::Rgb, BitDepth::Eight);
        let end = file.split_off(file.len() - 12);
        append_chunk(&mut file, *b"eXIf", &exif_orientation(value));
        file.extend(end);
        file
    });
}

#[test]
fn webp_is_turned_upright_with_and_without_the_exif_prefix() {
    let rgb = rgb_of(&stored());
    for prefix in [&b""[..], b"Exif\0\0"] {
        check("WebP", |value| {
            let mut file = Vec::new();
            let mut encoder = image_webp::WebPEncoder::new(&mut file);
            encoder.set_exif_metadata([prefix, &exif_orientation(value)].concat());
            encoder.encode(&rgb, WIDTH_PX, HEIGHT_PX, image_webp::ColorType::Rgb8).expect("to memory");
            file
        });
    }
}

#[test]
fn tiff_is_turned_upright() {
    let rgb = rgb_of(&stored());
    check("TIFF", |value| tiff(&rgb, WIDTH_PX as u16, HEIGHT_PX as u16, value));
}

#[test]
fn corrupt_exif_is_ignored() {
    let whole = exif_orientation(6);
    let mut wild_offset = whole.clone();
    wild_offset[4..8].copy_from_slice(&[0xff; 4]);
    let mut wild_count = whole.clone();
    wild_count[8..10].copy_from_slice(&[0xff; 2]);
    wild_count[10] = 0;
    let broken: [&[u8]; 7] = [b"", b"II", b"nonsense", &whole[..12], &wild_offset, &wild_count, &exif_orientation(99)];
    let rgb = rgb_of(&stored());
    for exif in broken {
        let jpeg = Jpeg { exif: Some(exif.to_vec()), ..Jpeg::default() };
        let picture = decoded(&jpeg.write(&rgb, WIDTH_PX, HEIGHT_PX, ColorType::Rgb)).picture;
        assert_eq!((picture.width_px(), picture.height_px()), (WIDTH_PX, HEIGHT_PX), "{exif:?}");
        let png = Png { exif: Some(exif.to_vec()), ..Png::default() };
        let file = png.write(&rgb, (WIDTH_PX, HEIGHT_PX), png::ColorType::Rgb, BitDepth::Eight);
        assert_eq!(decoded(&file).picture, stored(), "{exif:?}");
    }
}
