//! Where pictures may be fetched from: the public internet, and networks that the operator has opened.

use std::{
    error, fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 8 << 10;

/// Not of the public internet: IANA's registry of special-purpose addresses (RFC 6890), and Azure's host agent.
const SPECIAL_IPV4: [Ipv4Net; 17] = [
    ipv4([0, 0, 0, 0], 8),
    ipv4([10, 0, 0, 0], 8),
    ipv4([100, 64, 0, 0], 10),
    ipv4([127, 0, 0, 0], 8),
    ipv4([168, 63, 129, 16], 32),
    ipv4([169, 254, 0, 0], 16),
    ipv4([172, 16, 0, 0], 12),
    ipv4([192, 0, 0, 0], 24),
    ipv4([192, 0, 2, 0], 24),
    ipv4([192, 88, 99, 0], 24),
    ipv4([192, 168, 0, 0], 16),
    ipv4([198, 18, 0, 0], 15),
    ipv4([198, 51, 100, 0], 24),
    ipv4([203, 0, 113, 0], 24),
    ipv4([224, 0, 0, 0], 4),
    ipv4([240, 0, 0, 0], 4),
    ipv4([255, 255, 255, 255], 32),
];

/// What is given out to the public (RFC 4291). Outside of it lie loopback, unique-local, link-local, site-local and
/// multicast, and the IPv4 addresses that are mapped, compatible or behind NAT64.
const GLOBAL_IPV6: Ipv6Net = ipv6([0x2000, 0, 0], 3);

/// What is special within [`GLOBAL_IPV6`]: protocol assignments with Teredo and benchmarking, documentation, 6to4.
const SPECIAL_IPV6: [Ipv6Net; 4] =
    [ipv6([0x2001, 0, 0], 23), ipv6([0x2001, 0xdb8, 0], 32), ipv6([0x2002, 0, 0], 16), ipv6([0x3fff, 0, 0], 20)];

/// NAT64 (RFC 6052): the last 32 bits are an IPv4 address.
const NAT64: Ipv6Net = ipv6([0x64, 0xff9b, 0], 96);

/// Which hosts may be asked for pictures. As a resolver it gives out only addresses that may be, so that what was
/// checked is what is connected to, whatever the name leads to a moment later.
#[derive(Debug, Clone)]
pub struct Destinations {
    allowed: Arc<[IpNet]>,
}

/// Why a host may not be asked. Names no address that a name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(&'static str);

impl Destinations {
    /// The public internet and the `allowed` networks.
    pub fn new(allowed: &[IpNet]) -> Self {
        Self { allowed: allowed.into() }
    }

    /// Reads a URL that may be fetched as far as it tells by itself; what its name leads to is checked when it is
    /// resolved.
    pub fn parse(&self, url: &str) -> Result<Url, Refused> {
        if url.len() > MAX_URL_BYTES {
            return Err(Refused("it is too long"));
        }
        let url = Url::parse(url).map_err(|_| Refused("it is no complete URL; it begins with https://"))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Checks one URL on the way.
    pub fn check(&self, url: &Url) -> Result<(), Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused("it has a user or password in it"));
        }
        let permitted = match url.host() {
            Some(Host::Ipv4(address)) => self.permits(address.into()),
            Some(Host::Ipv6(address)) => self.permits(address.into()),
            Some(Host::Domain(name)) => is_public_name(name),
            None => false,
        };
        if permitted { Ok(()) } else { Err(Refused::NOT_PUBLIC) }
    }

    /// Whether an address may be connected to.
    pub fn permits(&self, address: IpAddr) -> bool {
        let is_allowed = self.allowed.iter().any(|network| network.contains(&address));
        match address {
            IpAddr::V4(address) => is_allowed || is_public_ipv4(address),
            // A network that was opened for its IPv4 addresses leads only to those that may be reached as such.
            IpAddr::V6(address) if is_allowed => embedded_ipv4(address).is_none_or(|inner| self.permits(inner.into())),
            IpAddr::V6(address) => is_public_ipv6(address),
        }
    }

    /// The addresses behind a name, if all of them may be connected to.
    async fn resolve_all(self, name: String) -> Result<Addrs, Box<dyn error::Error + Send + Sync>> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
        // One of many would be enough to get in.
        if addresses.iter().all(|address| self.permits(address.ip())) {
            Ok(Box::new(addresses.into_iter()))
        } else {
            Err(Refused::NOT_PUBLIC.into())
        }
    }
}

impl Resolve for Destinations {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(self.clone().resolve_all(name.as_str().to_owned()))
    }
}

impl Refused {
    const NOT_PUBLIC: Self = Self("its host is not on the public internet");

    /// That a redirect leads from a protected connection to an unprotected one.
    pub const DOWNGRADE: Self = Self("it redirects from https to http");

    /// The refusal behind an error of the client, if that is what it is.
    pub fn behind<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl error::Error for Refused {}

/// Names that lead to this machine whatever a resolver says (RFC 6761), and those that are written to look like others.
fn is_public_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    !last.is_empty() && !last.eq_ignore_ascii_case("localhost")
}

fn is_public_ipv4(address: Ipv4Addr) -> bool {
    !SPECIAL_IPV4.iter().any(|network| network.contains(&address))
}

fn is_public_ipv6(address: Ipv6Addr) -> bool {
    GLOBAL_IPV6.contains(&address) && !SPECIAL_IPV6.iter().any(|network| network.contains(&address))
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64, 6to4.
fn embedded_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, high, low, ..] = address.segments();
    let last = || Ipv4Addr::from_bits(address.to_bits() as u32);
    match first {
        0x2002 => Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
        _ if NAT64.contains(&address) => Some(last()),
        _ if !address.is_loopback() && !address.is_unspecified() => address.to_ipv4(),
        _ => None,
    }
}

const fn ipv4(address: [u8; 4], bits: u8) -> Ipv4Net {
    let [a, b, c, d] = address;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn ipv6(address: [u16; 3], bits: u8) -> Ipv6Net {
    let [a, b, c] = address;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), bits)
}

#[cfg(test)]
mod tests;
