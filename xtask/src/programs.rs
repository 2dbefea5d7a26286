//! Programs that some tests start besides Redis and Postgres: found, or installed where the system's package manager
//! asks nobody.

use std::env;
use std::path::Path;

use crate::apt;

/// A file, on the `PATH` or at its place, with Debian's package that brings it, and what it is for.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("npm", "npm", "a server that speaks Azure's protocol, and clients of npm"),
    ("python3", "python3-venv", "a server that speaks S3's protocol, and clients of PyPI"),
    ("curl", "curl", "calls as users type them"),
    (
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
        "libfaketime",
        "clocks that are not the same on two machines",
    ),
];

/// Installs what is missing. Where that is not possible the tests that want it say so.
pub fn prepare() {
    let missing: Vec<_> = PROGRAMS.into_iter().filter(|(file, ..)| !found(file)).collect();
    let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    if packages.is_empty() {
        return;
    }
    if let Err(error) = apt::install(&packages) {
        for (file, package, purpose) in missing {
            eprintln!("there is no {file} (package {package}), for {purpose}: {error:#}");
        }
    }
}

fn found(file: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    if file.starts_with('/') {
        Path::new(file).exists()
    } else {
        env::split_paths(&path).any(|at| at.join(file).is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_at_its_place() {
        assert!(found("cargo"));
        assert!(!found("a-program-that-nobody-has"));
        assert!(found(env!("CARGO_MANIFEST_DIR")));
    }
}
