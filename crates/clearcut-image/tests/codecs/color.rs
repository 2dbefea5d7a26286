//! Colors mean the same before and after, whatever profile they come in.

use clearcut_image::{ColorNote, Decoded, Picture};
use jpeg_encoder::ColorType;
use moxcms::{
    ColorProfile, DataColorSpace, Layout, LutDataType, LutStore, LutType, LutWarehouse, Matrix3d, ProfileClass,
    TransformOptions,
};
use png::BitDepth;

use super::formats::append_chunk;
use super::samples::{Jpeg, Png, assert_close, decoded, gradient, rgb_of};

pub fn display_p3() -> Vec<u8> {
    ColorProfile::new_display_p3().encode().expect("a built-in profile")
}

/// sRGB colors that lie inside Display P3, as all do, written as Display P3 values.
fn in_display_p3(picture: &Picture) -> Vec<u8> {
    let srgb = ColorProfile::new_srgb();
    let p3 = ColorProfile::new_display_p3();
    let transform = srgb
        .create_transform_8bit(Layout::Rgb, &p3, Layout::Rgb, TransformOptions::default())
        .expect("two built-in profiles");
    let rgb = rgb_of(picture);
    let mut written = vec![0; rgb.len()];
    transform.transform(&rgb, &mut written).expect("buffers of one length");
    written
}

fn rgb_png(rgb: &[u8], size: (u32, u32), png: &Png) -> Vec<u8> {
    png.write(rgb, size, png::ColorType::Rgb, BitDepth::Eight)
}

#[test]
fn display_p3_does_not_shift() {
    // Away from the edges of the gamut, where one step of 8-bit Display P3 is many of sRGB.
    let mut picture = gradient(64, 64);
    picture.rgba_mut().as_chunks_mut::<4>().0.iter_mut().for_each(|[r, g, b, _]| {
        [*r, *g, *b] = [*r, *g, *b].map(|value| 60 + value / 2);
    });
    let p3 = in_display_p3(&picture);
    let icc = Some(display_p3());
    assert!(super::samples::differences(&p3, &rgb_of(&picture)).0 > 10, "the spaces differ to begin with");

    let png = decoded(&rgb_png(&p3, (64, 64), &Png { icc: icc.clone(), ..Png::default() }));
    assert_eq!(png.color, ColorNote::Converted);
    assert_close(png.picture.rgba(), picture.rgba(), 2, 0.7, "PNG with an ICC profile");

    let plain = rgb_png(&p3, (64, 64), &Png::default());
    let (header, rest) = plain.split_at(33);
    let mut with_code_points = header.to_vec();
    append_chunk(&mut with_code_points, *b"cICP", &[12, 13, 0, 1]);
    with_code_points.extend(rest);
    let png = decoded(&with_code_points);
    assert_eq!(png.color, ColorNote::Converted);
    assert_close(png.picture.rgba(), picture.rgba(), 2, 0.7, "PNG with code points");

    // One color, so that the JPEG's own loss stays out of the comparison.
    let orange = Picture::filled(64, 64, [250, 120, 30, 255]);
    let jpeg = Jpeg { icc: icc.clone(), ..Jpeg::default() };
    let jpeg = decoded(&jpeg.write(&in_display_p3(&orange), 64, 64, ColorType::Rgb));
    assert_eq!(jpeg.color, ColorNote::Converted);
    assert_close(jpeg.picture.rgba(), orange.rgba(), 2, 2.0, "JPEG");

    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.set_icc_profile(display_p3());
    encoder.encode(&p3, 64, 64, image_webp::ColorType::Rgb8).expect("to memory");
    let webp = decoded(&file);
    assert_eq!(webp.color, ColorNote::Converted);
    assert_close(webp.picture.rgba(), picture.rgba(), 2, 0.7, "WebP");
}

#[test]
fn conversion_keeps_alpha() {
    let rgba: Vec<u8> = (0..=255_u8).flat_map(|v| [v, 255 - v, 40, v]).collect();
    let png = Png { icc: Some(display_p3()), ..Png::default() };
    let Decoded { picture, color, .. } = decoded(&png.write(&rgba, (16, 16), png::ColorType::Rgba, BitDepth::Eight));
    assert_eq!(color, ColorNote::Converted);
    assert!(picture.rgba().chunks_exact(4).zip(0..=255_u8).all(|(pixel, alpha)| pixel[3] == alpha));
}

#[test]
fn an_srgb_profile_changes_nothing() {
    let picture = gradient(32, 32);
    let srgb = ColorProfile::new_srgb().encode().expect("a built-in profile");
    let decoded = decoded(&rgb_png(&rgb_of(&picture), (32, 32), &Png { icc: Some(srgb), ..Png::default() }));
    assert_eq!((decoded.picture, decoded.color), (picture, ColorNote::Srgb));
}

#[test]
fn a_gray_profile_is_applied_to_gray() {
    let ramp: Vec<u8> = (0..=255).collect();
    let gray_png = |icc| {
        Png { icc: Some(icc), ..Png::default() }.write(&ramp, (16, 16), png::ColorType::Grayscale, BitDepth::Eight)
    };
    let linear = ColorProfile::new_gray_with_gamma(1.0).encode().expect("a built-in profile");
    let Decoded { picture, color, .. } = decoded(&gray_png(linear));
    assert_eq!(color, ColorNote::Converted);
    // Linear 50 % is 188 in sRGB (IEC 61966-2-1).
    assert_close(&picture.pixel(0, 8), &[188, 188, 188, 255], 1, 1.0, "linear grey");
    // An editor's working space on a grey picture.
    let Decoded { picture, color, .. } = decoded(&gray_png(display_p3()));
    assert!(color != ColorNote::ProfileIgnored);
    assert_close(&picture.pixel(0, 8), &[128, 128, 128, 255], 1, 1.0, "grey in Display P3");
}

