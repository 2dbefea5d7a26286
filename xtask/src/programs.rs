//! Programs that some tests start besides Redis and Postgres: found, or installed where the system's package manager
//! asks nobody.

use crate::{apt, process};

/// A command that succeeds where the program is there, Debian's package that brings it, and what it is for.
const PROGRAMS: [(&[&str], &str, &str); 3] = [
    (&["npm", "--version"], "npm", "a server that speaks Azure's protocol, and clients of npm"),
    // Debian's Python comes without what makes environments.
    (&["python3", "-c", "import ensurepip"], "python3-venv", "a server that speaks S3's protocol, and clients of PyPI"),
    (
        &["test", "-e", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"],
        "libfaketime",
        "clocks that are not the same on two machines",
    ),
];

/// Installs what is missing. Where that is not possible the tests that want it say so.
pub fn prepare() {
    let missing: Vec<_> = PROGRAMS.into_iter().filter(|(probe, ..)| !is_there(probe)).collect();
    let packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
    if packages.is_empty() {
        return;
    }
    if let Err(error) = apt::install(&packages) {
        for (_, package, purpose) in missing {
            eprintln!("{package} is missing, for {purpose}: {error:#}");
        }
    }
}

fn is_there(probe: &[&str]) -> bool {
    process::succeeds(process::program(probe[0]).args(&probe[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_there_where_its_command_succeeds() {
        assert!(is_there(&["test", "-e", env!("CARGO_MANIFEST_DIR")]));
        assert!(!is_there(&["test", "-e", "/there/is/no/such/file"]));
        assert!(!is_there(&["a-program-that-nobody-has", "--version"]));
    }
}
