#![doc = include_str!("../README.md")]

mod bus;
mod config;
mod connection;
mod error;
mod health;
mod keys;
mod lease;
mod script;
mod stored;
mod subscription;
mod sweep;
mod tier;
mod tls;
mod upstash;

pub use bus::RedisBus;
pub use config::RedisConfig;
pub use connection::{Dedicated, RedisConnection};
pub use lease::RedisLease;
pub use script::Script;
pub use subscription::{Heard, Subscription};
pub use tier::RedisTier;
pub use upstash::{UpstashConfig, UpstashTier};
