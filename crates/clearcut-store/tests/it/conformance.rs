//! Every store is held to the one contract, those of the clouds behind servers that speak their protocols.

use clearcut_store::{Store, StoreConfig, conformance::Subject};

clearcut_store::store_conformance_suite!(memory, async { Subject::new(Store::open(StoreConfig::memory()).unwrap()) });

clearcut_store::store_conformance_suite!(folder, async {
    let folder = tempfile::tempdir().unwrap();
    let config = StoreConfig::folder(folder.path().join("not/yet/there"));
    Subject::new(Store::open(config).unwrap()).keeping(folder)
});

#[cfg(unix)]
mod clouds {
    use super::Subject;
    use crate::servers;

    clearcut_store::store_conformance_suite!(s3, async { Some(Subject::new(servers::s3()?).signing()) });

    clearcut_store::store_conformance_suite!(azure, async {
        Some(Subject::new(servers::azure()?).signing().checking_signatures())
    });

    // Somebody else's signature is all that this one has.
    clearcut_store::store_conformance_suite!(azure_signed, async { Some(Subject::new(servers::azure_signed()?)) });

    // Google's protocol for objects is S3's, but for the signatures, which are left out.
    clearcut_store::store_conformance_suite!(gcs, async { Some(Subject::new(servers::gcs()?)) });
}
