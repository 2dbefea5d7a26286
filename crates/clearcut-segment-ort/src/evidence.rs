//! What a network really ran on, as ONNX Runtime itself wrote it down.
//!
//! A provider takes the operations that it knows, and ONNX Runtime runs all others on the CPU without a word. So the
//! first run of a network on another provider is profiled, and its operations are counted by who ran them.

use std::fs;
use std::path::Path;

use clearcut_image::Picture;
use clearcut_segment::{ModelSpec, Operations, Provider};
use ort::session::Session;
use serde::Deserialize;

use crate::error::brief;
use crate::{provider, session};

/// An event of a profile, which has many sorts of them.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    args: Arguments,
}

#[derive(Debug, Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    op_name: String,
    #[serde(default)]
    provider: String,
}

/// Runs a blank picture in a session that was opened with a profile, ends the profile, and counts.
pub(crate) fn gather(session: &mut Session, spec: &ModelSpec, provider: Provider) -> Result<Operations, String> {
    let blank = spec.prepare(&Picture::filled(64, 64, [128, 128, 128, 255]));
    session::matte(session, spec, &blank).map_err(|error| error.to_string())?;
    let profile = session.end_profiling().map_err(|error| brief(error.message()))?;
    let profile = fs::read(Path::new(&profile)).map_err(|error| format!("cannot read {profile}: {error}"))?;
    count(&profile, provider::name(provider))
}

/// The operations in a profile, and those of them that the provider of this name ran.
fn count(profile: &[u8], provider: &str) -> Result<Operations, String> {
    let events: Vec<Event> =
        serde_json::from_slice(profile).map_err(|error| format!("cannot read ONNX Runtime's profile: {error}"))?;
    // One event for each run of an operation. Copies between two memories are made for the sake of the others.
    let ran = |event: &&Event| {
        event.cat == "Node" && event.name.ends_with("_kernel_time") && !event.args.op_name.starts_with("Memcpy")
    };
    let ran: Vec<&Event> = events.iter().filter(ran).collect();
    let on_provider = ran.iter().filter(|event| event.args.provider == provider).count();
    Ok(Operations::new(on_provider, ran.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_by_who_ran_them() {
        let profile = br#"[
            {"cat": "Session", "name": "model_loading_array", "dur": 5, "args": {}},
            {"cat": "Node", "name": "Conv_0_fence_before", "dur": 0, "args": {"op_name": "Conv"}},
            {"cat": "Node", "name": "m_kernel_time", "args": {"op_name": "MemcpyFromHost", "provider": "CUDAExecutionProvider"}},
            {"cat": "Node", "name": "Conv_0_kernel_time", "args": {"op_name": "Conv", "provider": "CUDAExecutionProvider"}},
            {"cat": "Node", "name": "Relu_1_kernel_time", "args": {"op_name": "Relu", "provider": "CUDAExecutionProvider"}},
            {"cat": "Node", "name": "Odd_2_kernel_time", "args": {"op_name": "Odd", "provider": "CPUExecutionProvider"}}
        ]"#;
        assert_eq!(count(profile, provider::name(Provider::Cuda)), Ok(Operations::new(2, 3)));
        assert_eq!(count(profile, provider::name(Provider::OpenVino)), Ok(Operations::new(0, 3)));
        assert!(count(b"[", "").is_err_and(|reason| reason.contains("profile")));
    }
}
