//! Lines around a subject or a canvas.

use clearcut_image::Picture;

use crate::backdrop::under_color;
use crate::canvas::{Margins, pad};
use crate::distance;
use crate::rect::{Rect, visible};

/// A line of `width_px` along the outline of everything visible, outside of it. The canvas grows by that much on
/// every side where the line would leave it; answered are the picture and how far its content moved right and down.
///
/// Nothing visible, or a width of 0, changes nothing.
pub fn outline(picture: Picture, width_px: u32, color: [u8; 4]) -> (Picture, (u32, u32)) {
    let Some(subject) = visible(&picture).filter(|_| width_px > 0) else { return (picture, (0, 0)) };
    let margins = missing_room(&picture, subject, width_px);
    let moved = (margins.left_px, margins.top_px);
    let mut picture = if margins == Margins::default() { picture } else { pad(&picture, margins) };
    // Only this part can change, and a distance takes four bytes a pixel.
    let part = around(&picture, subject.moved(moved.0, moved.1), width_px + 1);
    let (row, width) = (picture.width_px() as usize, part.width_px as usize);
    let rows = (part.top_px as usize..).take(part.height_px as usize);
    let start = |y: usize| (y * row + part.left_px as usize) * 4;
    let alpha: Vec<u8> = rows
        .clone()
        .flat_map(|y| picture.rgba()[start(y)..][..width * 4].chunks_exact(4).map(|pixel| pixel[3]))
        .collect();
    let distances = distance::outside(&alpha, width, part.height_px as usize);
    for (y, distances) in rows.zip(distances.chunks_exact(width)) {
        let pixels = picture.rgba_mut()[start(y)..][..width * 4].as_chunks_mut::<4>().0;
        for (pixel, distance) in pixels.iter_mut().zip(distances) {
            let coverage = (width_px as f32 - distance + 0.5).clamp(0.0, 1.0);
            let alpha = (coverage * f32::from(color[3])).round() as u8;
            under_color(pixel, [color[0], color[1], color[2], alpha]);
        }
    }
    (picture, moved)
}

/// A frame of `width_px` around the canvas, which grows by it on every side. The content moves right and down by the
/// frame's width.
pub fn frame(picture: &Picture, width_px: u32, color: [u8; 4]) -> Picture {
    let inner = Rect::whole(picture).moved(width_px, width_px);
    let mut framed = pad(picture, Margins::all(width_px));
    let row = framed.width_px() as usize;
    for (at, pixel) in framed.rgba_mut().as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (x, y) = ((at % row) as u32, (at / row) as u32);
        let inside = (inner.left_px..inner.left_px + inner.width_px).contains(&x)
            && (inner.top_px..inner.top_px + inner.height_px).contains(&y);
        if !inside {
            *pixel = color;
        }
    }
    framed
}

fn missing_room(picture: &Picture, subject: Rect, width_px: u32) -> Margins {
    let right_px = picture.width_px() - subject.left_px - subject.width_px;
    let bottom_px = picture.height_px() - subject.top_px - subject.height_px;
    Margins {
        top_px: width_px.saturating_sub(subject.top_px),
        right_px: width_px.saturating_sub(right_px),
        bottom_px: width_px.saturating_sub(bottom_px),
        left_px: width_px.saturating_sub(subject.left_px),
    }
}

fn around(picture: &Picture, rect: Rect, px: u32) -> Rect {
    let corner = (rect.left_px.saturating_sub(px), rect.top_px.saturating_sub(px));
    let other = (rect.left_px + rect.width_px + px, rect.top_px + rect.height_px + px);
    Rect::between(corner, other, picture.width_px(), picture.height_px())
}
