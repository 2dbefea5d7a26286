//! Rules for every crate's manifest: it inherits the lints, says what the crate is for, and a README lies beside it.

use anyhow::{Context, Result};

use super::Finding;
use super::tree::Tree;
use crate::workspace::{self, Metadata, Package};

pub fn check(metadata: &Metadata, tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in metadata.members() {
        let manifest = member.manifest_path.strip_prefix(workspace::root()).unwrap_or(&member.manifest_path);
        let manifest = manifest.to_string_lossy().replace('\\', "/");
        let text = &tree.file(&manifest).with_context(|| format!("{manifest} is not among Git's files"))?.text;
        let table = text.parse().with_context(|| format!("cannot read {manifest}"))?;
        findings.extend(check_member(member, &manifest, &table, tree));
    }
    Ok(findings)
}

fn check_member(member: &Package, manifest: &str, table: &toml::Table, tree: &Tree) -> Vec<Finding> {
    let inherits = || table.get("lints")?.get("workspace")?.as_bool();
    let described = member.description.as_deref().is_some_and(|description| !description.trim().is_empty());
    let readme = format!("{}README.md", manifest.trim_end_matches("Cargo.toml"));
    [
        (inherits() == Some(true), "must inherit the lints: [lints] workspace = true"),
        (described, "must say what the crate is for: description"),
        (tree.contains(&readme), "needs a README.md beside it"),
    ]
    .into_iter()
    .filter(|(in_order, _)| !in_order)
    .map(|(_, message)| Finding::in_file(manifest, message))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(manifest: &str, description: &str, readme: &str) -> Vec<String> {
        let package = Package { description: Some(description.to_owned()), ..Package::default() };
        let tree = Tree::of([(readme, "")]);
        let found = check_member(&package, "crates/a/Cargo.toml", &manifest.parse().unwrap(), &tree);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_manifest_in_order_passes() {
        assert!(findings("[lints]\nworkspace = true", "Cuts.", "crates/a/README.md").is_empty());
    }

    #[test]
    fn each_omission_is_found() {
        assert_eq!(
            findings("[lints.rust]", " ", "README.md"),
            [
                "crates/a/Cargo.toml: must inherit the lints: [lints] workspace = true",
                "crates/a/Cargo.toml: must say what the crate is for: description",
                "crates/a/Cargo.toml: needs a README.md beside it",
            ]
        );
    }
}
