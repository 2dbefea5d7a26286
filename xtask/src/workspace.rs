//! Where the workspace lies, and what `cargo metadata` says of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

/// The part of `cargo metadata` that the chores read.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_members: Vec<String>,
    pub target_directory: PathBuf,
    pub resolve: Option<Resolve>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub description: Option<String>,
    pub license: Option<String>,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dependency {
    pub name: String,
    /// Nothing for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
}

/// The packages that a build with default features on one platform takes in.
#[derive(Debug, Default, Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Node {
    pub id: String,
    /// The package's features that are turned on.
    #[serde(default)]
    pub features: Vec<String>,
}

impl Metadata {
    /// Asks Cargo for the workspace as it is built on this machine; a lock file that is out of date is an error.
    pub fn load() -> Result<Self> {
        let host = host()?;
        let json = process::output(&mut process::cargo([
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            &host,
        ]))?;
        serde_json::from_str(&json).context("cannot read the answer of cargo metadata")
    }

    /// The workspace's own packages.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The features of a package that the default build turns on.
    pub fn features(&self, package: &Package) -> &[String] {
        let nodes = self.resolve.as_ref().map_or(&[][..], |resolve| &resolve.nodes);
        nodes.iter().find(|node| node.id == package.id).map_or(&[], |node| &node.features)
    }

    /// Other people's packages that the default build takes in.
    pub fn third_party(&self) -> impl Iterator<Item = &Package> {
        let built = self.resolve.as_ref().map_or(&[][..], |resolve| &resolve.nodes);
        self.packages.iter().filter(move |package| {
            !self.workspace_members.contains(&package.id) && built.iter().any(|node| node.id == package.id)
        })
    }
}

/// The triple of this machine, such as `x86_64-unknown-linux-gnu`.
pub fn host() -> Result<String> {
    let version = process::output(process::program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_third_party_packages_are_told_apart() {
        let metadata: Metadata = serde_json::from_str(
            r#"{ "packages": [
                    {"id": "a", "name": "ours", "version": "1.0.0", "description": null, "license": null,
                     "manifest_path": "Cargo.toml", "dependencies": [{"name": "theirs", "kind": null}]},
                    {"id": "b", "name": "theirs", "version": "1.0.0", "description": null, "license": "MIT",
                     "manifest_path": "Cargo.toml", "dependencies": []},
                    {"id": "c", "name": "not-built", "version": "1.0.0", "description": null, "license": "MIT",
                     "manifest_path": "Cargo.toml", "dependencies": []}],
                 "workspace_members": ["a"], "target_directory": "target",
                 "resolve": {"nodes": [{"id": "a"}, {"id": "b"}]} }"#,
        )
        .unwrap();
        let names = |packages: Vec<&Package>| packages.iter().map(|package| package.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(metadata.members().collect()), ["ours"]);
        assert_eq!(names(metadata.third_party().collect()), ["theirs"]);
    }
}
