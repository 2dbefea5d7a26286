//! Every format that is read gives the picture that was written.

use clearcut_image::{ColorNote, DecodeError, Decoded, Limits, Picture, SourceFormat, probe};
use image::ImageFormat;
use jpeg_encoder::ColorType;
use png::BitDepth;

use super::samples::{
    Jpeg, Png, assert_close, cutout, decoded, gradient, one_of_each, photo, refused, rgb_of, through_image, tiff,
};

#[test]
fn every_sample_decodes_and_probes_to_the_same_size() {
    for (name, bytes) in one_of_each() {
        let Decoded { picture, format, .. } = decoded(&bytes);
        let header = probe(&bytes, &Limits::default()).expect(name);
        assert_eq!(
            (header.format, header.width_px, header.height_px),
            (format, picture.width_px(), picture.height_px())
        );
        assert!(name.contains(&format.to_string()), "{name} is found to be {format}");
        assert!(format.media_type().starts_with("image/"));
    }
}

#[test]
fn jpeg_of_every_color_model() {
    let picture = gradient(61, 47);
    let check = |name: &str, jpeg: &Jpeg, samples: &[u8], color| {
        let decoded = decoded(&jpeg.write(samples, 61, 47, color));
        assert_eq!((decoded.format, decoded.color), (SourceFormat::Jpeg, ColorNote::Srgb), "{name}");
        assert_close(decoded.picture.rgba(), picture.rgba(), 12, 1.5, name);
    };
    let rgb = rgb_of(&picture);
    check("baseline", &Jpeg::default(), &rgb, ColorType::Rgb);
    check("progressive", &Jpeg { progressive: true, ..Jpeg::default() }, &rgb, ColorType::Rgb);
    check("4:2:0", &Jpeg { subsampled: true, ..Jpeg::default() }, &rgb, ColorType::Rgb);
    // Without black, the missing inks are the colors themselves.
    let inks: Vec<u8> = picture.rgba().iter().map(|value| 255 - value).collect();
    check("CMYK", &Jpeg::default(), &inks, ColorType::Cmyk);
    check("progressive CMYK", &Jpeg { progressive: true, ..Jpeg::default() }, &inks, ColorType::Cmyk);
    check("YCCK", &Jpeg::default(), &inks, ColorType::CmykAsYcck);
    check("YCCK 4:2:0", &Jpeg { subsampled: true, ..Jpeg::default() }, &inks, ColorType::CmykAsYcck);
}

#[test]
fn black_ink_darkens_cmyk() {
    let inks = [0, 127, 255, 127].repeat(16 * 16);
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let picture = decoded(&Jpeg::default().write(&inks, 16, 16, color)).picture;
        assert_close(&picture.pixel(8, 8), &[128, 64, 0, 255], 3, 3.0, "half black");
    }
}

#[test]
fn gray_jpeg() {
    let gray: Vec<u8> = (0..40 * 30).map(|i| (i % 40 * 6) as u8).collect();
    let picture = decoded(&Jpeg::default().write(&gray, 40, 30, ColorType::Luma)).picture;
    let expected: Vec<u8> = gray.iter().flat_map(|&g| [g, g, g, 255]).collect();
    assert_close(picture.rgba(), &expected, 4, 1.0, "grey");
}

