//! Rules for Rust files: their length, their first line, and words that must not be left behind.

use super::Finding;
use super::tree::{File, Tree};

/// More lines than this need a reason in the file.
const LONGEST: usize = 400;

/// The line that gives the reason.
const REASON: &str = "// tidy: long because ";

/// Code that must not be left behind, with what to do instead.
const FORBIDDEN: [(&str, &str); 3] = [
    ("#[ignore", "a test that does not run protects nothing: make it run or delete it"),
    ("todo!", "finish it, or answer an error that says what is missing"),
    ("dbg!", "log with tracing, or delete it"),
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust_files().flat_map(|file| [length(file), opening(file), words(file)].concat()).collect()
}

fn length(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().count();
    let excused = || file.text.lines().any(|line| line.trim_start().starts_with(REASON));
    if lines <= LONGEST || excused() {
        return Vec::new();
    }
    let message = format!("has {lines} lines, more than {LONGEST}: cut it, or add a line `{REASON}…`");
    vec![Finding::in_file(&file.path, message)]
}

/// The tests of a module that are too long for its file are about that module, and say so by their place.
const TESTS: &str = "/tests.rs";

fn opening(file: &File) -> Vec<Finding> {
    let first = file.text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let opens = first.starts_with("//!") || first.starts_with("#![doc = include_str!(");
    if opens || file.path.ends_with(TESTS) {
        return Vec::new();
    }
    vec![Finding::in_file(&file.path, "must open with a `//!` line that says what the module is for")]
}

fn words(file: &File) -> Vec<Finding> {
    let code = file.code();
    let lines = code.lines().enumerate();
    lines
        .flat_map(|(index, line)| {
            let found = FORBIDDEN.iter().filter(move |(word, _)| line.contains(word));
            found.map(move |(word, advice)| Finding::on_line(&file.path, index, format!("`{word}`: {advice}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&Tree::of([("a.rs", text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_in_order_passes() {
        assert!(findings("//! A.\n\nfn a() {}\n").is_empty());
        assert!(findings("#![doc = include_str!(\"../README.md\")]\n").is_empty());
        assert!(findings("//! Never leaves `dbg!` or `todo!` behind.\n").is_empty(), "a comment is not code");
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let long = format!("//! A.\n{}", "fn a() {}\n".repeat(LONGEST));
        let found = findings(&long);
        assert!(found[0].starts_with("a.rs: has 401 lines, more than 400"), "{found:?}");
        assert!(findings(&format!("{long}// tidy: long because it is one table\n")).is_empty());
    }

    #[test]
    fn a_module_without_its_opening_line_is_found() {
        assert_eq!(findings("fn a() {}\n"), ["a.rs: must open with a `//!` line that says what the module is for"]);
        assert!(check(&Tree::of([("src/a/tests.rs", "fn a() {}\n")])).is_empty());
    }

    #[test]
    fn words_left_behind_are_found_with_their_line() {
        let text = "//! A.\n#[ignore = \"slow\"]\nfn a() {\n    dbg!(1);\n    todo!()\n}\n";
        let found = findings(text);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("a.rs:2: `#[ignore`"));
        assert!(found[1].starts_with("a.rs:4: `dbg!`"));
        assert!(found[2].starts_with("a.rs:5: `todo!`"));
    }
}
