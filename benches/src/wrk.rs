//! Load by wrk: 64 connections that are kept, from the same cores.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::usage;

/// What wrk saw.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Answers.
    pub requests: u64,
    /// Answers a second.
    pub per_second: f64,
    /// 99 of 100 answers came within this time.
    pub p99_ms: f64,
    /// Processor time that wrk itself took for each answer. It reads more often where an answer comes in more pieces.
    pub processor_us: f64,
}

/// Asks `url` for some seconds, as `script` says where there is one. Every answer must be a success, unless the script
/// asks for others.
pub fn ask(url: &str, seconds: u32, script: Option<&Path>) -> Result<Load> {
    let mut command = Command::new("wrk");
    command.args(["-t2", "-c64", "--latency", &format!("-d{seconds}s")]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let before = usage::children_seconds()?;
    let output = command.arg(url).output().context("cannot start wrk; install it (apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk failed: {text}");
    ensure!(script.is_some_and(|script| script.ends_with("mixed.lua")) || !text.contains("Non-2xx"), "{text}");
    let load = parse(&text).with_context(|| format!("cannot read what wrk says: {text}"))?;
    let processor_us = (usage::children_seconds()? - before) * 1e6 / load.requests.max(1) as f64;
    Ok(Load { processor_us, ..load })
}

fn parse(text: &str) -> Option<Load> {
    let requests = text.lines().find_map(|line| line.trim().split_once(" requests in"))?.0.parse().ok()?;
    let per_second = text.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"))?.trim().parse().ok()?;
    let p99 = text.lines().find_map(|line| line.trim().strip_prefix("99%"))?.trim();
    let p99_ms = match p99.strip_suffix("ms").or(p99.strip_suffix("us")) {
        Some(number) => number.parse::<f64>().ok()? / if p99.ends_with("us") { 1e3 } else { 1.0 },
        None => p99.strip_suffix('s')?.parse::<f64>().ok()? * 1e3,
    };
    Some(Load { requests, per_second, p99_ms, processor_us: 0.0 })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "  Latency Distribution\n     50%    1.20ms\n     99%   980.00us\n  12000 requests in 5.00s, 1.2GB read\n\
                    Requests/sec:   2400.50\nTransfer/sec: 1MB\n";
        let load = parse(text).expect("it is complete");
        assert_eq!((load.requests, load.per_second, load.p99_ms), (12_000, 2_400.5, 0.98));
    }
}
