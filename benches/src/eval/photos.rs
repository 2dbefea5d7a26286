//! Photos with reference mattes, as they lie in a folder: `SUBSET_NAME.jpg` beside `SUBSET_NAME.png`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clearcut_image::{Limits, Picture, decode};

/// One photo on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Its file name without the ending.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl Photo {
    /// What stands before the first underscore of its name; the whole name where there is none.
    pub fn subset(&self) -> &str {
        self.name.split('_').next().unwrap_or_default()
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        fs::read(&self.path).with_context(|| format!("cannot read {}", self.path.display()))
    }

    /// The photo, upright and in sRGB.
    pub fn picture(&self) -> Result<Picture> {
        picture(&self.path, &self.bytes()?)
    }

    /// The matte beside the photo, as one byte a pixel; it must have the photo's size.
    pub fn reference(&self, photo: &Picture) -> Result<Vec<u8>> {
        let path = self.path.with_extension("png");
        let bytes =
            fs::read(&path).with_context(|| format!("{} has no matte: cannot read {}", self.name, path.display()))?;
        let reference = picture(&path, &bytes)?;
        let size = |picture: &Picture| (picture.width_px(), picture.height_px());
        ensure!(
            size(&reference) == size(photo),
            "{} has {}x{} pixels, and its photo {}x{}",
            path.display(),
            reference.width_px(),
            reference.height_px(),
            photo.width_px(),
            photo.height_px()
        );
        Ok(reference.rgba().chunks_exact(4).map(|pixel| pixel[0]).collect())
    }
}

/// All photos of a folder by name.
pub fn list(folder: &Path) -> Result<Vec<Photo>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut photos = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        let is_photo =
            path.extension().is_some_and(|ending| ["jpg", "jpeg"].iter().any(|jpeg| ending.eq_ignore_ascii_case(jpeg)));
        if is_photo && let Some(name) = path.file_stem() {
            photos.push(Photo { name: name.to_string_lossy().into_owned(), path });
        }
    }
    ensure!(!photos.is_empty(), "{} holds no photo (NAME.jpg, with a matte NAME.png beside it)", folder.display());
    photos.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(photos)
}

/// So many photos of a sorted list, spread over all of it, so that every subset has its share.
pub fn spread(photos: Vec<Photo>, count: usize) -> Vec<Photo> {
    let all = photos.len();
    let chosen: Vec<usize> = (0..count.min(all)).map(|at| at * all / count.min(all)).collect();
    photos.into_iter().enumerate().filter(|(at, _)| chosen.contains(at)).map(|(_, photo)| photo).collect()
}

/// A decoded file.
pub fn picture(path: &Path, bytes: &[u8]) -> Result<Picture> {
    let decoded = decode(bytes, &Limits::default()).with_context(|| format!("cannot decode {}", path.display()))?;
    Ok(decoded.picture)
}

#[cfg(test)]
mod tests {
    use clearcut_testkit::scene;

    use super::*;

    #[test]
    fn photos_come_by_name_with_mattes_of_their_size() {
        let folder = tempfile::tempdir().unwrap();
        let scene = scene::disc(24, 16, 1);
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        assert!(list(folder.path()).unwrap_err().to_string().contains("holds no photo"));
        for name in ["b_2.jpg", "a_u_1.JPG", "c_3.jpg"] {
            put(name, &scene.jpeg(90));
        }
        put("b_2.png", &scene.matte_png());
        put("c_3.png", &scene::disc(10, 10, 1).matte_png());
        put("notes.txt", b"");
        let photos = list(folder.path()).unwrap();
        assert_eq!(photos.iter().map(Photo::subset).collect::<Vec<_>>(), ["a", "b", "c"]);

        let reference = |at: usize| photos[at].reference(&photos[at].picture().unwrap());
        assert_eq!(reference(1).unwrap(), scene.alpha);
        assert!(format!("{:#}", reference(0).unwrap_err()).contains("a_u_1 has no matte"));
        assert!(reference(2).unwrap_err().to_string().contains("10x10 pixels, and its photo 24x16"));
        assert!(list(&folder.path().join("absent")).unwrap_err().to_string().contains("absent"));
    }

    #[test]
    fn a_part_is_spread_over_all() {
        let photos: Vec<Photo> = (0..9).map(|at| Photo { name: at.to_string(), path: PathBuf::new() }).collect();
        let names = |count| spread(photos.clone(), count).into_iter().map(|photo| photo.name).collect::<String>();
        assert_eq!(names(3), "036");
        assert_eq!(names(4), "0246");
        assert_eq!(names(100), "012345678");
    }
}
