//! Pictures with an exact matte, drawn by a small renderer of our own.
//!
//! A scene knows everything a real photo hides: how much of each pixel the object covers, the object's true color
//! there, and what lies behind it. The photo is made from the three, so a matte, a foreground color or a blend can
//! be compared with the truth. Scenes depend on their seed and size alone.

mod background;
mod canvas;
mod color;
mod disc;
mod encode;
mod fur;
mod glass;
mod hair;
mod holes;
mod motion_blur;
mod noise;
mod product_photo;
mod random;
mod resample;
mod shading;
mod shape;
mod strand;

pub use self::disc::disc;
pub use self::fur::fur;
pub use self::glass::glass;
pub use self::hair::hair;
pub use self::holes::holes;
pub use self::motion_blur::motion_blur;
pub use self::product_photo::product_photo;

use self::canvas::Layer;
use self::random::Random;

/// A drawn photo together with the parts it was made from.
///
/// Colors are sRGB code values; a blend is linear in code values, as a browser blends a transparent picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// What is drawn: the name of the function that drew it.
    pub name: &'static str,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// The photo, three bytes a pixel: `alpha * foreground + (1 - alpha) * background`, rounded, then grain.
    pub rgb: Vec<u8>,
    /// Exact coverage, one byte a pixel: 0 is background, 255 is foreground.
    pub alpha: Vec<u8>,
    /// The object's own color, three bytes a pixel, wherever alpha is above 0; black elsewhere.
    pub foreground_rgb: Vec<u8>,
    /// What lies behind the object, three bytes a pixel, everywhere.
    pub background_rgb: Vec<u8>,
    /// The most that grain has moved a channel of the photo, in code values.
    pub grain: u8,
}

/// Every scene once, each of the given size and seed.
pub fn all(width_px: u32, height_px: u32, seed: u64) -> Vec<Scene> {
    [hair, fur, glass, motion_blur, holes, disc, product_photo].map(|draw| draw(width_px, height_px, seed)).into()
}

/// The scene that the repository carries as `examples/sample.jpg` and `examples/sample-matte.png`.
pub fn sample() -> Scene {
    product_photo(1000, 667, 4)
}

impl Scene {
    fn compose(name: &'static str, width_px: u32, height_px: u32, layer: Layer, background_rgb: Vec<u8>) -> Self {
        let Layer { alpha, foreground_rgb } = layer;
        let mut scene =
            Self { name, width_px, height_px, rgb: Vec::new(), alpha, foreground_rgb, background_rgb, grain: 0 };
        scene.rgb = scene.composite();
        scene
    }

    /// Adds a sensor's grain to the photo: normal in strength, never more than `limit` code values.
    fn with_grain(mut self, limit: u8, random: &mut Random) -> Self {
        let strongest = f32::from(limit);
        for pixel in self.rgb.chunks_exact_mut(3) {
            let grain = (random.normal() * strongest * 0.5).round().clamp(-strongest, strongest) as i8;
            for value in pixel {
                *value = value.saturating_add_signed(grain);
            }
        }
        self.grain = limit;
        self
    }

    /// The photo without grain: foreground over background.
    pub fn composite(&self) -> Vec<u8> {
        let colors = self.foreground_rgb.chunks_exact(3).zip(self.background_rgb.chunks_exact(3));
        let mut rgb = Vec::with_capacity(self.background_rgb.len());
        for ((foreground, background), &alpha) in colors.zip(&self.alpha) {
            let alpha = u32::from(alpha);
            rgb.extend(foreground.iter().zip(background).map(|(&front, &behind)| {
                ((alpha * u32::from(front) + (255 - alpha) * u32::from(behind) + 127) / 255) as u8
            }));
        }
        rgb
    }

    /// The perfect cut-out, four bytes a pixel: the object's own colors with straight alpha.
    pub fn rgba(&self) -> Vec<u8> {
        let pixels = self.foreground_rgb.chunks_exact(3).zip(&self.alpha);
        pixels.flat_map(|(color, &alpha)| [color[0], color[1], color[2], alpha]).collect()
    }

    /// What a good network would answer: the exact alpha averaged to `side_px` × `side_px` and blurred a little.
    ///
    /// The picture is squeezed to a square, as networks want it.
    ///
    /// # Panics
    ///
    /// If `side_px` is 0.
    pub fn coarse_alpha(&self, side_px: u32) -> Vec<u8> {
        assert!(side_px > 0, "a matte has at least one pixel");
        resample::coarse(&self.alpha, self.width_px as usize, side_px as usize)
    }

    /// The photo as a baseline JPEG.
    ///
    /// # Panics
    ///
    /// If a side is above 65,535 pixels, which the format cannot hold.
    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        encode::jpeg(&self.rgb, self.width_px, self.height_px, quality)
    }

    /// The photo as an 8-bit RGB PNG.
    pub fn png(&self) -> Vec<u8> {
        encode::png(&self.rgb, self.width_px, self.height_px, png::ColorType::Rgb)
    }

    /// The exact matte as an 8-bit grey PNG.
    pub fn matte_png(&self) -> Vec<u8> {
        encode::png(&self.alpha, self.width_px, self.height_px, png::ColorType::Grayscale)
    }

    /// The perfect cut-out as an 8-bit RGBA PNG.
    pub fn cutout_png(&self) -> Vec<u8> {
        encode::png(&self.rgba(), self.width_px, self.height_px, png::ColorType::Rgba)
    }
}
