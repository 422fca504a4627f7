//! Trusted proxies: whose word is taken for where a request came from.
//!
//! Invariant: an address that nobody trusted vouched for is never believed; the peer's own address is.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The networks in which our own proxies stand.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
pub struct BadNetwork(String);

impl TrustedProxies {
    /// Reads addresses (`10.1.2.3`) and networks (`10.0.0.0/8`, `fd00::/8`).
    ///
    /// # Errors
    /// [`BadNetwork`] with the first text that is neither.
    pub fn parse<T: AsRef<str>>(networks: &[T]) -> Result<Self, BadNetwork> {
        networks.iter().map(|text| network(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a proxy of ours stands at `address`.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where a request came from: the peer, unless it is a proxy of ours; then the last address in `X-Forwarded-For` that is none.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let hops = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        for hop in hops.collect::<Vec<_>>().into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            // What cannot be read cannot be believed, and nothing before it either.
            let Some(address) = address(hop.trim()) else { break };
            client = address;
        }
        client
    }

    /// Whether the proxy says that its client spoke plain HTTP to it.
    pub(crate) fn says_plain_http(headers: &HeaderMap) -> bool {
        headers.get(X_FORWARDED_PROTO).is_some_and(|proto| !proto.as_bytes().eq_ignore_ascii_case(b"https"))
    }

    /// A network so wide that it cannot be one's own proxies: more than a /8, or a /16 of IPv6.
    pub fn too_wide(&self) -> Option<String> {
        let is_wide = |network: &&IpNet| network.prefix_len() < if network.addr().is_ipv4() { 8 } else { 16 };
        self.0.iter().find(is_wide).map(ToString::to_string)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn network(text: &str) -> Result<IpNet, BadNetwork> {
    let alone = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    text.parse().ok().or_else(alone).ok_or_else(|| BadNetwork(text.to_owned()))
}

/// An address as proxies write it: bare, with a port, or bracketed.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = || hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    bare().or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = TrustedProxies::parse(&["10.0.0.0/8", "::1"]).unwrap();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_is_who_it_is_whatever_it_says() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn our_proxies_are_passed_over_and_lies_before_them_are_not_believed() {
        assert_eq!(client("10.0.0.1", &["192.0.2.7, 198.51.100.1, 10.2.2.2"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.7", "198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn ports_and_brackets_are_read_and_nonsense_stops_the_search() {
        assert_eq!(client("::1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client("::1", &["198.51.100.1, unknown"]), "::1");
        assert_eq!(client("::1", &[]), "::1");
    }

    #[test]
    fn a_network_that_is_none_is_named() {
        assert_eq!(TrustedProxies::parse(&["10.0.0.0/8", "tomorrow"]).unwrap_err(), BadNetwork("tomorrow".to_owned()));
    }
}
