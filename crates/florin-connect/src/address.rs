//! The guard against private addresses: which addresses a URL given by a merchant may lead to.
//!
//! A webhook URL is a request that others make Florin send, so it must not reach what only Florin's own network can reach.
//! Invariant: the answer is about the address connected to, never about how a URL spells it; what the tables do not know
//! to be public is refused.
//!
//! Source: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its successors).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where calls to merchants may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Public addresses over HTTPS only: production.
    PublicOnly,
    /// Any address, HTTP too: the sandbox, whose shops run on the developer's own machine.
    AllowPrivate,
}

/// An address that the policy keeps closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address {address} is not public: {range}")]
pub struct ReservedAddress {
    /// The address.
    pub address: IpAddr,
    /// What it is reserved for.
    pub range: &'static str,
}

impl AddressPolicy {
    /// Whether a connection to `address` may be opened.
    ///
    /// # Errors
    /// [`ReservedAddress`] under [`PublicOnly`](Self::PublicOnly) for every address that is not on the public internet.
    pub fn check(self, address: IpAddr) -> Result<(), ReservedAddress> {
        let reserved = match self {
            Self::AllowPrivate => None,
            Self::PublicOnly => reserved_range(address),
        };
        reserved.map_or(Ok(()), |range| Err(ReservedAddress { address, range }))
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(high: [u16; 4], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(high[0], high[1], high[2], high[3], 0, 0, 0, 0), prefix)
}

const RESERVED_V4: [(Ipv4Net, &str); 18] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(168, 63, 129, 16, 32), "cloud metadata"), // Azure's host agent: a public number that every guest can reach.
    (v4(169, 254, 0, 0, 16), "link-local and cloud metadata"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 31, 196, 0, 24), "AS112"),
    (v4(192, 52, 193, 0, 24), "multicast tunnels"),
    (v4(192, 88, 99, 0, 24), "6to4 relays"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(198, 18, 0, 0, 15), "benchmarks"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved and broadcast"),
];

/// Reserved parts of [`GLOBAL_V6`]; all that lies outside it is refused without being named.
const RESERVED_V6: [(Ipv6Net, &str); 5] = [
    (v6([0x2001, 0, 0, 0], 23), "protocol assignments and Teredo"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "documentation"),
    (v6([0x2002, 0, 0, 0], 16), "6to4, which hides an IPv4 address"),
    (v6([0x2620, 0x4f, 0x8000, 0], 48), "AS112"),
    (v6([0x3fff, 0, 0, 0], 20), "documentation"),
];
/// The only part of IPv6 given out for the public internet.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0], 3);
/// Where networks without IPv4 write an IPv4 address (NAT64); the host behind it is the IPv4 one.
const TRANSLATED_V6: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);

/// What `address` is reserved for; `None` if it is public.
fn reserved_range(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => reserved_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inside) => reserved_v4(inside),
            None if GLOBAL_V6.contains(&address) => RESERVED_V6.iter().find(|(net, _)| net.contains(&address)).map(|(_, range)| *range),
            None => Some(outside_global(address)),
        },
    }
}

fn reserved_v4(address: Ipv4Addr) -> Option<&'static str> {
    RESERVED_V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, range)| *range)
}

/// The IPv4 host that an IPv6 address leads to by its form.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let translated = || {
        let [.., a, b, c, d] = address.octets();
        TRANSLATED_V6.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
    };
    address.to_ipv4_mapped().or_else(translated)
}

fn outside_global(address: Ipv6Addr) -> &'static str {
    if address.is_loopback() {
        "loopback"
    } else if address.is_unspecified() {
        "unspecified"
    } else if address.is_unicast_link_local() {
        "link-local"
    } else if address.is_unique_local() {
        "private"
    } else if address.is_multicast() {
        "multicast"
    } else {
        "outside global unicast"
    }
}

/// Whether `host`, as it stands in a setting, can only mean this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Resolves names for the HTTP client and keeps closed addresses from it.
///
/// The client connects to nothing but what comes out of here, so that a name cannot be checked at one address and
/// connected at another.
pub(crate) struct GuardedResolver(pub(crate) AddressPolicy);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(only_permitted(policy, found)?)
        })
    }
}

/// The addresses that may be connected to.
///
/// A name with one closed address is closed altogether: no honest name has both kinds, and a name that changes between
/// them is how such guards are fooled.
fn only_permitted(policy: AddressPolicy, found: Vec<SocketAddr>) -> Result<Addrs, ReservedAddress> {
    for address in &found {
        policy.check(address.ip())?;
    }
    Ok(Box::new(found.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> bool {
        AddressPolicy::PublicOnly.check(address.parse().unwrap()).is_err()
    }

    #[test]
    fn every_reserved_ipv4_range_is_refused_from_its_first_address_to_its_last() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.31.196.0", "192.31.196.255"),
            ("192.52.193.0", "192.52.193.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "239.255.255.255"),
            ("240.0.0.0", "255.255.255.255"),
        ] {
            assert!(refused(first) && refused(last), "{first} to {last}");
        }
    }

    #[test]
    fn the_neighbours_of_reserved_ipv4_ranges_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "8.8.8.8",
        ] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn every_ipv6_address_outside_the_public_internet_is_refused() {
        for address in [
            "::",
            "::1",
            "::2",
            "::7f00:1", // The last is the old IPv4-compatible form of 127.0.0.1.
            "100::1",
            "100:0:0:1::1",
            "64:ff9b:1::1",
            "1fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff00::1",
            "ff02::1",
            "ffff::1",
            "2001::1",
            "2001:1::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff::1",
            "3fff:fff::1",
        ] {
            assert!(refused(address), "{address}");
        }
    }

    #[test]
    fn public_ipv6_addresses_are_permitted() {
        for address in ["2606:4700:4700::1111", "2001:4860:4860::8888", "2001:200::1", "2a00:1450::1", "3ffe::1", "3fff:1000::1"] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_one_is_judged_as_what_it_is() {
        for address in [
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::192.168.1.1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(refused(address), "{address}");
        }
        for address in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"] {
            assert!(!refused(address), "{address}");
        }
    }

    #[test]
    fn the_sandbox_reaches_the_developers_own_machine() {
        for address in ["127.0.0.1", "::1", "192.168.1.1", "8.8.8.8"] {
            assert_eq!(AddressPolicy::AllowPrivate.check(address.parse().unwrap()), Ok(()));
        }
    }

    #[test]
    fn a_name_with_one_private_address_among_public_ones_is_refused() {
        let found = |addresses: [&str; 2]| addresses.map(|address| SocketAddr::new(address.parse().unwrap(), 0)).to_vec();
        assert!(only_permitted(AddressPolicy::PublicOnly, found(["8.8.8.8", "127.0.0.1"])).is_err());
        assert!(only_permitted(AddressPolicy::PublicOnly, found(["8.8.8.8", "2606:4700:4700::1111"])).is_ok());
    }

    #[test]
    fn only_hosts_that_mean_this_machine_count_as_it() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["localhost.example.com", "10.0.0.1", "mail", ""] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
