//! The contact sheet: of every photo the photo itself, its reference, our matte, and their difference.

use clearcut::Picture;
use clearcut_composite::canvas;

/// The longer side of a picture on the sheet.
const TILE_PX: u32 = 112;
/// Pictures in a group: photo, reference, ours, difference.
const TILES: u32 = 4;
/// Groups side by side.
const ACROSS: usize = 3;
/// Space between groups.
const GAP_PX: u32 = 6;
const PAPER: [u8; 4] = [48, 48, 52, 255];

/// Groups of four pictures, in lines; every section begins a line.
#[derive(Debug, Default)]
pub struct Sheet {
    sections: Vec<Vec<Picture>>,
}

impl Sheet {
    /// Begins a section.
    pub fn section(&mut self) {
        self.sections.push(Vec::new());
    }

    /// Adds a photo and its mattes, one byte a pixel of the photo, to the section begun last.
    pub fn add(&mut self, photo: &Picture, reference: &[u8], ours: &[u8]) {
        let mut group = Picture::filled(TILE_PX * TILES, TILE_PX, PAPER);
        let of_mattes = |color: fn(u8, u8) -> [u8; 3]| {
            let pixels = reference.iter().zip(ours).flat_map(|(&reference, &ours)| {
                let [r, g, b] = color(reference, ours);
                [r, g, b, 255]
            });
            Picture::from_rgba(photo.width_px(), photo.height_px(), pixels.collect())
        };
        paste(&mut group, &shrunk(photo), 0, 0);
        paste(&mut group, &shrunk(&of_mattes(|reference, _| [reference; 3])), TILE_PX, 0);
        paste(&mut group, &shrunk(&of_mattes(|_, ours| [ours; 3])), 2 * TILE_PX, 0);
        paste(&mut group, &shrunk(&of_mattes(difference)), 3 * TILE_PX, 0);
        if self.sections.is_empty() {
            self.section();
        }
        if let Some(section) = self.sections.last_mut() {
            section.push(group);
        }
    }

    /// The lines that a section takes.
    pub fn lines(section_len: usize) -> usize {
        section_len.div_ceil(ACROSS)
    }

    /// The whole sheet; nothing where nothing was added.
    pub fn picture(&self) -> Option<Picture> {
        let lines: usize = self.sections.iter().map(|section| Self::lines(section.len())).sum();
        if lines == 0 {
            return None;
        }
        let (step_x, step_y) = (TILE_PX * TILES + GAP_PX, TILE_PX + GAP_PX);
        let mut sheet = Picture::filled(step_x * ACROSS as u32 + GAP_PX, step_y * lines as u32 + GAP_PX, PAPER);
        for (line, groups) in self.sections.iter().flat_map(|section| section.chunks(ACROSS)).enumerate() {
            for (at, group) in groups.iter().enumerate() {
                paste(&mut sheet, group, GAP_PX + step_x * at as u32, GAP_PX + step_y * line as u32);
            }
        }
        Some(sheet)
    }
}

/// Red where there is too much foreground, blue where there is too little, on a dim reference.
fn difference(reference: u8, ours: u8) -> [u8; 3] {
    let dim = reference / 4;
    let strong = |by: u8| dim.saturating_add(by);
    [strong(ours.saturating_sub(reference)), dim, strong(reference.saturating_sub(ours))]
}

fn shrunk(picture: &Picture) -> Picture {
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let long_px = width_px.max(height_px);
    let side = |px: u32| (px * TILE_PX / long_px).max(1);
    canvas::resize(picture, side(width_px), side(height_px))
}

fn paste(onto: &mut Picture, picture: &Picture, left_px: u32, top_px: u32) {
    let (onto_row, row) = (onto.width_px() as usize * 4, picture.width_px() as usize * 4);
    let lines = onto.rgba_mut().chunks_exact_mut(onto_row).skip(top_px as usize);
    for (line, source) in lines.zip(picture.rgba().chunks_exact(row)) {
        line[left_px as usize * 4..][..row].copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_shows_four_pictures_of_each_photo_and_begins_sections_on_new_lines() {
        let mut sheet = Sheet::default();
        assert!(sheet.picture().is_none());
        let photo = Picture::filled(200, 100, [10, 200, 30, 255]);
        let area = 200 * 100;
        for _ in 0..4 {
            sheet.add(&photo, &vec![0; area], &vec![255; area]);
        }
        sheet.section();
        sheet.add(&photo, &vec![255; area], &vec![0; area]);
        let picture = sheet.picture().expect("five photos");
        let step = TILE_PX + GAP_PX;
        assert_eq!(picture.height_px(), 3 * step + GAP_PX);
        let tile = |line: u32, at: u32| picture.pixel(GAP_PX + at * TILE_PX + 20, GAP_PX + line * step + 20);
        assert_eq!(
            [0, 1, 2, 3].map(|at| tile(0, at)),
            [[10, 200, 30, 255], [0, 0, 0, 255], [255; 4], [255, 0, 0, 255]]
        );
        assert_eq!(tile(2, 3), [63, 63, 255, 255]);
        assert_eq!(tile(1, 5), PAPER, "the second line has one photo");
    }
}
