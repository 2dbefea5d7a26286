//! The codecs of this crate and the settings they were chosen from, over one drawn product photo of 1920 x 1280.
//!
//! Prints the bytes of every file beside criterion's times. The table in the README comes from here.

use std::hint::black_box;
use std::io::Cursor;

use clearcut_image::{Effort, EncodeOptions, Limits, Matte, OutputFormat, Picture, decode, encode, encode_matte};
use clearcut_testkit::scene::product_photo;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, SamplingFactor};
use png::{Compression, Filter};

/// The crate's own binding, so that settings which are not offered can be measured too.
#[path = "../src/encode/webp/libwebp.rs"]
mod libwebp;

const WIDTH_PX: u32 = 1920;
const HEIGHT_PX: u32 = 1280;

struct Drawn {
    photo: Picture,
    cutout: Picture,
    noisy_cutout: Picture,
    matte: Matte,
}

fn draw() -> Drawn {
    let scene = product_photo(WIDTH_PX, HEIGHT_PX, 7);
    let with_alpha = |rgb: &[u8], alpha: &dyn Fn(usize) -> u8| {
        let pixels = rgb.chunks_exact(3).enumerate().flat_map(|(i, p)| [p[0], p[1], p[2], alpha(i)]);
        Picture::from_rgba(WIDTH_PX, HEIGHT_PX, pixels.collect())
    };
    // Through a JPEG, as uploads are, so that the pixels carry a camera's grain and not a renderer's smoothness.
    let photo = with_alpha(&scene.rgb, &|_| 255);
    let upload = encode(&photo, &EncodeOptions::new(OutputFormat::Jpeg)).expect("encodes");
    let photo = decode(&upload, &Limits::default()).expect("decodes").picture;
    let rgb: Vec<u8> = photo.rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
    let noisy_cutout = with_alpha(&rgb, &|i| scene.alpha[i]);
    let mut cutout = noisy_cutout.clone();
    cutout.rgba_mut().chunks_exact_mut(4).filter(|p| p[3] == 0).for_each(|p| p.fill(0));
    Drawn { photo, cutout, noisy_cutout, matte: Matte::from_alpha(WIDTH_PX, HEIGHT_PX, scene.alpha) }
}

fn measure(c: &mut Criterion, group: &str, name: &str, write: impl Fn() -> Vec<u8>) {
    let mut size = None;
    let mut benchmarks = c.benchmark_group(group);
    benchmarks.sample_size(10).throughput(Throughput::Elements(u64::from(WIDTH_PX * HEIGHT_PX)));
    benchmarks.bench_function(name, |b| {
        // Here and not before, so that what a filter leaves out costs nothing.
        let bytes = *size.get_or_insert_with(|| write().len());
        b.iter(|| black_box(write()));
        println!("{group}/{name}: {bytes} bytes");
    });
}

fn png_with(picture: &Picture, compression: Compression, filter: Option<Filter>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, picture.width_px(), picture.height_px());
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(compression);
    if let Some(filter) = filter {
        encoder.set_filter(filter);
    }
    let mut writer = encoder.write_header().expect("to memory");
    writer.write_image_data(picture.rgba()).expect("to memory");
    writer.finish().expect("to memory");
    file
}

fn oxipng_with(picture: &Picture, preset: u8) -> Vec<u8> {
    let (color, depth) = (oxipng::ColorType::RGBA, oxipng::BitDepth::Eight);
    let image = oxipng::RawImage::new(WIDTH_PX, HEIGHT_PX, color, depth, picture.rgba().to_vec());
    let options = oxipng::Options::from_preset(preset);
    image.expect("a whole picture").create_optimized_png(&options).expect("encodes")
}

fn png_choices(c: &mut Criterion) {
    let Drawn { photo, cutout, noisy_cutout, matte } = draw();
    let options = EncodeOptions::new(OutputFormat::Png);
    measure(c, "png cutout", "ours fast", || encode(&cutout, &options).expect("encodes"));
    measure(c, "png cutout", "ours fast, hidden colors", || encode(&noisy_cutout, &options).expect("encodes"));
    measure(c, "png cutout", "fast, hidden colors kept", || png_with(&noisy_cutout, Compression::Fast, None));
    for (name, compression, filter) in [
        ("fastest", Compression::Fastest, None),
        ("fast", Compression::Fast, None),
        ("fast, paeth", Compression::Fast, Some(Filter::Paeth)),
        ("balanced", Compression::Balanced, None),
        ("high", Compression::High, None),
    ] {
        measure(c, "png cutout", name, || png_with(&cutout, compression, filter));
    }
    for preset in [0, 1, 2, 3] {
        measure(c, "png cutout", &format!("oxipng {preset}"), || oxipng_with(&cutout, preset));
        measure(c, "png photo", &format!("oxipng {preset}"), || oxipng_with(&photo, preset));
    }
    measure(c, "png cutout", "ours best", || encode(&cutout, &options.effort(Effort::Best)).expect("encodes"));
    measure(c, "png photo", "ours fast", || encode(&photo, &options).expect("encodes"));
    measure(c, "png photo", "fast as RGBA", || png_with(&photo, Compression::Fast, None));
    for effort in [Effort::Fast, Effort::Best] {
        measure(c, "png matte", &format!("ours {effort:?}"), || encode_matte(&matte, effort).expect("encodes"));
    }
    let mut poster = cutout.clone();
    poster.rgba_mut().iter_mut().for_each(|value| *value = *value / 64 * 85);
    measure(c, "png poster", "ours fast (palette)", || encode(&poster, &options).expect("encodes"));
    measure(c, "png poster", "fast as RGBA", || png_with(&poster, Compression::Fast, None));
    measure(c, "png poster", "balanced as RGBA", || png_with(&poster, Compression::Balanced, None));
}

