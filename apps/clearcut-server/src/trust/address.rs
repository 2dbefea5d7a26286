//! The client's address: that of the connection, unless a trusted proxy says otherwise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName},
};
use ipnet::{IpNet, Ipv6Net};

/// Bits of an IPv6 address that say whose network it is; a single client chooses the others as it likes (RFC 6177).
const IPV6_SITE_BITS: u8 = 64;

/// The address that limits count and logs name.
///
/// A trusted proxy is believed what it says of the one before it, in `X-Forwarded-For` or `Forwarded` (RFC 7239), and
/// so on from the right to the first address that is not trusted. Further left stands what a client may have made up.
pub fn client(request: &HttpRequest, trusted_proxies: &[IpNet]) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    forwarded(peer.to_canonical(), request.headers(), trusted_proxies)
}

/// Whom limits count behind an address: the address itself, and of IPv6 the whole /64.
pub fn limit_subject(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, IPV6_SITE_BITS).trunc().to_string(),
    }
}

fn forwarded(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let said = |name: HeaderName, parse: fn(&str) -> Option<IpAddr>| {
        headers.contains_key(&name).then(|| {
            let mut nearest = peer;
            for entry in entries(headers, name).into_iter().rev() {
                let Some(address) = entry.and_then(parse) else { break };
                nearest = address;
                if !is_trusted(&nearest) {
                    break;
                }
            }
            nearest
        })
    };
    match (said(header::X_FORWARDED_FOR, address), said(header::FORWARDED, forwarded_for)) {
        (Some(address), None) | (None, Some(address)) => address,
        (Some(one), Some(other)) if one == other => one,
        // The proxy writes one of them and passes on the other as the client sent it, and nothing says which. Counted
        // for the proxy, nobody gains by it.
        (Some(_), Some(_)) | (None, None) => peer,
    }
}

/// What stands between the commas of all headers of the name, in their order; `None` for what is no text.
fn entries(headers: &HeaderMap, name: HeaderName) -> Vec<Option<&str>> {
    let entries = headers.get_all(name).flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    entries.map(|entry| str::from_utf8(entry).ok().map(str::trim)).collect()
}

/// `192.0.2.1`, `2001:db8::1`, each also with a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())),
    };
    address.map(|address| address.to_canonical())
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut nodes = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let node = nodes.next().filter(|_| nodes.next().is_none())?;
    address(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// The client of a request from `peer` with these headers, where 10.0.0.0/8 and `fd00::/8` are trusted.
    fn check(peer: &str, headers: &[(&str, &str)], expected: &str) {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let mut request = TestRequest::default().peer_addr(SocketAddr::new(peer.parse().unwrap(), 4711));
        for header in headers {
            request = request.append_header(*header);
        }
        let client = client(&request.to_http_request(), &trusted);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} {headers:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let xff = |value| [("X-Forwarded-For", value)];
        check("198.51.100.1", &[], "198.51.100.1");
        check("198.51.100.1", &xff("203.0.113.7"), "198.51.100.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &xff("203.0.113.7"), "203.0.113.7");
        check("::ffff:10.0.0.1", &xff("::ffff:203.0.113.7"), "203.0.113.7");
        check("fd00::1", &xff("2001:db8::7"), "2001:db8::7");
    }

    #[test]
    fn what_a_client_made_up_stands_too_far_left() {
        let xff = |value| [("X-Forwarded-For", value)];
        check("10.0.0.1", &xff("1.1.1.1, 203.0.113.7"), "203.0.113.7");
        check("10.0.0.1", &xff("1.1.1.1, 203.0.113.7, 10.0.0.9"), "203.0.113.7");
        check("10.0.0.1", &xff("10.0.0.3,10.0.0.2"), "10.0.0.3");
        check("10.0.0.1", &[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "203.0.113.7")], "203.0.113.7");
    }

    #[test]
    fn a_malformed_entry_ends_the_walk_at_the_last_one_that_was_sound() {
        for malformed in ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "203.0.113.7 evil", "[1.2.3.4]", "[::1", "💥"]
        {
            check("10.0.0.1", &[("X-Forwarded-For", malformed)], "10.0.0.1");
            check("10.0.0.1", &[("X-Forwarded-For", &format!("1.1.1.1, {malformed}, 10.0.0.2"))], "10.0.0.2");
        }
    }

    #[test]
    fn ports_and_the_standard_header_are_understood() {
        check("10.0.0.1", &[("X-Forwarded-For", "203.0.113.7:4711")], "203.0.113.7");
        check("10.0.0.1", &[("X-Forwarded-For", "[2001:db8::7]:4711")], "2001:db8::7");
        check("10.0.0.1", &[("X-Forwarded-For", "[2001:db8::7]")], "2001:db8::7");
        for (value, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1", "2001:db8::7"),
            ("for=1.1.1.1, proto=http; for=203.0.113.7 , for=10.0.0.2", "203.0.113.7"),
            ("for=203.0.113.7, for=unknown", "10.0.0.1"),
            ("for=1.1.1.1;for=2.2.2.2", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            check("10.0.0.1", &[("Forwarded", value)], expected);
        }
    }

    #[test]
    fn two_headers_that_disagree_are_not_believed() {
        let both = |xff, forwarded| [("X-Forwarded-For", xff), ("Forwarded", forwarded)];
        check("10.0.0.1", &both("203.0.113.7", "for=203.0.113.7"), "203.0.113.7");
        check("10.0.0.1", &both("203.0.113.7", "for=1.1.1.1"), "10.0.0.1");
    }

    #[test]
    fn limits_count_networks_of_ipv6() {
        for (address, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(limit_subject(address.parse().unwrap()), expected);
        }
    }
}
