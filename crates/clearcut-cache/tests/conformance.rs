//! Every tier and wrapper of this crate is held to the one contract.

use std::sync::Arc;

use clearcut_cache::{
    conformance::{Subject, lease},
    testing::{Faulty, LocalLeases, MapTier},
};
use futures::FutureExt as _;

clearcut_cache::conformance_suite!(map, async {
    let tier = MapTier::new("map");
    let planter = tier.clone();
    Subject::new(Arc::new(tier)).planted_by(move |key, frame| {
        planter.plant(&key, frame);
        std::future::ready(()).boxed()
    })
});

clearcut_cache::conformance_suite!(faulty, async { Subject::new(Arc::new(Faulty::new(MapTier::new("map")))) });

clearcut_cache::lease_conformance_suite!(local_leases, async { lease::Subject::new(Arc::new(LocalLeases::default())) });
