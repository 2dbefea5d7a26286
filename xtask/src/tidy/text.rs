//! Rules for every text file: line ends, and no path of one person's machine.

use super::Finding;
use super::tree::{File, Tree};

/// First folders of paths that exist on one machine only.
const PRIVATE_FOLDERS: [&str; 4] = ["home", "root", "Users", "work"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files().iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A snapshot holds what a program printed, spaces included.
    let printed = file.has_extension("snap");
    for (index, line) in file.text.split('\n').enumerate() {
        let mut found = |message: &str| findings.push(Finding::on_line(&file.path, index, message));
        if line.ends_with('\r') {
            found("ends with CRLF; lines end with LF");
        } else if line.ends_with([' ', '\t']) && !printed {
            found("ends with white space");
        }
        if let Some(folder) = PRIVATE_FOLDERS.iter().find(|folder| names_folder(line, folder)) {
            found(&format!("names a path below /{folder}, which exists on one machine only"));
        }
    }
    findings
}

/// Whether the line has an absolute path that begins with the folder; part of a longer path or of a URL does not count.
fn names_folder(line: &str, folder: &str) -> bool {
    let path = format!("/{folder}/");
    line.match_indices(&path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~*$}>/".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of([(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn line_ends_are_checked_but_not_in_snapshots() {
        assert_eq!(findings("a.md", "a\r\nb\n"), ["a.md:1: ends with CRLF; lines end with LF"]);
        assert_eq!(findings("a.md", "a\nb \n"), ["a.md:2: ends with white space"]);
        assert!(findings("a.snap", "a\nb \n").is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for folder in PRIVATE_FOLDERS {
            let found = findings("a.toml", &format!("\npath = \"/{folder}/someone/clearcut\"\n"));
            assert_eq!(found, [format!("a.toml:2: names a path below /{folder}, which exists on one machine only")]);
        }
    }

    #[test]
    fn other_paths_pass() {
        for folder in PRIVATE_FOLDERS {
            let line = format!("https://example.com/{folder}/ ./{folder}/ ${{HOME}}/{folder}/ {folder}/a\n");
            assert!(findings("a.md", &line).is_empty(), "{line}");
        }
    }
}
