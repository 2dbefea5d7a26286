//! The compose file: by the schema of the compose specification, by Docker's own client where it has the plug-in (which
//! needs no engine to read a file), and by what no schema knows.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Outcome, Tools, path};
use crate::process;

/// Variables that the file must be given.
const VARIABLES: [(&str, &str); 3] =
    [("REDIS_PASSWORD", "secret"), ("POSTGRES_PASSWORD", "secret"), ("GRAFANA_PASSWORD", "secret")];

pub fn check(tools: &Tools) -> Result<Outcome> {
    let file = path("compose/compose.yaml");
    let docker = process::succeeds(process::program("docker").args(["compose", "version"]));
    if docker {
        let mut command = process::program("docker");
        command.args(["compose", "--file"]).arg(&file).args(["config", "--quiet"]);
        process::run(command.envs(VARIABLES))?;
    }
    let mut schema = match tools.python_program("check-jsonschema") {
        Ok(program) => program,
        Err(_) if docker => return Ok(Outcome::Checked),
        Err(why) => return Ok(Outcome::Skipped(format!("the schema: {why}"))),
    };
    process::run(schema.args(["--builtin-schema", "vendor.compose-spec"]).arg(&file))?;
    let documents = tools.yaml(std::slice::from_ref(&file))?;
    let compose = documents.first().context("the file is empty")?;
    references(compose, &path("compose"))?;
    Ok(Outcome::Checked)
}

/// What is named is there, images are pinned, and every service is hardened.
fn references(compose: &Value, folder: &Path) -> Result<()> {
    let defined = |section: &str, name: &str| compose[section].get(name).is_some();
    let services = compose["services"].as_object().context("there are no services")?;
    for (name, service) in services {
        for other in names(&service["depends_on"]) {
            ensure!(services.contains_key(other), "{name} depends on {other}, which is no service");
        }
        for network in names(&service["networks"]) {
            ensure!(defined("networks", network), "{name} is in the network {network}, which is not defined");
        }
        for volume in names(&service["volumes"]) {
            let (source, _) = volume.split_once(':').unwrap_or((volume, ""));
            let here = source.starts_with('.').then(|| folder.join(source));
            // The certificate is brought by whoever runs it.
            let known = here.map_or_else(
                || source.starts_with('/') || defined("volumes", source),
                |path| source == "./tls" || path.exists(),
            );
            ensure!(known, "{name} mounts {source}, which is neither defined nor a file of deploy/");
        }
        let image = service["image"].as_str().with_context(|| format!("{name} has no image"))?;
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        ensure!(tag.is_some_and(|tag| tag != "latest"), "{name}: the image {image} is not pinned");
        ensure!(service["read_only"] == true, "{name} may write to its root");
        ensure!(names(&service["cap_drop"]).contains(&"ALL"), "{name} keeps capabilities");
        let memory = &service["deploy"]["resources"]["limits"]["memory"];
        ensure!(memory.is_string(), "{name} has no memory limit");
    }
    Ok(())
}

/// The names of a list or of a map.
fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: impl FnOnce(&mut Value), expected: &str) {
        let mut compose = json!({
            "services": { "a": {
                "image": "a:1", "read_only": true, "cap_drop": ["ALL"], "networks": ["n"],
                "volumes": ["v:/v", "./tls:/tls:ro", "/dev/null:/etc/a"],
                "depends_on": { "a": { "condition": "service_healthy" } },
                "deploy": { "resources": { "limits": { "memory": "1g" } } },
            } },
            "networks": { "n": {} }, "volumes": { "v": {} },
        });
        change(&mut compose["services"]["a"]);
        let result = references(&compose, Path::new("nowhere"));
        let said = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }

    #[test]
    fn what_no_schema_knows_is_found() {
        check(|_| {}, "");
        check(|a| a["depends_on"] = json!(["b"]), "depends on b");
        check(|a| a["networks"] = json!(["m"]), "the network m");
        check(|a| a["volumes"] = json!(["w:/w"]), "mounts w");
        check(|a| a["volumes"] = json!(["./gone.conf:/w"]), "mounts ./gone.conf");
        check(|a| a["image"] = json!("a:latest"), "not pinned");
        check(|a| a["image"] = json!("a"), "not pinned");
        check(|a| a["read_only"] = json!(false), "may write");
        check(|a| a["cap_drop"] = json!([]), "keeps capabilities");
        check(|a| a["deploy"] = json!({}), "no memory limit");
    }
}
