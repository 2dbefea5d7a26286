//! Every format that is written reads back as the picture that went in.

use clearcut_image::{
    Decoded, Effort, EncodeError, EncodeOptions, Matte, OutputFormat, Picture, Quality, encode, encode_matte, over,
};

use super::samples::{assert_close, cutout, decoded, gradient, photo, scene};

fn options(format: OutputFormat) -> EncodeOptions {
    EncodeOptions::new(format)
}

fn png_color(file: &[u8]) -> png::ColorType {
    let reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG of ours");
    reader.info().color_type
}

#[test]
fn lossless_formats_keep_every_visible_pixel() {
    let faded = Picture::from_rgba(16, 16, (0..=255_u8).flat_map(|v| [v, v, v, v]).collect());
    let flat = Picture::from_rgba(4, 2, [[1, 2, 3, 255], [9, 8, 7, 0]].repeat(4).concat());
    for picture in [cutout(90, 70, 200), photo(90, 70), faded, flat, Picture::filled(1, 1, [5, 6, 7, 8])] {
        let mut expected = picture.clone();
        for pixel in expected.rgba_mut().chunks_exact_mut(4).filter(|pixel| pixel[3] == 0) {
            pixel.fill(0);
        }
        for effort in [Effort::Fast, Effort::Best] {
            for options in [options(OutputFormat::Png), options(OutputFormat::WebP).lossless(true)] {
                let file = encode(&picture, &options.effort(effort)).expect("small enough");
                let Decoded { picture: read, format, .. } = decoded(&file);
                assert_eq!(format.to_string(), options.format.to_string());
                assert_eq!(format.media_type(), options.format.media_type());
                let (got, wanted) = (read.rgba(), expected.rgba());
                let same =
                    got.chunks_exact(4).zip(wanted.chunks_exact(4)).all(|(a, b)| a == b || a[3] == 0 && b[3] == 0);
                assert!(same, "{} with {effort:?}", options.format);
            }
        }
    }
}

#[test]
fn png_stores_no_more_than_the_pixels_need() {
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    let gray: Vec<u8> = (0..64 * 64_u32).flat_map(|i| [(i % 256) as u8; 3].into_iter().chain([255])).collect();
    let gray_alpha = (0..64 * 64_u32).flat_map(|i| [(i % 256) as u8; 3].into_iter().chain([(i / 64) as u8 | 1]));
    let check = |picture: &Picture, color| {
        let file = encode(picture, &options(OutputFormat::Png)).expect("small enough");
        assert_eq!(png_color(&file), color);
        let best = encode(picture, &options(OutputFormat::Png).effort(Effort::Best)).expect("small enough");
        assert!(best.len() <= file.len(), "best effort: {} bytes, fast: {}", best.len(), file.len());
    };
    check(&cutout(120, 90, 0), Rgba);
    check(&photo(120, 90), Rgb);
    check(&Picture::from_rgba(64, 64, gray), Grayscale);
    check(&Picture::from_rgba(64, 64, gray_alpha.collect()), GrayscaleAlpha);
    check(&Picture::filled(50, 50, [200, 10, 10, 100]), Indexed);
}

#[test]
fn hidden_colors_cost_nothing() {
    let noisy = {
        let mut picture = cutout(120, 90, 0);
        let noise = (0_u32..).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        for (pixel, noise) in picture.rgba_mut().chunks_exact_mut(4).zip(noise).filter(|(pixel, _)| pixel[3] == 0) {
            pixel[..3].fill(noise);
        }
        picture
    };
    for options in [options(OutputFormat::Png), options(OutputFormat::WebP).lossless(true), options(OutputFormat::WebP)]
    {
        let clean = encode(&cutout(120, 90, 0), &options).expect("small enough");
        assert_eq!(encode(&noisy, &options).expect("small enough"), clean, "{}", options.format);
    }
}

#[test]
fn a_matte_is_a_gray_png() {
    let scene = scene(64, 48);
    let matte = Matte::from_alpha(64, 48, scene.alpha.clone());
    for effort in [Effort::Fast, Effort::Best] {
        let file = encode_matte(&matte, effort).expect("small enough");
        assert_eq!(png_color(&file), png::ColorType::Grayscale);
        let picture = decoded(&file).picture;
        assert!(picture.rgba().chunks_exact(4).map(|p| p[0]).eq(scene.alpha.iter().copied()));
    }
}