#[test]
fn rgb_jpeg_by_component_names_and_by_adobe_marker() {
    // Three untransformed components: written as grey planes would be, with a header that calls them RGB.
    let picture = gradient(32, 32);
    let ycbcr = Jpeg::default().write(&rgb_of(&picture), 32, 32, ColorType::Ycbcr);
    let sof = ycbcr.windows(2).position(|w| w == [0xff, 0xc0]).expect("a baseline frame");
    let sos = ycbcr.windows(2).position(|w| w == [0xff, 0xda]).expect("a scan");
    let mut named = ycbcr.clone();
    for (index, name) in b"RGB".iter().enumerate() {
        named[sof + 10 + index * 3] = *name;
        named[sos + 5 + index * 2] = *name;
    }
    assert_close(decoded(&named).picture.rgba(), picture.rgba(), 6, 1.5, "component names");
    let mut marked = ycbcr[..2].to_vec();
    marked.extend(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0");
    marked.extend(&ycbcr[2..]);
    assert_close(decoded(&marked).picture.rgba(), picture.rgba(), 6, 1.5, "Adobe marker");
}

#[test]
fn png_of_every_color_type_and_depth() {
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let size = (16, 16);
    let ramp: Vec<u8> = (0..=255).collect();
    let twice = |bytes: &[u8]| -> Vec<u8> { bytes.iter().flat_map(|&b| [b, b]).collect() };
    let check = |name: &str, file: Vec<u8>, pixel: &dyn Fn(u8) -> [u8; 4]| {
        let Decoded { picture, format, color } = decoded(&file);
        assert_eq!((format, color), (SourceFormat::Png, ColorNote::Srgb), "{name}");
        let expected: Vec<u8> = ramp.iter().flat_map(|&v| pixel(v)).collect();
        assert_close(picture.rgba(), &expected, 1, 1.0, name);
    };
    let plain = Png::default();
    let gray_alpha: Vec<u8> = ramp.iter().flat_map(|&v| [v, 255 - v]).collect();
    let rgb: Vec<u8> = ramp.iter().flat_map(|&v| [v, 255 - v, 9]).collect();
    let rgba: Vec<u8> = ramp.iter().flat_map(|&v| [v, 255 - v, 9, v]).collect();
    check("grey", plain.write(&ramp, size, Grayscale, BitDepth::Eight), &|v| [v, v, v, 255]);
    check("grey 16", plain.write(&twice(&ramp), size, Grayscale, BitDepth::Sixteen), &|v| [v, v, v, 255]);
    check("grey alpha", plain.write(&gray_alpha, size, GrayscaleAlpha, BitDepth::Eight), &|v| [v, v, v, 255 - v]);
    check("grey alpha 16", plain.write(&twice(&gray_alpha), size, GrayscaleAlpha, BitDepth::Sixteen), &|v| {
        [v, v, v, 255 - v]
    });
    check("rgb", plain.write(&rgb, size, Rgb, BitDepth::Eight), &|v| [v, 255 - v, 9, 255]);
    check("rgb 16", plain.write(&twice(&rgb), size, Rgb, BitDepth::Sixteen), &|v| [v, 255 - v, 9, 255]);
    check("rgba", plain.write(&rgba, size, Rgba, BitDepth::Eight), &|v| [v, 255 - v, 9, v]);
    check("rgba 16", plain.write(&twice(&rgba), size, Rgba, BitDepth::Sixteen), &|v| [v, 255 - v, 9, v]);
    let palette = Png { palette: Some((rgb.clone(), vec![7; 100])), ..Png::default() };
    check("palette", palette.write(&ramp, size, Indexed, BitDepth::Eight), &|v| {
        [v, 255 - v, 9, if v < 100 { 7 } else { 255 }]
    });
    let bits = plain.write(&[0b1010_1010; 32], size, Grayscale, BitDepth::One);
    check("1 bit", bits, &|v| if v % 2 == 0 { [255; 4] } else { [0, 0, 0, 255] });
}

#[test]
fn interlaced_png() {
    // Adam7 of one color reads the same in every order, so that seven plain passes make a valid file.
    let rows = |width: usize, height: usize| [[0].as_slice(), &[200, 100, 50].repeat(width)].concat().repeat(height);
    let passes = [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)];
    let plain = Png::default().write(&[0; 8 * 8 * 3], (8, 8), png::ColorType::Rgb, BitDepth::Eight);
    let mut file = plain[..33].to_vec();
    file[28] = 1;
    let header_crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&header_crc.to_be_bytes());
    let raw: Vec<u8> = passes.iter().flat_map(|&(w, h)| rows(w, h)).collect();
    append_chunk(&mut file, *b"IDAT", &stored_zlib(&raw));
    append_chunk(&mut file, *b"IEND", &[]);
    let picture = decoded(&file).picture;
    assert_eq!(picture, Picture::filled(8, 8, [200, 100, 50, 255]));
}

#[test]
fn webp_keeps_alpha() {
    let samples = one_of_each();
    for (name, bytes) in samples.iter().filter(|(name, _)| name.contains("WebP")) {
        let picture = decoded(bytes).picture;
        let alpha = |picture: &Picture| picture.rgba().chunks_exact(4).map(|p| p[3]).collect::<Vec<_>>();
        assert_eq!(alpha(&picture), alpha(&cutout(37, 23, 0)), "{name}");
    }
}

