//! remove.bg's ZIP: `color.jpg` with the colors and `alpha.png` with the matte, for clients that compose by themselves.

use std::{
    io::{Cursor, Write as _},
    sync::{Arc, LazyLock},
};

use actix_web::web;
use bytes::Bytes;
use clearcut::{Limits, Matte};
use clearcut_image::{Effort, EncodeOptions, OutputFormat, Quality, decode, encode, encode_matte};
use tokio::sync::Semaphore;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::hidden_colors;
use crate::failure::{Failure, Outcome};

/// Of `color.jpg`.
const JPEG_QUALITY: u8 = 90;

/// Packages made at once: each holds a decoded picture, and cores are the engine's too.
static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Arc::new(Semaphore::new(cores))
});

/// Takes a cut-out apart into colors and matte.
pub(super) async fn pack(cut_out: Bytes, limits: &Limits) -> Outcome<Bytes> {
    let place = Arc::clone(&PLACES).acquire_owned().await.map_err(Failure::internal)?;
    // A result may have more bytes than an upload.
    let limits = Limits { max_bytes: u64::MAX, ..*limits };
    let packed = web::block(move || {
        // Kept by the work, which goes on when the client leaves.
        let _place = place;
        package(&cut_out, &limits)
    });
    packed.await.map_err(Failure::internal)?.map(Bytes::from).map_err(Failure::internal)
}

fn package(cut_out: &[u8], limits: &Limits) -> anyhow::Result<Vec<u8>> {
    let mut picture = decode(cut_out, limits)?.picture;
    let alpha = picture.rgba().as_chunks::<4>().0.iter().map(|pixel| pixel[3]).collect();
    let matte = encode_matte(&Matte::from_alpha(picture.width_px(), picture.height_px(), alpha), Effort::Fast)?;
    hidden_colors::fill(&mut picture);
    for pixel in picture.rgba_mut().as_chunks_mut::<4>().0 {
        pixel[3] = 255;
    }
    let quality = Quality::new(JPEG_QUALITY)?;
    let colors = encode(&picture, &EncodeOptions::new(OutputFormat::Jpeg).quality(quality))?;
    drop(picture);
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(colors.len() + matte.len() + 512)));
    // Both are compressed already; without a time the same cut-out gives the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    for (name, file) in [("color.jpg", colors), ("alpha.png", matte)] {
        zip.start_file(name, options)?;
        zip.write_all(&file)?;
    }
    Ok(zip.finish()?.into_inner())
}
