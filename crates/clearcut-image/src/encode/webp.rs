//! WebP: lossless through image-webp, lossy (and lossless at best effort) through libwebp.

mod libwebp;

use image_webp::{ColorType, WebPEncoder};

use super::{Effort, EncodeOptions, without_hidden_colors};
use crate::error::EncodeError;
use crate::format::OutputFormat;
use crate::picture::Picture;

use libwebp::Settings;

pub(super) fn encode(picture: &Picture, options: EncodeOptions) -> Result<Vec<u8>, EncodeError> {
    let rgba = without_hidden_colors(picture);
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    if options.lossless && options.effort == Effort::Fast {
        let mut file = Vec::new();
        WebPEncoder::new(&mut file)
            .encode(&rgba, width_px, height_px, ColorType::Rgba8)
            .map_err(|error| EncodeError::failed(OutputFormat::WebP, &error))?;
        return Ok(file);
    }
    // The measured choices stand in the README's table.
    let settings = match (options.lossless, options.effort) {
        (true, _) => Settings { lossless: true, quality: 75.0, method: 4 },
        (false, Effort::Fast) => Settings { lossless: false, quality: f32::from(options.quality.get()), method: 2 },
        (false, Effort::Best) => Settings { lossless: false, quality: f32::from(options.quality.get()), method: 6 },
    };
    libwebp::encode(&rgba, width_px, height_px, settings)
        .map_err(|reason| EncodeError::failed(OutputFormat::WebP, &reason))
}
