//! `clearcut cache`: see and tend what is cached.

mod table;

use std::path::PathBuf;

use clearcut_cache::Pattern;

use crate::{
    args::{CacheCommand, EngineArgs, PlanArgs},
    exit::{Exit, Failure},
    remove,
    wire::{CleanupOptions, Tiers, cache_failure},
};

/// Does what the options say.
pub async fn run(command: CacheCommand) -> Result<Exit, Failure> {
    match command {
        CacheCommand::Stats { days, cost_per_image, json, place } => {
            let tiers = Tiers::open(&place).await?;
            let stats = tiers.database()?.stats(days).await.map_err(|error| cache_failure(&error))?;
            if json { print_json(&stats)? } else { table::stats(&stats, days, cost_per_image) }
        }
        CacheCommand::Recent { limit, json, place } => {
            let tiers = Tiers::open(&place).await?;
            let recent = tiers.database()?.recent(limit).await.map_err(|error| cache_failure(&error))?;
            if json { print_json(&recent)? } else { table::recent(&recent) }
        }
        CacheCommand::Clear { pattern, place } => {
            let pattern = Pattern::parse(&pattern).map_err(|error| Failure::usage(error.to_string()))?;
            let tiers = Tiers::open(&place).await?;
            let Some(cache) = tiers.cache().await else {
                return Err(Failure::usage("there is nothing to clear with --no-cache"));
            };
            let cleared = cache.clear(&pattern).await;
            if let Some(error) = cleared.failures().next() {
                return Err(cache_failure(error));
            }
            println!("{} entries removed", cleared.removed());
        }
        CacheCommand::Cleanup { place } => {
            let tiers = Tiers::open(&place).await?;
            let report =
                tiers.database()?.cleanup(&CleanupOptions::default()).await.map_err(|error| cache_failure(&error))?;
            table::cleanup(&report);
        }
        CacheCommand::Verify { place } => {
            let tiers = Tiers::open(&place).await?;
            let report = tiers.database()?.verify().await.map_err(|error| cache_failure(&error))?;
            println!("{} entries read, {} damaged and removed", report.checked, report.removed);
        }
        CacheCommand::Warm { folder, plan, engine } => return warm(folder, &plan, &engine).await,
    }
    Ok(Exit::Done)
}

/// Every picture under the folder through the engine, so that a later request finds it; nothing is written but the
/// cache.
async fn warm(folder: PathBuf, plan: &PlanArgs, engine: &EngineArgs) -> Result<Exit, Failure> {
    if engine.cache.no_cache {
        return Err(Failure::usage("there is nothing to warm with --no-cache"));
    }
    remove::warm(folder, plan, engine).await
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(Exit::Internal, "internal_error", error.to_string()))?;
    println!("{text}");
    Ok(())
}
