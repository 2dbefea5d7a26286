//! The only unsafe code of this crate: libwebp's advanced encoding interface (src/webp/encode.h), for pixels that are
//! our own. Uploads never get here.
#![expect(
    unsafe_code,
    reason = "libwebp is a C library, and there is no lossy WebP encoder in Rust under a free licence"
)]

use std::ffi::c_int;
use std::ptr::from_mut;

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPictureFree, WebPPictureImportRGBA, WebPValidateConfig,
};

/// What libwebp is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Whether every pixel is kept.
    pub(super) lossless: bool,
    /// 0 to 100: fidelity of a lossy file, effort for a lossless one.
    pub(super) quality: f32,
    /// 0 (fast) to 6 (small).
    pub(super) method: u8,
}

/// Encodes `width_px * height_px` RGBA pixels.
///
/// # Contract
///
/// The sides are between 1 and 16,383 and `rgba` has 4 bytes for each pixel.
pub(super) fn encode(rgba: &[u8], width_px: u32, height_px: u32, settings: Settings) -> Result<Vec<u8>, String> {
    assert_eq!(rgba.len(), width_px as usize * height_px as usize * 4, "RGBA buffer does not fit its sides");
    let mut config = WebPConfig::new().map_err(|()| "version of the library does not match its headers")?;
    config.lossless = c_int::from(settings.lossless);
    config.quality = settings.quality;
    config.method = c_int::from(settings.method);
    // SAFETY: `config` is a live, initialized struct, which is only read.
    if unsafe { WebPValidateConfig(&raw const config) } == 0 {
        return Err(format!("settings out of range: {settings:?}"));
    }
    let mut picture = OwnedPicture::new()?;
    picture.0.width = width_px as c_int;
    picture.0.height = height_px as c_int;
    // Lossless works on ARGB; lossy on YUV, which is converted to at once and saves a whole ARGB copy.
    picture.0.use_argb = c_int::from(settings.lossless);
    // SAFETY: `rgba` holds `height` rows of `width * 4` bytes as asserted above, and is only read during the call; the
    // picture allocates and owns its planes.
    if unsafe { WebPPictureImportRGBA(&raw mut picture.0, rgba.as_ptr(), width_px as c_int * 4) } == 0 {
        return Err(format!("{:?}", picture.0.error_code));
    }
    let mut output = OwnedWriter::new();
    picture.0.writer = Some(WebPMemoryWrite);
    picture.0.custom_ptr = from_mut(&mut output.0).cast();
    // SAFETY: both structs are initialized; `custom_ptr` points to the memory writer that `WebPMemoryWrite` expects,
    // and it outlives the call.
    if unsafe { WebPEncode(&raw const config, &raw mut picture.0) } == 0 {
        return Err(format!("{:?}", picture.0.error_code));
    }
    Ok(output.bytes().to_vec())
}

/// A picture whose planes are freed on every way out.
struct OwnedPicture(WebPPicture);

impl OwnedPicture {
    fn new() -> Result<Self, &'static str> {
        WebPPicture::new().map(Self).map_err(|()| "version of the library does not match its headers")
    }
}

impl Drop for OwnedPicture {
    fn drop(&mut self) {
        // SAFETY: the picture was initialized by the library; freeing one without planes is a no-op.
        unsafe { WebPPictureFree(&raw mut self.0) };
    }
}

/// A growing buffer of the library's own allocator.
struct OwnedWriter(WebPMemoryWriter);

impl OwnedWriter {
    fn new() -> Self {
        let mut writer = WebPMemoryWriter { mem: std::ptr::null_mut(), size: 0, max_size: 0, pad: [0] };
        // SAFETY: `writer` is a live struct, which the call resets to empty.
        unsafe { WebPMemoryWriterInit(&raw mut writer) };
        Self(writer)
    }

    fn bytes(&self) -> &[u8] {
        if self.0.mem.is_null() {
            return &[];
        }
        // SAFETY: the library wrote `size` bytes to `mem`, and nothing changes them while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }
    }
}

impl Drop for OwnedWriter {
    fn drop(&mut self) {
        // SAFETY: `mem` is null or comes from the library's allocator, and is not used afterwards.
        unsafe { WebPMemoryWriterClear(&raw mut self.0) };
    }
}
