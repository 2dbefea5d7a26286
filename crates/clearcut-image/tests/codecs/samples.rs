//! Files and pictures that the tests are made of, all drawn or built here.

use std::borrow::Cow;
use std::io::Cursor;

use clearcut_image::{DecodeError, Decoded, EncodeOptions, Limits, OutputFormat, Picture, decode, encode};
use clearcut_testkit::scene::{Scene, product_photo};
use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub fn decoded(bytes: &[u8]) -> Decoded {
    decode(bytes, &Limits::default()).expect("the file is whole and well-formed")
}

pub fn refused(bytes: &[u8]) -> DecodeError {
    let error = decode(bytes, &Limits::default()).expect_err("the file is not to be decoded");
    let message = error.to_string();
    assert!(!message.contains('\n') && message.contains("; "), "one line with a way out: {message:?}");
    error
}

pub fn scene(width_px: u32, height_px: u32) -> Scene {
    product_photo(width_px, height_px, 7)
}

/// The scene's photo, opaque.
pub fn photo(width_px: u32, height_px: u32) -> Picture {
    let rgb = scene(width_px, height_px).rgb;
    Picture::from_rgba(width_px, height_px, rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect())
}

/// The scene's object with its exact alpha, the hidden color left as `hidden`.
pub fn cutout(width_px: u32, height_px: u32, hidden: u8) -> Picture {
    let Scene { foreground_rgb, alpha, .. } = scene(width_px, height_px);
    let rgba = foreground_rgb.chunks_exact(3).zip(alpha).flat_map(|(p, alpha)| match alpha {
        0 => [hidden, hidden, hidden, 0],
        _ => [p[0], p[1], p[2], alpha],
    });
    Picture::from_rgba(width_px, height_px, rgba.collect())
}

/// Small and smooth: what lossy formats keep to within a few steps.
pub fn gradient(width_px: u32, height_px: u32) -> Picture {
    let rgba = (0..height_px).flat_map(|y| {
        (0..width_px).flat_map(move |x| {
            [
                (x * 255 / width_px) as u8,
                (y * 255 / height_px) as u8,
                ((x + y) * 255 / (width_px + height_px)) as u8,
                255,
            ]
        })
    });
    Picture::from_rgba(width_px, height_px, rgba.collect())
}

pub fn rgb_of(picture: &Picture) -> Vec<u8> {
    picture.rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect()
}

/// Largest and mean difference of two buffers, in 8-bit steps.
pub fn differences(left: &[u8], right: &[u8]) -> (u8, f64) {
    assert_eq!(left.len(), right.len(), "buffers of one size");
    let each = || left.iter().zip(right).map(|(&a, &b)| a.abs_diff(b));
    (each().max().unwrap_or(0), each().map(f64::from).sum::<f64>() / left.len() as f64)
}

pub fn assert_close(left: &[u8], right: &[u8], max: u8, mean: f64, what: &str) {
    let (worst, average) = differences(left, right);
    assert!(worst <= max && average <= mean, "{what}: off by {worst} at most, {average:.3} on average");
}

/// A JPEG of raw samples, with metadata.
#[derive(Clone, Default)]
pub struct Jpeg {
    pub exif: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
    pub progressive: bool,
    pub subsampled: bool,
}

impl Jpeg {
    pub fn write(&self, samples: &[u8], width_px: u32, height_px: u32, color: ColorType) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 98);
        encoder.set_sampling_factor(if self.subsampled { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
        encoder.set_progressive(self.progressive);
        if let Some(exif) = &self.exif {
            encoder.add_exif_metadata(exif).expect("EXIF fits a segment");
        }
        if let Some(icc) = &self.icc {
            encoder.add_icc_profile(icc).expect("the profile fits 255 segments");
        }
        encoder.encode(samples, width_px as u16, height_px as u16, color).expect("the samples fit the sides");
        file
    }
}

