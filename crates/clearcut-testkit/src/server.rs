//! Private Redis, Postgres, S3 and Azure servers for tests, on random loopback ports, with their files in a temporary
//! folder.
//!
//! A server ends with the value that started it, and also when the test process exits, is killed or never drops a
//! static: a small shell that holds the other end of a pipe ends it then and removes its folder.
//!
//! Where a server's program is not installed, `start` fails with [`MissingProgram`], which names the command that
//! installs it. Those for S3 and Azure install themselves below the build's target folder; where they cannot, it fails
//! with [`MissingPackages`]. Tests call `start_or_skip`:
//!
//! ```no_run
//! # use clearcut_testkit::server::RedisServer;
//! let Some(redis) = RedisServer::start_or_skip() else { return };
//! println!("{}", redis.url());
//! ```
//!
//! A missing program is a loud line on standard error and a skipped test, and with `CLEARCUT_REQUIRE_SERVERS=1` (which
//! `cargo xtask test` sets) a failed one. A program that is there but does not start always fails the test.

mod account;
mod azurite;
mod moto;
mod postgres;
mod process;
mod program;
mod redis;
mod redis_cluster;
mod watchdog;

pub use self::azurite::AzuriteServer;
pub use self::moto::MotoServer;
pub use self::postgres::PostgresServer;
pub use self::program::MissingProgram;
pub use self::redis::{RedisOptions, RedisServer};
pub use self::redis_cluster::RedisCluster;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::packages::MissingPackages;
use crate::skip::skip;

/// How often a start is repeated with another port, when somebody took the port before the server did.
const PORT_ATTEMPTS: u32 = 5;

/// The started server, or `None` after saying on standard error that a test is skipped.
///
/// # Panics
///
/// If the server's program is there and yet did not start, or if it is missing and `CLEARCUT_REQUIRE_SERVERS` is `1`.
#[track_caller]
fn or_skip<T>(started: anyhow::Result<T>) -> Option<T> {
    match started {
        Ok(server) => Some(server),
        Err(error) if error.is::<MissingProgram>() || error.is::<MissingPackages>() => {
            skip(&error);
            None
        }
        Err(error) => panic!("{error:#}"),
    }
}

/// A loopback port that was free a moment ago.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Sends one HTTP request, and returns all that is answered until the server closes the connection.
fn exchange(port: u16, request_line: &str, body: &str) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    let length = body.len();
    let headers = format!("Host: 127.0.0.1:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n");
    connection.write_all(format!("{request_line}\r\n{headers}\r\n{body}").as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
