//! Every file below `migrations/` must be embedded: what is not named right is left out without a word.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

const FOLDER: &str = "migrations/";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut versions = BTreeSet::new();
    for path in tree.files().iter().map(|file| file.path.as_str()) {
        let Some((database, name)) = path.strip_prefix(FOLDER).and_then(|rest| rest.split_once('/')) else { continue };
        let Some((version, _)) = name.strip_suffix(".sql").and_then(numbered) else {
            findings.push(Finding::in_file(path, "is not embedded: the name must be VERSION_what_it_does.sql"));
            continue;
        };
        if !versions.insert((database, version)) {
            findings.push(Finding::in_file(path, format!("has version {version} of {database} a second time")));
        }
        if !embedded(tree, database) {
            findings.push(Finding::in_file(path, format!("no crate embeds {FOLDER}{database} with sqlx's migrate!")));
        }
    }
    findings
}

fn numbered(name: &str) -> Option<(u64, &str)> {
    let (version, description) = name.split_once('_')?;
    // A dot would begin `.up` or `.down`, or a name that the embedding does not read.
    let plain = !description.is_empty() && !description.contains(['/', '.']);
    Some((version.parse().ok().filter(|_| plain)?, description))
}

fn embedded(tree: &Tree, database: &str) -> bool {
    let folder = format!("{FOLDER}{database}\"");
    tree.rust_files().any(|file| file.code().contains("migrate!(") && file.text.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATE: (&str, &str) = ("crates/a/src/lib.rs", "static M: Migrator = migrate!(\"../../migrations/sqlite\");");

    fn findings<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn embedded_files_pass() {
        assert!(findings([CRATE, ("migrations/sqlite/0001_entries.sql", ""), ("docs/a.sql", "")]).is_empty());
    }

    #[test]
    fn a_file_that_the_embedding_does_not_read_is_found() {
        let expected = "migrations/sqlite/entries.sql: is not embedded: the name must be VERSION_what_it_does.sql";
        assert_eq!(findings([CRATE, ("migrations/sqlite/entries.sql", "")]), [expected]);
        assert_eq!(findings([CRATE, ("migrations/sqlite/1_a/b.sql", "")]).len(), 1);
    }

    #[test]
    fn a_folder_that_no_crate_embeds_is_found() {
        let expected = "migrations/postgres/1_a.sql: no crate embeds migrations/postgres with sqlx's migrate!";
        assert_eq!(findings([CRATE, ("migrations/postgres/1_a.sql", "")]), [expected]);
    }

    #[test]
    fn a_version_given_twice_is_found() {
        let found = findings([CRATE, ("migrations/sqlite/1_a.sql", ""), ("migrations/sqlite/01_b.sql", "")]);
        assert_eq!(found, ["migrations/sqlite/01_b.sql: has version 1 of sqlite a second time"]);
    }
}
