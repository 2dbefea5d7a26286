//! GIF, BMP and TIFF through the `image` crate: rare enough that its second buffer does not matter.

use std::io::{Cursor, ErrorKind};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::tiff::TiffDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageResult};

use super::raster::Raster;
use super::{Source, StoredHeader, rgba_bytes};
use crate::color::{Model, Profile};
use crate::error::DecodeError;
use crate::format::SourceFormat;
use crate::limits::Limits;

struct ThroughImage<D> {
    decoder: D,
    format: SourceFormat,
    orientation: Orientation,
}

pub(super) fn open<'a>(
    bytes: &'a [u8],
    format: SourceFormat,
    limits: &Limits,
) -> Result<Box<dyn Source + 'a>, DecodeError> {
    let bytes = Cursor::new(bytes);
    match format {
        SourceFormat::Gif => boxed(GifDecoder::new(bytes), format, limits),
        SourceFormat::Bmp => boxed(BmpDecoder::new(bytes), format, limits),
        _ => boxed(TiffDecoder::new(bytes), format, limits),
    }
}

fn boxed<'a, D: ImageDecoder + 'a>(
    decoder: ImageResult<D>,
    format: SourceFormat,
    limits: &Limits,
) -> Result<Box<dyn Source + 'a>, DecodeError> {
    let explained = |error: ImageError| explain(&error, format);
    let mut decoder = decoder.map_err(explained)?;
    let mut allocation = image::Limits::no_limits();
    allocation.max_alloc = Some(limits.max_memory_bytes);
    decoder.set_limits(allocation).map_err(explained)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Box::new(ThroughImage { decoder, format, orientation }))
}

impl<D: ImageDecoder> Source for ThroughImage<D> {
    fn header(&self) -> StoredHeader {
        let (width_px, height_px) = self.decoder.dimensions();
        StoredHeader {
            width_px,
            height_px,
            orientation: self.orientation,
            read_bytes: self.decoder.total_bytes().saturating_add(rgba_bytes(width_px, height_px)),
        }
    }

    fn read(mut self: Box<Self>) -> Result<Raster, DecodeError> {
        let format = self.format;
        let profile = match self.decoder.icc_profile() {
            Ok(icc) => icc.map(Profile::Icc),
            Err(_) => Some(Profile::Icc(Vec::new())),
        };
        let model = match self.decoder.color_type() {
            ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16 => Model::Gray,
            _ => Model::Rgba,
        };
        let picture = DynamicImage::from_decoder(self.decoder).map_err(|error| explain(&error, format))?;
        Ok(Raster { pixels: picture.into_rgba8().into_raw(), model, profile })
    }
}

fn explain(error: &ImageError, format: SourceFormat) -> DecodeError {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => DecodeError::Truncated { format },
        ImageError::Unsupported(error) => DecodeError::unsupported(format!("this kind of {format} ({error})")),
        error => DecodeError::corrupt(format, error),
    }
}
