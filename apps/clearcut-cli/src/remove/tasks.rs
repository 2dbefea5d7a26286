//! From the command line's inputs to pairs of one input and one output, checked before anything is done.

use std::{
    collections::HashMap,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use clearcut::plan::Format;
use walkdir::WalkDir;

use crate::{
    args::Existing,
    exit::{Exit, Failure},
};

/// Name endings by which pictures are found in folders; a file named on the command line may have any.
const PICTURES: &[&str] = &["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff"];
/// What is added to a result's name when it stands beside its input.
const SUFFIX: &str = "-cutout";

/// Inputs that cannot be looked at, and why.
pub type Unreadable = Vec<(PathBuf, Failure)>;

/// One picture to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Where the picture comes from.
    pub input: Place,
    /// Where the result goes.
    pub output: Place,
    /// Whether the user named this very output file.
    pub output_named: bool,
}

impl Task {
    /// Whether the picture is left out, because its result is there already.
    ///
    /// # Errors
    ///
    /// The result is there, and may be neither replaced nor left alone.
    pub fn is_skipped(&self, existing: Existing) -> Result<bool, Failure> {
        let Place::File(path) = &self.output else { return Ok(false) };
        if !path.is_file() {
            return Ok(false);
        }
        match existing {
            Existing::Skip => Ok(true),
            Existing::Refuse if !self.output_named => {
                let message = format!("{} is there already; say --overwrite or --skip-existing", path.display());
                Err(Failure::new(Exit::Exists, "output_exists", message))
            }
            Existing::Refuse | Existing::Replace => Ok(false),
        }
    }
}

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Standard input or output.
    Stream,
    /// Nowhere but in the cache.
    Cache,
    /// A file.
    File(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stream => f.write_str("-"),
            Self::Cache => f.write_str("cache"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Where results go and what they are called.
#[derive(Debug)]
pub struct Layout {
    output: Output,
    extension: &'static str,
    recursive: bool,
}

#[derive(Debug)]
enum Output {
    Beside,
    Stream,
    File(PathBuf),
    Folder(PathBuf),
}

impl Layout {
    /// `inputs` and `output` as given; a folder is meant where one exists, where the name ends with a separator, or
    /// where there is more to write than one file.
    pub fn new(inputs: &[PathBuf], output: Option<&Path>, format: Format, recursive: bool) -> Result<Self, Failure> {
        let many = inputs.len() > 1 || inputs.iter().any(|input| input.is_dir());
        let output = match output {
            None if inputs.iter().any(|input| is_stream(input)) => Output::Stream,
            None => Output::Beside,
            Some(path) if is_stream(path) && many => {
                return Err(Failure::usage("standard output takes one picture; name a folder with -o"));
            }
            Some(path) if is_stream(path) => Output::Stream,
            Some(path) if many || path.is_dir() || ends_with_separator(path) => Output::Folder(path.to_owned()),
            Some(path) => Output::File(path.to_owned()),
        };
        if let Output::Folder(folder) = &output
            && folder.is_file()
        {
            return Err(Failure::usage(format!(
                "{} is a file, but several results go there; name a folder with -o",
                folder.display()
            )));
        }
        Ok(Self { output, extension: extension(format), recursive })
    }

    /// The folder of the results, where they all have one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.output {
            Output::Folder(folder) => Some(folder),
            Output::Beside | Output::Stream | Output::File(_) => None,
        }
    }

    /// All tasks, in the order of the inputs and of names inside folders; and the inputs that cannot be read.
    ///
    /// Refuses if two inputs would write the same output, or one would replace its own input.
    pub fn tasks(&self, inputs: &[PathBuf]) -> Result<(Vec<Task>, Unreadable), Failure> {
        let (mut tasks, mut failures) = (Vec::new(), Unreadable::new());
        for input in inputs {
            if input.is_dir() {
                self.walk(input, &mut tasks, &mut failures);
            } else {
                tasks.push(self.task(input, input.parent().unwrap_or(Path::new(""))));
            }
        }
        refuse_collisions(&tasks)?;
        Ok((tasks, failures))
    }

    /// The task of one file found under `root`, or `None` if it is no picture or one of our own results.
    pub fn task_in_folder(&self, file: &Path, root: &Path) -> Option<Task> {
        let ending = file.extension()?.to_str()?.to_ascii_lowercase();
        let ours = match &self.output {
            Output::Folder(folder) => file.starts_with(folder) && !root.starts_with(folder),
            _ => file.file_stem()?.to_str().is_some_and(|stem| stem.ends_with(SUFFIX)),
        };
        let deep = file.parent() != Some(root);
        (PICTURES.contains(&ending.as_str()) && !ours && (self.recursive || !deep)).then(|| self.task(file, root))
    }

    fn walk(&self, root: &Path, tasks: &mut Vec<Task>, failures: &mut Unreadable) {
        let depth = if self.recursive { usize::MAX } else { 1 };
        for entry in WalkDir::new(root).max_depth(depth).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() => tasks.extend(self.task_in_folder(entry.path(), root)),
                Ok(_) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    let error =
                        error.into_io_error().unwrap_or_else(|| io::Error::other("a link that leads in a circle"));
                    failures.push((path, Failure::read(&error)));
                }
            }
        }
    }

    fn task(&self, file: &Path, root: &Path) -> Task {
        let stem = file.file_stem().unwrap_or(OsStr::new("picture"));
        let output = match &self.output {
            Output::Stream => Place::Stream,
            Output::File(path) => Place::File(path.clone()),
            Output::Beside => {
                let mut name = stem.to_owned();
                name.push(SUFFIX);
                Place::File(file.with_file_name(with_extension(&name, self.extension)))
            }
            Output::Folder(folder) => {
                let stem = if is_stream(file) { OsStr::new("stdin") } else { stem };
                let inside = file.parent().and_then(|parent| parent.strip_prefix(root).ok()).unwrap_or(Path::new(""));
                Place::File(folder.join(inside).join(with_extension(stem, self.extension)))
            }
        };
        let input = if is_stream(file) { Place::Stream } else { Place::File(file.to_owned()) };
        Task { input, output, output_named: matches!(self.output, Output::File(_)) }
    }
}