/// A PNG of raw samples, with metadata.
#[derive(Clone, Default)]
pub struct Png {
    pub exif: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
    pub palette: Option<(Vec<u8>, Vec<u8>)>,
}

impl Png {
    pub fn write(&self, samples: &[u8], size: (u32, u32), color: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
        let mut info = png::Info::with_size(size.0, size.1);
        info.color_type = color;
        info.bit_depth = depth;
        info.exif_metadata = self.exif.clone().map(Cow::Owned);
        info.icc_profile = self.icc.clone().map(Cow::Owned);
        if let Some((rgb, alpha)) = &self.palette {
            info.palette = Some(rgb.clone().into());
            info.trns = Some(alpha.clone().into());
        }
        let mut file = Vec::new();
        let mut writer =
            png::Encoder::with_info(&mut file, info).expect("a consistent header").write_header().expect("to memory");
        writer.write_image_data(samples).expect("the samples fit the header");
        writer.finish().expect("to memory");
        file
    }
}

/// The opaque picture as `image` writes it.
pub fn through_image(picture: &Picture, format: ImageFormat) -> Vec<u8> {
    let rgb = RgbImage::from_raw(picture.width_px(), picture.height_px(), rgb_of(picture)).expect("it fits");
    let mut file = Cursor::new(Vec::new());
    let picture = DynamicImage::ImageRgb8(rgb);
    if format == ImageFormat::Gif { DynamicImage::from(picture.to_rgba8()) } else { picture }
        .write_to(&mut file, format)
        .expect("to memory");
    file.into_inner()
}

/// An EXIF block that holds an orientation and nothing else.
pub fn exif_orientation(value: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([value, 0, 0, 0, 0, 0, 0]);
    block
}

/// One uncompressed RGB strip and its directory.
pub fn tiff(rgb: &[u8], width_px: u16, height_px: u16, orientation: u8) -> Vec<u8> {
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 3, 1, width_px.into()),
        (257, 3, 1, height_px.into()),
        (258, 3, 3, 8 + 2 + 10 * 12 + 4), // Bits per sample, behind the directory.
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8 + 2 + 10 * 12 + 4 + 6),
        (274, 3, 1, orientation.into()),
        (277, 3, 1, 3),
        (278, 3, 1, height_px.into()),
        (279, 4, 1, rgb.len() as u32),
    ];
    let mut file = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    for (tag, kind, count, value) in entries {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0, 0, 0, 0, 8, 0, 8, 0, 8, 0]);
    file.extend(rgb);
    file
}

/// One small whole file of every format and of every kind that takes another way through a decoder.
pub fn one_of_each() -> Vec<(&'static str, Vec<u8>)> {
    let picture = photo(37, 23);
    let rgb = rgb_of(&picture);
    let exif = Some(exif_orientation(6));
    let icc = Some(super::color::display_p3());
    let jpeg = Jpeg { exif: exif.clone(), icc: icc.clone(), ..Jpeg::default() };
    let progressive = Jpeg { progressive: true, subsampled: true, ..Jpeg::default() };
    let png = Png { exif, icc, ..Png::default() };
    let webp = |lossless| {
        let options = EncodeOptions::new(OutputFormat::WebP).lossless(lossless);
        encode(&cutout(37, 23, 0), &options).expect("small enough")
    };
    vec![
        ("JPEG", jpeg.write(&rgb, 37, 23, ColorType::Rgb)),
        ("progressive JPEG", progressive.write(&rgb, 37, 23, ColorType::Rgb)),
        ("CMYK JPEG", Jpeg::default().write(picture.rgba(), 37, 23, ColorType::Cmyk)),
        ("PNG", png.write(&rgb, (37, 23), png::ColorType::Rgb, png::BitDepth::Eight)),
        ("lossy WebP", webp(false)),
        ("lossless WebP", webp(true)),
        ("GIF", through_image(&picture, ImageFormat::Gif)),
        ("BMP", through_image(&picture, ImageFormat::Bmp)),
        ("TIFF", tiff(&rgb, 37, 23, 1)),
    ]
}
