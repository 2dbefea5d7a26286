//! Licenses and bans of `deny.toml` against the default build, so that they hold where cargo-deny is not installed.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::tree::Tree;
use super::{Finding, spdx};
use crate::workspace::{Metadata, Package};

const RULES: &str = "deny.toml";

/// The part of `deny.toml` that is checked here.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
    #[serde(default)]
    clarify: Vec<Clarification>,
}

/// A license that is allowed for one package only.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

/// What the license is of a package that says so in a file instead of the manifest.
#[derive(Debug, Deserialize)]
struct Clarification {
    #[serde(rename = "crate")]
    name: String,
    expression: String,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
    #[serde(default)]
    features: Vec<FeatureBan>,
}

/// Features of a package that must stay off.
#[derive(Debug, Deserialize)]
struct FeatureBan {
    #[serde(rename = "crate")]
    name: String,
    deny: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

pub fn check(metadata: &Metadata, tree: &Tree) -> Result<Vec<Finding>> {
    let rules = &tree.file(RULES).context("deny.toml is gone")?.text;
    let rules: Rules = toml::from_str(rules).context("cannot read deny.toml")?;
    Ok(metadata.third_party().flat_map(|package| check_package(package, metadata.features(package), &rules)).collect())
}

fn check_package(package: &Package, features: &[String], rules: &Rules) -> Vec<Finding> {
    let Package { name, version, .. } = package;
    let clarified = rules.licenses.clarify.iter().find(|clarification| &clarification.name == name);
    let license = clarified.map(|clarification| &clarification.expression).or(package.license.as_ref());
    let excepted = rules.licenses.exceptions.iter().filter(|exception| &exception.name == name);
    let allowed: Vec<&str> = rules
        .licenses
        .allow
        .iter()
        .chain(excepted.flat_map(|exception| &exception.allow))
        .map(String::as_str)
        .collect();
    let mut messages = Vec::new();
    match license {
        None => messages.push(format!("{name} {version} names no license")),
        Some(license) if !spdx::is_met(license, &allowed) => {
            messages.push(format!("{name} {version} has the license {license}, which is not allowed"));
        }
        Some(_) => {}
    }
    // A crate that stands behind a wrapper somewhere is for cargo-deny to judge; here a name is enough.
    if let Some(ban) = rules.bans.deny.iter().find(|ban| &ban.name == name) {
        messages.push(format!("{name} {version} is in the default build: {}", ban.reason));
    }
    for ban in rules.bans.features.iter().filter(|ban| &ban.name == name) {
        let on = features.iter().filter(|feature| ban.deny.contains(feature));
        messages.extend(on.map(|feature| format!("{name} {version} has its feature {feature} on")));
    }
    messages.into_iter().map(|message| Finding::in_file(RULES, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [licenses]
        allow = ["MIT"]
        exceptions = [{ crate = "by-exception", allow = ["MPL-2.0"] }]
        clarify = [{ crate = "by-file", expression = "MIT", license-files = [] }]
        [bans]
        deny = [{ crate = "openssl-sys", reason = "needs a system library" }]
        [[bans.features]]
        crate = "fetcher"
        deny = ["download"]
    "#;

    fn findings(name: &str, license: Option<&str>) -> Vec<String> {
        let package = Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            ..Package::default()
        };
        let features = ["std", "download"].map(str::to_owned);
        check_package(&package, &features, &toml::from_str(RULES).unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_allowed_license_passes() {
        assert!(findings("a", Some("MIT OR GPL-3.0-only")).is_empty());
        assert!(findings("by-file", None).is_empty());
        assert!(findings("by-exception", Some("MPL-2.0")).is_empty());
    }

    #[test]
    fn a_license_outside_the_list_is_found() {
        let expected = "deny.toml: a 1.0.0 has the license GPL-3.0-only, which is not allowed";
        assert_eq!(findings("a", Some("GPL-3.0-only")), [expected]);
        assert_eq!(findings("a", None), ["deny.toml: a 1.0.0 names no license"]);
    }

    #[test]
    fn a_banned_feature_is_found() {
        assert_eq!(findings("fetcher", Some("MIT")), ["deny.toml: fetcher 1.0.0 has its feature download on"]);
    }

    #[test]
    fn a_banned_crate_in_the_default_build_is_found() {
        let expected = "deny.toml: openssl-sys 1.0.0 is in the default build: needs a system library";
        assert_eq!(findings("openssl-sys", Some("MIT")), [expected]);
    }
}
