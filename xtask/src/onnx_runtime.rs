//! The shared library of ONNX Runtime for the tests: the one that is named, else that of a package for Python.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace;

/// Tells the tests where the library lies.
pub const LIBRARY: &str = "CLEARCUT_ORT_LIBRARY";

/// A package that carries the library, pinned so that the suite means the same everywhere.
const PACKAGE: &str = "onnxruntime";
const VERSION: &str = "1.31.1";

/// Makes sure that there is a library and answers its path.
pub fn ready() -> Result<PathBuf> {
    if let Some(named) = env::var_os(LIBRARY).filter(|path| !path.is_empty()) {
        // Tests run in the folders of their crates.
        return fs::canonicalize(&named).with_context(|| format!("{LIBRARY} names {}", Path::new(&named).display()));
    }
    let folder = workspace::root().join("target/onnxruntime").join(VERSION);
    if let Some(found) = find(&folder) {
        return Ok(found);
    }
    install(&folder).with_context(|| {
        format!(
            "cannot fetch ONNX Runtime for the tests; name a library of your own (libonnxruntime.so.*) in {LIBRARY}"
        )
    })?;
    find(&folder)
        .with_context(|| format!("{PACKAGE} {VERSION} carries no library for this system; name one in {LIBRARY}"))
}

fn find(package: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(package.join("onnxruntime/capi")).ok()?;
    let is_library = |name: &str| {
        name.starts_with("libonnxruntime.") && (name.contains(".so") || name.contains(".dylib"))
            || name == "onnxruntime.dll"
    };
    let mut found = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_library));
    found.next().map(|entry| entry.path())
}

/// Takes the package alone, without the Python packages that only its Python part needs.
fn install(folder: &Path) -> Result<()> {
    let parent = folder.parent().context("a folder below target")?;
    fs::create_dir_all(parent)?;
    // Half a folder would pass for a whole one at the next run.
    let unfinished = parent.join(format!("{VERSION}.tmp"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let wanted = format!("{PACKAGE}=={VERSION}");
    let words = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"];
    let mut failures = Vec::new();
    for python in ["python3", "python"] {
        match process::run(process::program(python).args(words).arg(&unfinished).arg(&wanted)) {
            Ok(()) => return fs::rename(&unfinished, folder).context("cannot keep it"),
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    bail!("{}", failures.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_among_its_companions() {
        let folder = tempfile::tempdir().unwrap();
        let capi = folder.path().join("onnxruntime/capi");
        assert_eq!(find(folder.path()), None);
        fs::create_dir_all(&capi).unwrap();
        for name in ["libonnxruntime_providers_shared.so", "onnxruntime_pybind11_state.so", "__init__.py"] {
            fs::write(capi.join(name), "").unwrap();
        }
        assert_eq!(find(folder.path()), None);
        for name in ["libonnxruntime.so.1.31.1", "libonnxruntime.1.31.1.dylib", "onnxruntime.dll"] {
            fs::write(capi.join(name), "").unwrap();
            assert_eq!(find(folder.path()), Some(capi.join(name)));
            fs::remove_file(capi.join(name)).unwrap();
        }
    }
}
