//! Every tier and wrapper of this crate is held to the one contract.

use std::sync::Arc;

use clearcut_cache::{
    CacheTier, MemoryOptions, MemoryTier, ReadOnly, SystemClock, TierPolicy, TieredCache, TieredTier,
    conformance::{Subject, lease},
    testing::{Faulty, LocalLeases, MapTier},
};
use futures::FutureExt as _;

fn memory() -> MemoryTier {
    let mut options = MemoryOptions::new(64 << 20);
    options.largest_entry_bytes = 4 << 20;
    MemoryTier::new(options, Arc::new(SystemClock))
}

/// A subject over `tier`, whose raw bytes are in `map`.
fn over(map: MapTier, tier: impl CacheTier + 'static) -> Subject {
    Subject::new(Arc::new(tier)).planted_by(move |key, frame| {
        map.plant(&key, frame);
        std::future::ready(()).boxed()
    })
}

clearcut_cache::conformance_suite!(memory_tier, async { Subject::new(Arc::new(memory())).limited_to(4 << 20) });

clearcut_cache::conformance_suite!(map, async {
    let map = MapTier::new("map");
    over(map.clone(), map)
});

clearcut_cache::conformance_suite!(faulty, async {
    let map = MapTier::new("map");
    over(map.clone(), Faulty::new(map))
});

clearcut_cache::conformance_suite!(arc_dyn, async {
    let map = MapTier::new("map");
    let erased: Arc<dyn CacheTier> = Arc::new(map.clone());
    over(map, erased)
});

clearcut_cache::conformance_suite!(read_only, async {
    let map = MapTier::new("map");
    Subject::new(Arc::new(ReadOnly::new(map.clone()))).written_through(Arc::new(map))
});

clearcut_cache::conformance_suite!(tiered, async {
    let cache = TieredCache::builder()
        .tier(Arc::new(memory()), TierPolicy::local())
        .tier(Arc::new(MapTier::new("map")), TierPolicy::shared())
        .build();
    Subject::new(Arc::new(TieredTier::new("tiered", cache)))
});

clearcut_cache::lease_conformance_suite!(local_leases, async { lease::Subject::new(Arc::new(LocalLeases::default())) });
