//! The embedded network node by node: what a change of its shape would gain.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use clearcut_image::Picture;
use clearcut_segment::{NodeTime, TractSegmenter};

use crate::inference::SIDE_PX;

/// Runs of which each node's shortest time is taken.
const RUNS: usize = 15;

/// Prints every node with its time, the slowest first, and the sums by operation.
pub fn print() -> Result<()> {
    let segmenter = TractSegmenter::embedded();
    let picture = Picture::filled(SIDE_PX, SIDE_PX, [120, 90, 60, 255]);
    let mut nodes = segmenter.profile(&picture)?;
    for _ in 1..RUNS {
        for (node, again) in nodes.iter_mut().zip(segmenter.profile(&picture)?) {
            node.time = node.time.min(again.time);
        }
    }
    let mut operations: BTreeMap<&str, Duration> = BTreeMap::new();
    for node in &nodes {
        *operations.entry(&node.operation).or_default() += node.time;
    }
    let mut operations: Vec<_> = operations.into_iter().collect();
    operations.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    for (operation, time) in &operations {
        println!("{:9.3} ms  {operation}", time.as_secs_f64() * 1e3);
    }
    println!();
    let mut slowest: Vec<&NodeTime> = nodes.iter().collect();
    slowest.sort_by_key(|node| std::cmp::Reverse(node.time));
    for NodeTime { name, operation, shapes, time } in slowest {
        println!("{:9.3} ms  {operation:24} {shapes}  {name}", time.as_secs_f64() * 1e3);
    }
    Ok(())
}
