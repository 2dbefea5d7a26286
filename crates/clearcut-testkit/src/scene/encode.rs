//! Scenes as files. Not clearcut-image's encoders: a test must not check a codec against itself.

/// Baseline JPEG, chroma at half size as cameras store it.
pub(super) fn jpeg(rgb: &[u8], width_px: u32, height_px: u32, quality: u8) -> Vec<u8> {
    let side = |length: u32| u16::try_from(length).expect("a JPEG side is at most 65,535 pixels");
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::R_4_2_0);
    encoder
        .encode(rgb, side(width_px), side(height_px), jpeg_encoder::ColorType::Rgb)
        .expect("a scene has at least one pixel, and memory takes every byte");
    file
}

pub(super) fn png(samples: &[u8], width_px: u32, height_px: u32, color: png::ColorType) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width_px, height_px);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().expect("a scene has at least one pixel");
    writer.write_image_data(samples).expect("a scene's samples fill its size, and memory takes every byte");
    drop(writer);
    file
}
