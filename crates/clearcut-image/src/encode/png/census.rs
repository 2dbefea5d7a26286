//! What a picture's pixels have in common, so that less of them has to be stored.

/// Slots of the color table: a power of two, four times the most colors it ever holds.
const SLOTS: usize = 1024;

const EMPTY: u16 = u16::MAX;

/// One look at every pixel.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) is_opaque: bool,
    pub(super) is_gray: bool,
    /// Present where there are at most 256 colors, alpha counted as part of the color.
    pub(super) palette: Option<Palette>,
}

impl Census {
    pub(super) fn take(pixels: &[[u8; 4]]) -> Self {
        let mut census = Self { is_opaque: true, is_gray: true, palette: Some(Palette::new()) };
        for &pixel in pixels {
            let [r, g, b, alpha] = pixel;
            census.is_opaque &= alpha == 255;
            census.is_gray &= r == g && g == b;
            if let Some(palette) = &mut census.palette
                && !palette.insert(pixel)
            {
                census.palette = None;
            }
            if !census.is_opaque && !census.is_gray && census.palette.is_none() {
                break;
            }
        }
        if let Some(palette) = &mut census.palette {
            palette.sort_transparent_first();
        }
        census
    }
}

/// Up to 256 different colors, findable by hash.
#[derive(Debug)]
pub(super) struct Palette {
    colors: Vec<[u8; 4]>,
    slots: Box<[u16; SLOTS]>,
}

impl Palette {
    fn new() -> Self {
        Self { colors: Vec::with_capacity(256), slots: Box::new([EMPTY; SLOTS]) }
    }

    /// The slot of a color, or the empty one where it belongs.
    fn slot(&self, color: [u8; 4]) -> usize {
        // Fibonacci hashing: the high bits of a product with 2^32 divided by the golden ratio.
        let mut slot = (u32::from_ne_bytes(color).wrapping_mul(0x9e37_79b9) >> 22) as usize;
        while self.slots[slot] != EMPTY && self.colors[usize::from(self.slots[slot])] != color {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    /// `false` where the color is a 257th.
    fn insert(&mut self, color: [u8; 4]) -> bool {
        // Flat areas are what pictures of few colors are made of.
        if self.colors.last() == Some(&color) {
            return true;
        }
        let slot = self.slot(color);
        if self.slots[slot] == EMPTY {
            if self.colors.len() == 256 {
                return false;
            }
            self.slots[slot] = self.colors.len() as u16;
            self.colors.push(color);
        }
        true
    }

    /// The alpha table of a PNG may end before the opaque colors.
    fn sort_transparent_first(&mut self) {
        let mut colors = std::mem::take(&mut self.colors);
        colors.sort_by_key(|color| (color[3] == 255, *color));
        *self = Self::new();
        for color in colors {
            self.insert(color);
        }
    }

    /// Three bytes for each color.
    pub(super) fn rgb(&self) -> Vec<u8> {
        self.colors.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect()
    }

    /// One byte for each color that is not opaque.
    pub(super) fn alpha(&self) -> Vec<u8> {
        self.colors.iter().map(|color| color[3]).take_while(|&alpha| alpha < 255).collect()
    }

    /// The place of each pixel's color.
    ///
    /// # Contract
    ///
    /// The pixels are those of the census.
    pub(super) fn indices(&self, pixels: &[[u8; 4]]) -> Vec<u8> {
        let mut last = ([0; 4], self.slots[self.slot([0; 4])]);
        pixels
            .iter()
            .map(|&pixel| {
                if pixel != last.0 || last.1 == EMPTY {
                    last = (pixel, self.slots[self.slot(pixel)]);
                }
                last.1 as u8
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Census;

    #[test]
    fn counts_colors_up_to_256() {
        let color = |i: u32| [(i % 251) as u8, (i / 251) as u8, 7, if i.is_multiple_of(3) { 128 } else { 255 }];
        for (count, has_palette) in [(1, true), (2, true), (255, true), (256, true), (257, false), (5000, false)] {
            let pixels: Vec<_> = (0..count * 3).map(|i| color(i % count)).collect();
            let census = Census::take(&pixels);
            assert_eq!(census.palette.is_some(), has_palette, "{count} colors");
            if let Some(palette) = census.palette {
                let (rgb, alpha) = (palette.rgb(), palette.alpha());
                for (pixel, index) in pixels.iter().zip(palette.indices(&pixels)) {
                    let index = usize::from(index);
                    assert_eq!(rgb[index * 3..index * 3 + 3], pixel[..3]);
                    assert_eq!(alpha.get(index).copied().unwrap_or(255), pixel[3]);
                }
            }
        }
    }

    #[test]
    fn tells_gray_and_opaque() {
        let census = Census::take(&[[3, 3, 3, 255], [9, 9, 9, 255]]);
        assert!(census.is_gray && census.is_opaque);
        let census = Census::take(&[[3, 3, 3, 255], [9, 9, 9, 254]]);
        assert!(census.is_gray && !census.is_opaque);
        let census = Census::take(&[[3, 3, 4, 255]]);
        assert!(!census.is_gray && census.is_opaque);
    }
}
