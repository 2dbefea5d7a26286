//! From a picture to a network's input.

use clearcut_image::Picture;

use crate::resample;
use crate::spec::{ChannelOrder, Divisor, InputSize, InputSpec, ModelSpec};

/// A network's input of shape `1 x 3 x height x width`, normalized, plane by plane.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct InputTensor {
    /// Width of the planes.
    pub width_px: u32,
    /// Height of the planes.
    pub height_px: u32,
    /// The three planes one after the other, each row by row.
    pub values: Vec<f32>,
    /// The part that shows the picture; the rest is padding.
    pub content: Content,
}

/// Where in an input the picture lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// Padding on the left.
    pub left_px: u32,
    /// Padding above.
    pub top_px: u32,
    /// Width of the picture in the input.
    pub width_px: u32,
    /// Height of the picture in the input.
    pub height_px: u32,
}

impl ModelSpec {
    /// The network's input for `picture`, whose alpha is ignored.
    pub fn prepare(&self, picture: &Picture) -> InputTensor {
        let input = &self.processing.input;
        let (width_px, height_px, content) = input.size.fit(picture.width_px(), picture.height_px());
        let rgba = resample::picture(picture, content.width_px, content.height_px, input.filter);
        let tables = input.value_tables(&rgba);
        let mut values = Vec::with_capacity(width_px as usize * height_px as usize * 3);
        let channels = match input.channels {
            ChannelOrder::Rgb => [0, 1, 2],
            ChannelOrder::Bgr => [2, 1, 0],
        };
        for channel in channels {
            let table = &tables[channel];
            let row_px = content.width_px as usize;
            let rows = rgba
                .chunks_exact(row_px * 4)
                .map(|row| row.chunks_exact(4).map(|pixel| table[usize::from(pixel[channel])]));
            if (content.width_px, content.height_px) == (width_px, height_px) {
                rows.for_each(|row| values.extend(row));
            } else {
                let plane_start = values.len();
                let end_of = |row: u32| plane_start + row as usize * width_px as usize;
                values.resize(end_of(content.top_px), table[0]);
                for (row, index) in rows.zip(content.top_px..) {
                    values.resize(end_of(index) + content.left_px as usize, table[0]);
                    values.extend(row);
                    values.resize(end_of(index + 1), table[0]);
                }
                values.resize(end_of(height_px), table[0]);
            }
        }
        InputTensor { width_px, height_px, values, content }
    }
}

impl InputSize {
    /// Width and height of the input for a picture of this size, and where the picture lies in it.
    fn fit(self, width_px: u32, height_px: u32) -> (u32, u32, Content) {
        let (long_px, short_px) = (width_px.max(height_px), width_px.min(height_px));
        // In 64 bits: a side of 65,535 px times the largest input side does not fit in 32.
        let scaled = |side: u32, to: u32, from: u32| (u64::from(side) * u64::from(to) / u64::from(from)) as u32;
        let whole = |width_px, height_px| (width_px, height_px, Content { left_px: 0, top_px: 0, width_px, height_px });
        match self {
            Self::Square { side_px } => whole(side_px, side_px),
            Self::Letterbox { side_px } => {
                let [width_px, height_px] = [width_px, height_px].map(|side| scaled(side, side_px, long_px).max(1));
                let (left_px, top_px) = ((side_px - width_px) / 2, (side_px - height_px) / 2);
                (side_px, side_px, Content { left_px, top_px, width_px, height_px })
            }
            Self::ShortSide { side_px, multiple_px } => {
                let rescale = long_px < side_px || short_px > side_px;
                let longest_px = side_px.saturating_mul(4);
                let [width_px, height_px] = [width_px, height_px].map(|side| {
                    let side = if rescale { scaled(side, side_px, short_px) } else { side }.min(longest_px);
                    (side - side % multiple_px).max(multiple_px)
                });
                whole(width_px, height_px)
            }
        }
    }
}

impl InputSpec {
    /// The input value of each 8-bit value, per channel in RGB order.
    fn value_tables(&self, rgba: &[u8]) -> [[f32; 256]; 3] {
        let divisor = match self.divide_by {
            Divisor::Full => 255.0,
            Divisor::One => 1.0,
            Divisor::Maximum => {
                let brightest = rgba.chunks_exact(4).map(|pixel| pixel[0].max(pixel[1]).max(pixel[2])).max();
                // A black picture stays black whatever it is divided by.
                f32::from(brightest.unwrap_or(0).max(1))
            }
        };
        std::array::from_fn(|channel| {
            std::array::from_fn(|value| (value as f32 / divisor - self.mean[channel]) / self.std[channel])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    fn fit(size: InputSize, width_px: u32, height_px: u32) -> (u32, u32, [u32; 4]) {
        let (width, height, Content { left_px, top_px, width_px, height_px }) = size.fit(width_px, height_px);
        (width, height, [left_px, top_px, width_px, height_px])
    }

    #[test]
    fn sizes_follow_their_rule_for_every_aspect() {
        let square = InputSize::Square { side_px: 320 };
        let letterbox = InputSize::Letterbox { side_px: 100 };
        let short_side = InputSize::ShortSide { side_px: 512, multiple_px: 32 };
        assert_eq!(fit(square, 65_535, 1), (320, 320, [0, 0, 320, 320]));
        assert_eq!(fit(letterbox, 200, 100), (100, 100, [0, 25, 100, 50]));
        assert_eq!(fit(letterbox, 65_535, 1), (100, 100, [0, 49, 100, 1]));
        assert_eq!(fit(letterbox, 1, 1), (100, 100, [0, 0, 100, 100]));
        assert_eq!(fit(short_side, 1000, 667), (736, 512, [0, 0, 736, 512]));
        assert_eq!(fit(short_side, 100, 200), (512, 1024, [0, 0, 512, 1024]));
        assert_eq!(fit(short_side, 600, 500), (576, 480, [0, 0, 576, 480]));
        assert_eq!(fit(short_side, 65_535, 1), (2048, 32, [0, 0, 2048, 32]));
        assert_eq!(fit(short_side, 1, 1), (512, 512, [0, 0, 512, 512]));
    }

    #[test]
    fn padding_is_black_after_normalization_and_surrounds_the_picture() {
        let mut spec = Catalogue::builtin().family("isnet", "padded").expect("a family");
        spec.processing.input.size = InputSize::Letterbox { side_px: 4 };
        let input = spec.prepare(&Picture::filled(2, 1, [255, 255, 255, 255]));
        let (black, white) = (-0.5, 0.5);
        let plane = [[black; 4], [white; 4], [white; 4], [black; 4]].concat();
        assert_eq!(input.values, plane.repeat(3));
    }

    #[test]
    fn channels_come_in_the_order_of_the_description() {
        let mut spec = Catalogue::builtin().family("ben", "swapped").expect("a family");
        spec.processing.input.size = InputSize::Square { side_px: 1 };
        spec.processing.input.channels = ChannelOrder::Bgr;
        assert_eq!(spec.prepare(&Picture::filled(1, 1, [255, 0, 0, 9])).values, [0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_black_picture_divided_by_its_maximum_is_a_number() {
        let spec = Catalogue::builtin().family("u2net", "dark").expect("a family");
        let input = spec.prepare(&Picture::filled(8, 8, [0, 0, 0, 255]));
        assert!(input.values.iter().all(|value| value.is_finite()));
    }
}