#[test]
fn a_corrupt_profile_is_read_as_srgb_and_reported() {
    let picture = gradient(32, 32);
    let rgb = rgb_of(&picture);
    let p3 = display_p3();
    let mut scrambled = p3.clone();
    scrambled[16..20].copy_from_slice(b"XXXX");
    for icc in [b"junk".to_vec(), p3[..100].to_vec(), scrambled, vec![0xff; 5000]] {
        let png = decoded(&rgb_png(&rgb, (32, 32), &Png { icc: Some(icc.clone()), ..Png::default() }));
        assert_eq!((png.picture, png.color), (picture.clone(), ColorNote::ProfileIgnored));
        let jpeg = Jpeg { icc: Some(icc), ..Jpeg::default() };
        let jpeg = decoded(&jpeg.write(&rgb, 32, 32, ColorType::Rgb));
        assert_eq!(jpeg.color, ColorNote::ProfileIgnored);
        assert_close(jpeg.picture.rgba(), picture.rgba(), 12, 1.5, "JPEG");
    }
    // Segments of a profile that do not belong together.
    let jpeg = Jpeg { icc: Some(p3), ..Jpeg::default() };
    let mut file = jpeg.write(&rgb, 32, 32, ColorType::Rgb);
    let numbers = file.windows(12).position(|w| w == b"ICC_PROFILE\0").expect("a profile") + 12;
    file[numbers + 1] = 9;
    assert_eq!(decoded(&file).color, ColorNote::ProfileIgnored);
    // A compressed profile that does not inflate.
    let mut file = rgb_png(&rgb, (32, 32), &Png { icc: Some(display_p3()), ..Png::default() });
    let stream = file.windows(4).position(|w| w == b"iCCP").expect("a profile") + 40;
    file[stream..stream + 20].fill(0xff);
    assert_eq!(decoded(&file).color, ColorNote::ProfileIgnored);
}

#[test]
fn a_profile_of_another_model_is_ignored() {
    let picture = gradient(32, 32);
    let gray = ColorProfile::new_gray_with_gamma(2.2).encode().expect("a built-in profile");
    let decoded = decoded(&rgb_png(&rgb_of(&picture), (32, 32), &Png { icc: Some(gray), ..Png::default() }));
    assert_eq!((decoded.picture, decoded.color), (picture, ColorNote::ProfileIgnored));
}

/// Four inks by a 2-point grid: paper is white, cyan is Lab (60, -35, -45), black takes lightness away evenly.
fn cmyk_profile() -> Vec<u8> {
    let lab = |l: f64, a: f64, b: f64| {
        // The 16-bit encoding of version 2 profiles (ICC.1:2001-04, section 6.3.4.2).
        [l * 652.8, (a + 128.0) * 256.0, (b + 128.0) * 256.0].map(|v| v.round() as u16)
    };
    let corner = |index: usize| {
        let [cyan, _, _, black] = [3, 2, 1, 0].map(|bit| index >> bit & 1 == 1);
        match (cyan, black) {
            (_, true) => lab(0.0, 0.0, 0.0),
            (true, false) => lab(60.0, -35.0, -45.0),
            (false, false) => lab(100.0, 0.0, 0.0),
        }
    };
    let lut = LutDataType {
        num_input_channels: 4,
        num_output_channels: 3,
        num_clut_grid_points: 2,
        matrix: Matrix3d::IDENTITY,
        num_input_table_entries: 2,
        num_output_table_entries: 2,
        input_table: LutStore::Store16([0, 65535].repeat(4)),
        clut_table: LutStore::Store16((0..16).flat_map(corner).collect()),
        output_table: LutStore::Store16([0, 65535].repeat(3)),
        lut_type: LutType::Lut16,
    };
    let mut profile = ColorProfile::new_lab();
    profile.color_space = DataColorSpace::Cmyk;
    profile.pcs = DataColorSpace::Lab;
    profile.profile_class = ProfileClass::OutputDevice;
    profile.lut_a_to_b_perceptual = Some(LutWarehouse::Lut(lut));
    profile.encode().expect("a complete profile")
}

#[test]
fn a_cmyk_profile_is_applied() {
    let inks = |inks: [u8; 4], color| {
        let jpeg = Jpeg { icc: Some(cmyk_profile()), ..Jpeg::default() };
        let decoded = decoded(&jpeg.write(&inks.repeat(16 * 16), 16, 16, color));
        assert_eq!(decoded.color, ColorNote::Converted);
        decoded.picture.pixel(8, 8)
    };
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        assert_close(&inks([0, 0, 0, 0], color), &[255, 255, 255, 255], 2, 2.0, "paper");
        assert_close(&inks([0, 0, 0, 255], color), &[0, 0, 0, 255], 2, 2.0, "black");
        // L* 50 is 119 in sRGB, where the plain inverse would give 128.
        assert_close(&inks([0, 0, 0, 128], color), &[119, 119, 119, 255], 4, 4.0, "half black");
        // Lab (60, -35, -45) is out of gamut in red.
        let [r, g, b, a] = inks([255, 0, 0, 0], color);
        assert!(r < 30 && (140..190).contains(&g) && b > 200 && a == 255, "cyan: {r} {g} {b} {a}");
    }
}