#[test]
fn of_an_animation_the_first_frame() {
    let frame = |gray: u8| image::Frame::new(image::RgbaImage::from_pixel(9, 7, image::Rgba([gray, gray, gray, 255])));
    let mut gif = Vec::new();
    image::codecs::gif::GifEncoder::new(&mut gif).encode_frames([frame(200), frame(10)]).expect("to memory");
    assert_eq!(decoded(&gif).picture, Picture::filled(9, 7, [200, 200, 200, 255]));

    let still = |gray| {
        let mut file = Vec::new();
        let pixels = [gray; 9 * 7 * 3];
        let encoder = image_webp::WebPEncoder::new(&mut file);
        encoder.encode(&pixels, 9, 7, image_webp::ColorType::Rgb8).expect("to memory");
        file
    };
    let mut body = b"WEBPVP8X\x0a\0\0\0\x02\0\0\0\x08\0\0\x06\0\0ANIM\x06\0\0\0\0\0\0\0\0\0".to_vec();
    for gray in [200, 10] {
        let image_chunk = &still(gray)[12..];
        body.extend(b"ANMF");
        body.extend((16 + image_chunk.len() as u32).to_le_bytes());
        body.extend([0, 0, 0, 0, 0, 0, 8, 0, 0, 6, 0, 0, 100, 0, 0, 0]);
        body.extend(image_chunk);
    }
    let webp = [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat();
    // The decoder blends frames in integers, which takes a step.
    assert_close(decoded(&webp).picture.rgba(), &[200, 200, 200, 255].repeat(9 * 7), 1, 1.0, "WebP");
}

#[test]
fn bmp_and_tiff() {
    let picture = photo(29, 31);
    for (format, bytes) in [
        (SourceFormat::Bmp, through_image(&picture, ImageFormat::Bmp)),
        (SourceFormat::Tiff, through_image(&picture, ImageFormat::Tiff)),
        (SourceFormat::Tiff, tiff(&rgb_of(&picture), 29, 31, 1)),
    ] {
        let decoded = decoded(&bytes);
        assert_eq!(decoded.format, format);
        assert_eq!(decoded.picture, picture);
    }
}

#[test]
fn sixteen_bit_and_float_tiff() {
    let mut file = std::io::Cursor::new(Vec::new());
    let deep =
        image::DynamicImage::ImageRgba16(image::ImageBuffer::from_pixel(5, 4, image::Rgba([65535, 32896, 0, 257])));
    deep.write_to(&mut file, ImageFormat::Tiff).expect("to memory");
    assert_eq!(decoded(&file.into_inner()).picture, Picture::filled(5, 4, [255, 128, 0, 1]));
}

#[test]
fn one_pixel_and_long_lines() {
    for (width_px, height_px) in [(1, 1), (1, 300), (300, 1), (30_000, 1), (1, 30_000)] {
        let picture = gradient(width_px, height_px);
        let rgb = rgb_of(&picture);
        let jpeg = Jpeg { subsampled: true, ..Jpeg::default() }.write(&rgb, width_px, height_px, ColorType::Rgb);
        let decoded_jpeg = decoded(&jpeg).picture;
        assert_close(decoded_jpeg.rgba(), picture.rgba(), 12, 3.0, "JPEG line");
        let png = Png::default().write(&rgb, (width_px, height_px), png::ColorType::Rgb, BitDepth::Eight);
        assert_eq!(decoded(&png).picture, picture);
    }
}

#[test]
fn a_png_without_a_header_chunk_is_corrupt() {
    let mut file = Png::default().write(&[0; 3], (1, 1), png::ColorType::Rgb, BitDepth::Eight);
    file[12] = b'X';
    assert!(matches!(refused(&file), DecodeError::Corrupt { format: SourceFormat::Png, .. }));
}

pub fn append_chunk(file: &mut Vec<u8>, name: [u8; 4], payload: &[u8]) {
    file.extend((payload.len() as u32).to_be_bytes());
    let named = [&name, payload].concat();
    file.extend(&named);
    file.extend(crc32(&named).to_be_bytes());
}

pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A zlib stream of one stored block.
fn stored_zlib(raw: &[u8]) -> Vec<u8> {
    let length = raw.len() as u16;
    let (low, high) = raw.iter().fold((1_u32, 0_u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65521;
        (low, (high + low) % 65521)
    });
    [&[0x78, 0x01, 0x01], &length.to_le_bytes()[..], &(!length).to_le_bytes(), raw, &(high << 16 | low).to_be_bytes()]
        .concat()
}
