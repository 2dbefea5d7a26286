//! The one in-memory form of a picture that every crate speaks.

/// An upright picture: interleaved RGBA, 8 bits a channel, sRGB, straight (not premultiplied) alpha.
///
/// Row-major, no padding: `rgba().len() == width_px * height_px * 4`. Neither side is zero.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width_px: u32,
    height_px: u32,
    rgba: Vec<u8>,
}

impl Picture {
    /// Takes over `rgba`.
    ///
    /// # Panics
    ///
    /// If a side is zero or the buffer is not `width_px * height_px * 4` bytes long: both are bugs of the caller,
    /// never a property of an upload.
    pub fn from_rgba(width_px: u32, height_px: u32, rgba: Vec<u8>) -> Self {
        assert!(width_px > 0 && height_px > 0, "a picture has no zero side");
        assert_eq!(rgba.len(), area(width_px, height_px) * 4, "RGBA buffer does not fit {width_px}x{height_px}");
        Self { width_px, height_px, rgba }
    }

    /// A picture of one color.
    pub fn filled(width_px: u32, height_px: u32, rgba: [u8; 4]) -> Self {
        Self::from_rgba(width_px, height_px, rgba.repeat(area(width_px, height_px)))
    }

    /// Width in pixels, at least 1.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Height in pixels, at least 1.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// All pixels, row by row.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// All pixels, to be changed in place.
    pub fn rgba_mut(&mut self) -> &mut [u8] {
        &mut self.rgba
    }

    /// Gives the buffer back.
    pub fn into_rgba(self) -> Vec<u8> {
        self.rgba
    }

    /// One pixel as `[r, g, b, a]`.
    ///
    /// # Panics
    ///
    /// Outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        assert!(x < self.width_px, "x is inside the picture");
        let at = (y as usize * self.width_px as usize + x as usize) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2], self.rgba[at + 3]]
    }

    /// Whether every pixel has alpha 255.
    pub fn is_opaque(&self) -> bool {
        self.rgba.chunks_exact(4).all(|p| p[3] == 255)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width_px, self.height_px)
    }
}

/// How much of each pixel belongs to the foreground: 8 bits, 0 = background, 255 = foreground, linear coverage.
///
/// Row-major, no padding: `alpha().len() == width_px * height_px`. Neither side is zero. A matte may be smaller
/// than the picture it belongs to (the model's size) until it is refined.
#[derive(Clone, PartialEq, Eq)]
pub struct Matte {
    width_px: u32,
    height_px: u32,
    alpha: Vec<u8>,
}

impl Matte {
    /// Takes over `alpha`.
    ///
    /// # Panics
    ///
    /// If a side is zero or the buffer is not `width_px * height_px` bytes long.
    pub fn from_alpha(width_px: u32, height_px: u32, alpha: Vec<u8>) -> Self {
        assert!(width_px > 0 && height_px > 0, "a matte has no zero side");
        assert_eq!(alpha.len(), area(width_px, height_px), "alpha buffer does not fit {width_px}x{height_px}");
        Self { width_px, height_px, alpha }
    }

    /// A matte of one value.
    pub fn filled(width_px: u32, height_px: u32, alpha: u8) -> Self {
        Self::from_alpha(width_px, height_px, vec![alpha; area(width_px, height_px)])
    }

    /// Width in pixels, at least 1.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Height in pixels, at least 1.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// All values, row by row.
    pub fn alpha(&self) -> &[u8] {
        &self.alpha
    }

    /// All values, to be changed in place.
    pub fn alpha_mut(&mut self) -> &mut [u8] {
        &mut self.alpha
    }

    /// Gives the buffer back.
    pub fn into_alpha(self) -> Vec<u8> {
        self.alpha
    }

    /// Mean of the matte as a share of the whole, 0 to 1.
    pub fn coverage(&self) -> f32 {
        let sum: u64 = self.alpha.iter().map(|&a| u64::from(a)).sum();
        (sum as f64 / (255.0 * self.alpha.len() as f64)) as f32
    }
}

impl std::fmt::Debug for Matte {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matte({}x{}, coverage {:.3})", self.width_px, self.height_px, self.coverage())
    }
}

fn area(width_px: u32, height_px: u32) -> usize {
    width_px as usize * height_px as usize
}
