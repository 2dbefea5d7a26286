//! The manifests: by the schemas of the oldest and the newest Kubernetes that they are for, and by what no schema knows.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Outcome, Tools, path, tools};
use crate::process;

/// A pause before a pod is told to stop is known since 1.30.
const VERSIONS: [&str; 2] = ["1.30", "1.37"];

pub fn check(tools: &Tools) -> Result<Outcome> {
    let validate = || tools.python_program("kubernetes-validate");
    if let Err(why) = validate() {
        return Ok(Outcome::Skipped(format!("the schemas: {why}")));
    }
    let folder = path("kubernetes");
    let read = |name: &str| tools.yaml(&[folder.join(name)]);
    let kustomization = read("kustomization.yaml")?.pop().context("kustomization.yaml is empty")?;
    let resources = kustomization["resources"].as_array().context("it has no resources")?;
    let mut files: Vec<PathBuf> = resources.iter().filter_map(Value::as_str).map(|name| folder.join(name)).collect();
    let secret = folder.join("secret.example.yaml");

    // As applied, where there is a kubectl to put it together.
    let kubectl = tools::on_path("kubectl");
    if let Some(kubectl) = &kubectl {
        let applied = process::output(process::program(kubectl).arg("kustomize").arg(&folder))?;
        let file = tools::empty_folder("kubernetes")?.join("applied.yaml");
        tools::write(&file, &applied)?;
        files = vec![file];
    }
    for version in VERSIONS {
        let mut command = validate().map_err(anyhow::Error::msg)?;
        command.args(["--strict", "--quiet", "--kubernetes-version", version]).args(&files).arg(&secret);
        process::run(&mut command)?;
    }
    let objects = tools.yaml(&files)?;
    references(&objects, &tools.yaml(&[secret])?)?;
    Ok(Outcome::Checked)
}

/// Autoscalers, budgets and services find their pods; what pods are given is defined.
fn references(objects: &[Value], secrets: &[Value]) -> Result<()> {
    let of = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let selects = |selector: &Value, owner: &str| {
        let wanted = selector.as_object().with_context(|| format!("{owner} selects nothing"))?;
        let found = of("Deployment").any(|deployment| {
            let labels = &deployment["spec"]["template"]["metadata"]["labels"];
            wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        ensure!(found, "{owner} selects pods that no deployment makes");
        anyhow::Ok(())
    };
    for service in of("Service") {
        selects(&service["spec"]["selector"], &format!("the service {}", name(service)))?;
    }
    for kind in ["PodDisruptionBudget", "Deployment"] {
        for object in of(kind) {
            selects(&object["spec"]["selector"]["matchLabels"], &format!("the {kind} {}", name(object)))?;
        }
    }
    for scaler in of("HorizontalPodAutoscaler") {
        let target = &scaler["spec"]["scaleTargetRef"]["name"];
        ensure!(
            of("Deployment").any(|deployment| deployment["metadata"]["name"] == *target),
            "the autoscaler {} scales {target}, which is not there",
            name(scaler)
        );
    }
    for deployment in of("Deployment") {
        let scaled = of("HorizontalPodAutoscaler")
            .any(|scaler| scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]);
        ensure!(scaled, "nobody says how many pods {} has", name(deployment));
        for container in deployment["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten() {
            for source in container["envFrom"].as_array().into_iter().flatten() {
                let (known, reference) = match source.get("configMapRef") {
                    Some(map) => (of("ConfigMap").map(name).collect::<Vec<_>>(), map),
                    None => (secrets.iter().map(name).collect(), &source["secretRef"]),
                };
                let reference = reference["name"].as_str().unwrap_or_default();
                ensure!(known.iter().any(|name| name == reference), "nobody defines {reference}");
            }
            for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
                ensure!(container[probe].is_object(), "{} has no {probe}", name(deployment));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: impl FnOnce(&mut [Value]), expected: &str) {
        let mut objects = [
            json!({"kind": "Deployment", "metadata": {"name": "d"}, "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b", "c": "d"}}, "spec": {"containers": [{
                    "envFrom": [{"configMapRef": {"name": "m"}}, {"secretRef": {"name": "s"}}],
                    "startupProbe": {}, "livenessProbe": {}, "readinessProbe": {},
                }]}},
            }}),
            json!({"kind": "Service", "metadata": {"name": "v"}, "spec": {"selector": {"a": "b"}}}),
            json!({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
                "spec": {"scaleTargetRef": {"name": "d"}}}),
            json!({"kind": "ConfigMap", "metadata": {"name": "m"}}),
        ];
        change(&mut objects);
        let result = references(&objects, &[json!({"kind": "Secret", "metadata": {"name": "s"}})]);
        let said = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
    }

    #[test]
    fn what_no_schema_knows_is_found() {
        check(|_| {}, "");
        check(|o| o[1]["spec"]["selector"] = json!({"a": "x"}), "the service v selects pods that no deployment makes");
        check(|o| o[2]["spec"]["scaleTargetRef"]["name"] = json!("e"), "scales \"e\"");
        check(|o| o[3]["metadata"]["name"] = json!("n"), "nobody defines m");
        check(|o| o[0]["spec"]["selector"]["matchLabels"] = json!({"a": "x"}), "the Deployment d selects");
        let container = |o: &mut [Value], field: &str| {
            o[0]["spec"]["template"]["spec"]["containers"][0][field] = Value::Null;
        };
        check(|o| container(o, "livenessProbe"), "d has no livenessProbe");
        check(|o| o[2]["kind"] = json!("Nothing"), "nobody says how many pods d has");
    }
}
