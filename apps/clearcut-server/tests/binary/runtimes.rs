//! `engine.runtime`: ONNX Runtime beside tract, with a real library where `CLEARCUT_ORT_LIBRARY` names one.

use clearcut_testkit::{ort::library_or_skip, scene};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    program::{Running, program},
    run, text,
};

/// The JSON body of an answer.
fn body(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn what_really_runs_stands_in_health_the_metrics_the_log_and_the_settings() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    assert!(running.lines.concat().contains("; runs clearcut-s in tract on cpu; "), "{:?}", running.lines);
    let metrics = running.get("/metrics", "");
    let line = "clearcut_engine_runtime_info{runtime=\"tract\",version=\"\",provider=\"cpu\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert_eq!(running.stop().0, 0);

    let Some(library) = library_or_skip() else { return };
    let environment = [("CLEARCUT_RUNTIME", "ort"), ("CLEARCUT_ORT_LIBRARY", library.to_str().unwrap())];
    let running = Running::start(folder.path(), &environment);
    assert!(running.lines.concat().contains("; runs clearcut-s in onnxruntime 1."), "{:?}", running.lines);
    let model = body(&running.get("/health", ""))["model"].clone();
    let version = model["runtime_version"].as_str().unwrap();
    assert!(version.starts_with("1."), "{model}");
    assert_eq!(
        (&model["name"], &model["runtime"], &model["execution_provider"]),
        (&json!("clearcut-s"), &json!("onnxruntime"), &json!("cpu"))
    );
    let metrics = running.get("/metrics", "");
    let line =
        format!("clearcut_engine_runtime_info{{runtime=\"onnxruntime\",version=\"{version}\",provider=\"cpu\"}} 1");
    assert!(metrics.contains(&line), "no {line} in {metrics}");
    let photo = scene::product_photo(240, 160, 1).png();
    let answer = running.post("/v1/cutouts", "", &photo);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(running.stop().0, 0);

    let printed = run(&["config", "print", "--json"], &environment);
    let engine = serde_json::from_slice::<Value>(&printed.stdout).unwrap()["engine"].clone();
    assert_eq!(
        (&engine["runtime"], &engine["ort_library"], &engine["provider"]),
        (&json!("ort"), &json!(library), &json!("cpu"))
    );
}

#[test]
fn a_mattes_runtime_is_part_of_its_key() {
    let Some(library) = library_or_skip() else { return };
    let folder = TempDir::new().unwrap();
    let photo = scene::product_photo(240, 160, 2).png();
    let environment = [("CLEARCUT_ENGINE_RUNTIME", "ort"), ("CLEARCUT_ENGINE_ORT_LIBRARY", library.to_str().unwrap())];
    let mut keys = Vec::new();
    for environment in [&[][..], &environment[..]] {
        let running = Running::start(folder.path(), environment);
        let answer = running.post("/v1/cutouts", "", &photo).to_ascii_lowercase();
        assert!(answer.contains("x-cache: miss"), "the other runtime's result is not taken: {answer}");
        let again = running.post("/v1/cutouts", "", &photo).to_ascii_lowercase();
        assert!(again.contains("x-cache: hit"), "{again}");
        keys.extend(again.lines().find(|line| line.starts_with("etag: ")).map(str::to_owned));
        assert_eq!(running.stop().0, 0);
    }
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
}

#[test]
fn a_runtime_that_cannot_run_stops_the_start_and_nothing_takes_its_place() {
    let refused = |settings: &[&str], code: i32, reason: &str| {
        let folder = TempDir::new().unwrap();
        let settings = settings.iter().flat_map(|setting| ["--set", *setting]);
        let output = program(folder.path()).args(["--port", "0"]).args(settings).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(reason) && !said.contains("listens on"), "{said}");
    };
    refused(&["engine.provider=cuda"], 2, "`engine.provider` must be cpu where `engine.runtime` is tract");
    refused(&["engine.provider=gpu"], 2, "must be cpu, cuda, tensorrt, coreml, openvino, rocm or directml, not `gpu`");
    refused(&["engine.runtime=onnx"], 2, "`engine.runtime` must be tract or ort, not `onnx`");
    refused(&["engine.runtime=ort"], 2, "`engine.ort_library` must be the path of ONNX Runtime's shared library");
    let absent = ["engine.runtime=ort", "engine.ort_library=absent.so"];
    refused(&absent, 1, "cannot use absent.so as ONNX Runtime: ");
    let Some(library) = library_or_skip() else { return };
    let library = format!("engine.ort_library={}", library.display());
    // The library of the tests is built for the CPU.
    refused(&["engine.runtime=ort", &library, "engine.provider=rocm"], 1, "cannot run on rocm: ");
}
