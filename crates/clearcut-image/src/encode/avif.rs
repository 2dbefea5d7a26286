//! AVIF through ravif, which is pure Rust: behind the feature `avif`, because it takes minutes to build.

#[cfg(feature = "avif")]
pub(super) use built_in::encode;

#[cfg(not(feature = "avif"))]
pub(super) fn encode(_: &super::Picture, _: super::EncodeOptions) -> Result<Vec<u8>, super::EncodeError> {
    Err(super::EncodeError::NotBuiltIn { format: super::OutputFormat::Avif, feature: "avif" })
}

#[cfg(feature = "avif")]
mod built_in {
    use ravif::{Encoder, Img, RGBA8};

    use crate::encode::{Effort, EncodeOptions, without_hidden_colors};
    use crate::error::EncodeError;
    use crate::format::OutputFormat;
    use crate::picture::Picture;

    pub(in crate::encode) fn encode(picture: &Picture, options: EncodeOptions) -> Result<Vec<u8>, EncodeError> {
        let cleared = without_hidden_colors(picture);
        let pixels: Vec<_> = cleared.as_chunks().0.iter().map(|&[r, g, b, a]| RGBA8 { r, g, b, a }).collect();
        let speed = match options.effort {
            Effort::Fast => 10,
            Effort::Best => 6,
        };
        let quality = f32::from(options.quality.get());
        let encoded = Encoder::new()
            .with_quality(quality)
            .with_alpha_quality(quality)
            .with_speed(speed)
            .encode_rgba(Img::new(&pixels, picture.width_px() as usize, picture.height_px() as usize))
            .map_err(|error| EncodeError::failed(OutputFormat::Avif, &error))?;
        Ok(encoded.avif_file)
    }
}
