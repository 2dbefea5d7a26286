//! Which crate may know which: the rooms of the design as data.

use super::Finding;
use crate::workspace::{Metadata, Package};

/// Every crate with the crates of this workspace that it may depend on.
///
/// Tests may use what a crate may use, the test kit, and what `IN_TESTS` adds.
const ARROWS: &[(&str, &[&str])] = &[
    ("clearcut-image", &[]),
    ("clearcut-segment", &["clearcut-image"]),
    ("clearcut-segment-ort", &["clearcut-image", "clearcut-segment"]),
    ("clearcut-composite", &["clearcut-image"]),
    ("clearcut-key", &[]),
    ("clearcut-cache", &[]),
    ("clearcut-cache-redis", &["clearcut-cache"]),
    ("clearcut-cache-sql", &["clearcut-cache"]),
    ("clearcut-jobs", &[]),
    ("clearcut-jobs-redis", &["clearcut-jobs", "clearcut-cache", "clearcut-cache-redis"]),
    ("clearcut-store", &[]),
    ("clearcut", ENGINE_PARTS),
    ("clearcut-cli", BINARY_PARTS),
    ("clearcut-server", BINARY_PARTS),
    ("clearcut-testkit", &[]),
    ("clearcut-bench", BENCH_PARTS),
    ("xtask", &[]),
];

const ENGINE_PARTS: &[&str] =
    &["clearcut-image", "clearcut-segment", "clearcut-composite", "clearcut-key", "clearcut-cache"];

const BINARY_PARTS: &[&str] = &[
    "clearcut",
    "clearcut-image",
    "clearcut-segment",
    "clearcut-segment-ort",
    "clearcut-composite",
    "clearcut-key",
    "clearcut-cache",
    "clearcut-cache-redis",
    "clearcut-cache-sql",
    "clearcut-jobs",
    "clearcut-jobs-redis",
    "clearcut-store",
];

const BENCH_PARTS: &[&str] = &[
    "clearcut",
    "clearcut-image",
    "clearcut-segment",
    "clearcut-composite",
    "clearcut-key",
    "clearcut-cache",
    "clearcut-cache-redis",
    "clearcut-cache-sql",
    "clearcut-testkit",
];

/// The engine is tested on the real tiers, which it does not know otherwise.
const IN_TESTS: &[(&str, &[&str])] = &[("clearcut", &["clearcut-cache-redis", "clearcut-cache-sql"])];

const TEST_KIT: &str = "clearcut-testkit";

/// Holds every dependency between members against the table, and the table against the members.
pub fn check(metadata: &Metadata) -> Vec<Finding> {
    let members: Vec<&Package> = metadata.members().collect();
    let ours = |name: &str| members.iter().any(|member| member.name == name);
    let mut findings = Vec::new();
    for member in &members {
        let manifest = format!("{} (Cargo.toml)", member.name);
        let Some(allowed) = row(ARROWS, &member.name) else {
            findings.push(Finding::in_file(&manifest, "has no row in the table of xtask/src/tidy/arrows.rs"));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|dependency| ours(&dependency.name)) {
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let name = dependency.name.as_str();
            // A crate that names itself for its tests turns on its own features there.
            let for_tests = || {
                [TEST_KIT, &member.name].contains(&name)
                    || row(IN_TESTS, &member.name).is_some_and(|row| row.contains(&name))
            };
            if !(allowed.contains(&name) || in_tests && for_tests()) {
                findings.push(Finding::in_file(&manifest, format!("must not know {name}: an arrow of the design")));
            }
        }
    }
    for (name, _) in ARROWS.iter().filter(|(name, _)| !ours(name)) {
        findings.push(Finding::in_file("xtask/src/tidy/arrows.rs", format!("has a row for {name}, which is gone")));
    }
    findings
}

fn row<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(member, _)| *member == name).map(|(_, allowed)| *allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    /// A workspace with every member of the table, where `from` depends on `to`.
    fn check_arrow(from: &str, to: &str, kind: Option<&str>) -> Vec<Finding> {
        let packages = ARROWS.iter().map(|&(name, _)| {
            let arrow = Dependency { name: to.to_owned(), kind: kind.map(str::to_owned) };
            let dependencies = if name == from { vec![arrow] } else { Vec::new() };
            Package { id: name.to_owned(), name: name.to_owned(), dependencies, ..Package::default() }
        });
        let packages: Vec<Package> = packages.collect();
        let workspace_members = packages.iter().map(|package| package.id.clone()).collect();
        check(&Metadata { packages, workspace_members, ..Metadata::default() })
    }

    #[test]
    fn arrows_of_the_design_pass() {
        assert_eq!(check_arrow("clearcut-segment", "clearcut-image", None), []);
        assert_eq!(check_arrow("clearcut-cli", "clearcut", None), []);
        assert_eq!(check_arrow("clearcut-key", "clearcut-key", Some("dev")), [], "its own features in its tests");
        assert_eq!(check_arrow("clearcut-key", "serde", None), [], "other people's crates are not arrows");
    }

    #[test]
    fn an_arrow_against_the_design_is_found() {
        let findings = check_arrow("clearcut-key", "clearcut-image", None);
        assert_eq!(
            findings,
            [Finding::in_file("clearcut-key (Cargo.toml)", "must not know clearcut-image: an arrow of the design")]
        );
        assert_eq!(check_arrow("clearcut", "clearcut-cache-redis", None).len(), 1);
    }

    #[test]
    fn only_tests_know_the_test_kit() {
        assert_eq!(check_arrow("clearcut-image", TEST_KIT, Some("dev")), []);
        assert_eq!(check_arrow("clearcut-image", TEST_KIT, None).len(), 1);
        assert_eq!(check_arrow("clearcut", "clearcut-cache-sql", Some("dev")), []);
    }

    #[test]
    fn a_member_without_a_row_and_a_row_without_a_member_are_found() {
        let stranger = Package { id: "stranger".to_owned(), name: "stranger".to_owned(), ..Package::default() };
        let workspace_members = vec!["stranger".to_owned()];
        let findings = check(&Metadata { packages: vec![stranger], workspace_members, ..Metadata::default() });
        assert_eq!(findings.len(), 1 + ARROWS.len());
    }
}