fn jpeg_choices(c: &mut Criterion) {
    let Drawn { photo, .. } = draw();
    measure(c, "jpeg photo", "ours", || encode(&photo, &EncodeOptions::new(OutputFormat::Jpeg)).expect("encodes"));
    for (name, scans, optimized, chroma) in [
        ("baseline", None, false, ChromaSubsamplingMethod::Nearest),
        ("baseline, optimized", None, true, ChromaSubsamplingMethod::Nearest),
        ("2 scans, optimized", Some(2), true, ChromaSubsamplingMethod::Nearest),
        ("3 scans, optimized", Some(3), true, ChromaSubsamplingMethod::Nearest),
        ("3 scans, optimized, averaged chroma", Some(3), true, ChromaSubsamplingMethod::Average),
        ("4 scans, optimized", Some(4), true, ChromaSubsamplingMethod::Nearest),
        ("8 scans, optimized", Some(8), true, ChromaSubsamplingMethod::Nearest),
    ] {
        measure(c, "jpeg photo", name, || {
            let mut file = Vec::new();
            let mut encoder = jpeg_encoder::Encoder::new(&mut file, 85);
            if let Some(scans) = scans {
                encoder.set_progressive_scans(scans);
            }
            encoder.set_optimized_huffman_tables(optimized);
            encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
            encoder.set_chroma_subsampling_method(chroma);
            encoder.encode(photo.rgba(), WIDTH_PX as u16, HEIGHT_PX as u16, ColorType::Rgba).expect("encodes");
            file
        });
    }
    measure(c, "jpeg photo", "image crate", || {
        let mut file = Cursor::new(Vec::new());
        let rgb: Vec<u8> = photo.rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 85);
        encoder.encode(&rgb, WIDTH_PX, HEIGHT_PX, image::ExtendedColorType::Rgb8).expect("encodes");
        file.into_inner()
    });
}

fn webp_choices(c: &mut Criterion) {
    let Drawn { cutout, photo, .. } = draw();
    let options = EncodeOptions::new(OutputFormat::WebP);
    for effort in [Effort::Fast, Effort::Best] {
        for (name, lossless) in [("lossless", true), ("lossy", false)] {
            let options = options.effort(effort).lossless(lossless);
            measure(c, "webp cutout", &format!("ours {name} {effort:?}"), || {
                encode(&cutout, &options).expect("encodes")
            });
        }
    }
    let libwebp_with = |picture: &Picture, lossless, quality, method| {
        let settings = libwebp::Settings { lossless, quality, method };
        libwebp::encode(picture.rgba(), WIDTH_PX, HEIGHT_PX, settings).expect("encodes")
    };
    for method in [0, 2, 4, 5, 6] {
        let name = format!("libwebp lossy, method {method}");
        measure(c, "webp cutout", &name, || libwebp_with(&cutout, false, 85.0, method));
        measure(c, "webp photo", &name, || libwebp_with(&photo, false, 85.0, method));
    }
    for (quality, method) in [(20.0, 1), (75.0, 1), (75.0, 4), (75.0, 5)] {
        let name = format!("libwebp lossless {quality}, method {method}");
        measure(c, "webp cutout", &name, || libwebp_with(&cutout, true, quality, method));
    }
    if cfg!(feature = "avif") {
        for effort in [Effort::Fast, Effort::Best] {
            let options = EncodeOptions::new(OutputFormat::Avif).effort(effort);
            measure(c, "avif cutout", &format!("ours {effort:?}"), || encode(&cutout, &options).expect("encodes"));
        }
    }
}

fn decoding(c: &mut Criterion) {
    let Drawn { photo, cutout, .. } = draw();
    let webp = EncodeOptions::new(OutputFormat::WebP);
    let mut baseline = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut baseline, 85);
    encoder.encode(photo.rgba(), WIDTH_PX as u16, HEIGHT_PX as u16, ColorType::Rgba).expect("encodes");
    let p3 = moxcms::ColorProfile::new_display_p3().encode().expect("a built-in profile");
    let mut with_profile = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut with_profile, 85);
    encoder.add_icc_profile(&p3).expect("fits");
    encoder.add_exif_metadata(b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0").expect("fits");
    encoder.encode(photo.rgba(), WIDTH_PX as u16, HEIGHT_PX as u16, ColorType::Rgba).expect("encodes");
    let files = [
        ("jpeg", baseline),
        ("jpeg progressive", encode(&photo, &EncodeOptions::new(OutputFormat::Jpeg)).expect("encodes")),
        ("jpeg, Display P3, turned", with_profile),
        ("png rgba", encode(&cutout, &EncodeOptions::new(OutputFormat::Png)).expect("encodes")),
        ("webp lossless", encode(&cutout, &webp.lossless(true)).expect("encodes")),
        ("webp lossy", encode(&cutout, &webp).expect("encodes")),
    ];
    let mut group = c.benchmark_group("decode");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(WIDTH_PX * HEIGHT_PX)));
    for (name, bytes) in &files {
        group.bench_function(*name, |b| b.iter(|| decode(black_box(bytes), &Limits::default()).expect("decodes")));
    }
}

criterion_group!(benches, png_choices, jpeg_choices, webp_choices, decoding);
criterion_main!(benches);