#[test]
fn jpeg_is_flattened_onto_its_background() {
    let picture = cutout(96, 96, 0);
    for background in [[255, 255, 255], [0, 0, 0], [30, 160, 90]] {
        let best = Quality::new(100).expect("in range");
        let file = encode(&picture, &options(OutputFormat::Jpeg).quality(best).background(background)).expect("fits");
        let expected: Vec<u8> = picture
            .rgba()
            .chunks_exact(4)
            .flat_map(|p| {
                let [r, g, b] = [0, 1, 2].map(|channel| over(p[channel], p[3], background[channel]));
                [r, g, b, 255]
            })
            .collect();
        // Chroma is halved: single pixels of the outline may differ much, the whole hardly.
        assert_close(decoded(&file).picture.rgba(), &expected, 120, 1.5, "flattened");
    }
}

#[test]
fn jpeg_is_progressive_with_halved_chroma() {
    let file = encode(&photo(64, 64), &options(OutputFormat::Jpeg)).expect("fits");
    let frame = file.windows(2).position(|w| w == [0xff, 0xc2]).expect("a progressive frame");
    let sampling = [11, 14, 17].map(|at| file[frame + at]);
    assert_eq!(sampling, [0x22, 0x11, 0x11]);
}

#[test]
fn quality_trades_size_for_fidelity() {
    let picture = photo(160, 120);
    for format in [OutputFormat::Jpeg, OutputFormat::WebP] {
        let sizes = [1, 30, 60, 90, 100].map(|quality| {
            let quality = Quality::new(quality).expect("in range");
            let file = encode(&picture, &options(format).quality(quality)).expect("fits");
            assert_eq!(decoded(&file).picture.width_px(), 160);
            file.len()
        });
        assert!(sizes.is_sorted(), "{format}: {sizes:?}");
    }
}

#[test]
fn lossy_webp_is_close_and_keeps_alpha_exactly() {
    let picture = cutout(96, 80, 0);
    for effort in [Effort::Fast, Effort::Best] {
        let file = encode(&picture, &options(OutputFormat::WebP).effort(effort)).expect("fits");
        let read = decoded(&file).picture;
        let alpha = |picture: &Picture| picture.rgba().iter().skip(3).step_by(4).copied().collect::<Vec<_>>();
        assert_eq!(alpha(&read), alpha(&picture));
        let visible = |picture: &Picture, like: &Picture| -> Vec<u8> {
            let pixels = picture.rgba().chunks_exact(4).zip(like.rgba().chunks_exact(4));
            pixels.filter(|(_, like)| like[3] == 255).flat_map(|(p, _)| p.to_vec()).collect()
        };
        assert_close(&visible(&read, &picture), &visible(&picture, &picture), 120, 4.0, "visible pixels");
    }
    let smooth = gradient(64, 64);
    let file = encode(&smooth, &options(OutputFormat::WebP)).expect("fits");
    assert_close(decoded(&file).picture.rgba(), smooth.rgba(), 24, 3.0, "opaque");
}

#[test]
fn a_side_that_the_format_cannot_hold_is_refused() {
    let refused = |width_px, height_px, format| {
        let picture = Picture::filled(width_px, height_px, [1, 2, 3, 255]);
        let error = encode(&picture, &options(format)).expect_err("too long a side");
        assert!(matches!(error, EncodeError::TooLargeForFormat { .. }), "{error}");
        assert!(error.to_string().contains("choose PNG"), "{error}");
    };
    refused(16_384, 1, OutputFormat::WebP);
    refused(1, 16_384, OutputFormat::WebP);
    refused(65_536, 1, OutputFormat::Jpeg);
    let longest = Picture::filled(16_383, 1, [1, 2, 3, 255]);
    for lossless in [false, true] {
        let file = encode(&longest, &options(OutputFormat::WebP).lossless(lossless)).expect("just fits");
        assert_eq!(decoded(&file).picture.width_px(), 16_383);
    }
    encode(&Picture::filled(65_535, 1, [1, 2, 3, 255]), &options(OutputFormat::Jpeg)).expect("just fits");
}

#[test]
fn quality_is_1_to_100() {
    assert_eq!(Quality::default().get(), 85);
    for (value, is_quality) in [(0, false), (1, true), (100, true), (101, false), (255, false)] {
        assert_eq!(Quality::new(value).is_ok(), is_quality, "{value}");
    }
}

#[cfg(not(feature = "avif"))]
#[test]
fn avif_that_is_not_built_in_names_its_feature() {
    let error = encode(&photo(8, 8), &options(OutputFormat::Avif)).expect_err("not built in");
    assert!(matches!(error, EncodeError::NotBuiltIn { feature: "avif", .. }));
    assert!(error.to_string().contains("feature `avif`"), "{error}");
}

#[cfg(feature = "avif")]
#[test]
fn avif_is_written() {
    for effort in [Effort::Fast, Effort::Best] {
        let file = encode(&cutout(64, 64, 9), &options(OutputFormat::Avif).effort(effort)).expect("fits");
        assert_eq!(&file[4..12], b"ftypavif");
    }
}