fn refuse_collisions(tasks: &[Task]) -> Result<(), Failure> {
    let mut outputs: HashMap<&Path, &Place> = HashMap::new();
    for Task { input, output, .. } in tasks {
        let Place::File(output) = output else { continue };
        if let Some(other) = outputs.insert(output, input) {
            return Err(Failure::usage(format!(
                "{other} and {input} would both be written to {}; nothing was done: rename one, or process them apart",
                output.display()
            )));
        }
    }
    for Task { input, .. } in tasks {
        let Place::File(input) = input else { continue };
        if outputs.contains_key(input.as_path()) || outputs.keys().any(|output| is_same_file(input, output)) {
            return Err(Failure::new(
                Exit::Usage,
                "usage",
                format!("{} would be replaced by a result; nothing was done: choose another -o", input.display()),
            ));
        }
    }
    Ok(())
}

/// Only asked where the paths differ: `./a.png` and `a.png`, links.
fn is_same_file(one: &Path, other: &Path) -> bool {
    one.file_name() == other.file_name()
        && matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn with_extension(stem: &OsStr, extension: &str) -> PathBuf {
    // Not Path::with_extension: a stem may hold dots of its own.
    let mut name = stem.to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_str().is_some_and(|path| path.ends_with(std::path::is_separator))
}

/// A result's name ending.
fn extension(format: Format) -> &'static str {
    match format {
        // What `auto` chooses is known only when the picture is there; a PNG can be either.
        Format::Png | Format::Auto => "png",
        Format::Jpeg => "jpg",
        Format::WebP => "webp",
        Format::Avif => "avif",
    }
}

/// The format that an output's name asks for.
pub fn format_of(output: &Path) -> Option<Format> {
    match output.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "png" => Some(Format::Png),
        "jpg" | "jpeg" => Some(Format::Jpeg),
        "webp" => Some(Format::WebP),
        "avif" => Some(Format::Avif),
        _ => None,
    }
}
