//! The whole cache, against its contract and against trouble.

mod conformance;
mod invalidation;
mod leases;
mod ledger;
mod single_flight;
mod support;
mod tiered;
