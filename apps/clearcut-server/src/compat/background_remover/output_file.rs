//! A picture of the output folder, and of nowhere else.

use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind, Read as _},
    path::{Component, Path, PathBuf},
};

use clearcut::Limits;

use crate::failure::{Code, Failure, Outcome};

/// A picture that was read.
#[derive(Debug)]
pub(super) struct OutputFile {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: &'static str,
}

/// Reads the picture at `path`, which is relative to `folder` or lies in it. Blocks.
///
/// # Errors
///
/// [`Code::Forbidden`] for whatever is not plainly inside: `..`, links of both kinds, files that are not regular;
/// [`Code::NotFound`], [`Code::TooLarge`], and [`Code::NotAPicture`] or another of its kind.
pub(super) fn read(folder: &Path, path: &str, limits: &Limits) -> Outcome<OutputFile> {
    let names = names_below(folder, path)?;
    // The folder itself may be a link; what is in it may not.
    let path = fs::canonicalize(folder).map_err(unreadable)?.join(names);
    let bytes = read_plain(&path, limits.max_bytes)?;
    // Neither secrets nor scripts, should they ever lie here.
    let header = clearcut_image::probe(&bytes, limits).map_err(clearcut::RemoveError::from)?;
    Ok(OutputFile { bytes, media_type: header.format.media_type() })
}

/// The part of `path` below `folder`, made of plain names alone. Nothing is looked up, so an answer tells nothing about
/// files elsewhere.
fn names_below(folder: &Path, path: &str) -> Outcome<PathBuf> {
    // A backslash separates names on some systems and belongs to them on others.
    if path.trim().is_empty() || path.contains(['\0', '\\']) {
        return Err(outside());
    }
    let path = Path::new(path);
    let below = path.strip_prefix(folder).unwrap_or(path);
    let mut names = PathBuf::new();
    for component in below.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(names)
}

fn read_plain(path: &Path, limit_bytes: u64) -> Outcome<Vec<u8>> {
    // Looked at before it is opened: opening a pipe waits for its other end.
    check_plain(path, &fs::symlink_metadata(path).map_err(unreadable)?)?;
    let file = File::open(path).map_err(unreadable)?;
    let opened = file.metadata().map_err(unreadable)?;
    // And after, in case something else was put in its place meanwhile.
    let found = fs::symlink_metadata(path).map_err(unreadable)?;
    check_plain(path, &found)?;
    if !is_same_file(&opened, &found) {
        return Err(outside());
    }
    if opened.len() > limit_bytes {
        return Err(too_large(limit_bytes));
    }
    let mut bytes = Vec::with_capacity(opened.len().try_into().unwrap_or_default());
    file.take(limit_bytes + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limit_bytes {
        return Err(too_large(limit_bytes));
    }
    Ok(bytes)
}

/// Whether `path` is the only name of a regular file, without a link on the way.
fn check_plain(path: &Path, metadata: &Metadata) -> Outcome<()> {
    if !metadata.is_file() || has_other_names(metadata) || fs::canonicalize(path).map_err(unreadable)? != path {
        return Err(outside());
    }
    Ok(())
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn has_other_names(_metadata: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    one.len() == other.len() && one.created().ok() == other.created().ok()
}

fn outside() -> Failure {
    Failure::new(Code::Forbidden, "only plain files of the output folder are read; give a path relative to it")
}

fn too_large(limit_bytes: u64) -> Failure {
    Failure::new(Code::TooLarge, format!("the file has more than {limit_bytes} bytes"))
}

fn unreadable(error: io::Error) -> Failure {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::IsADirectory => outside(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename | ErrorKind::InvalidInput => {
            Failure::new(Code::NotFound, "there is no such file in the output folder")
        }
        _ => Failure::internal(error),
    }
}
