//! Sources: from where a merchant is called, which is all that is known of whoever brings nothing but an API key.
//!
//! Invariant: keys are known to pages, so that whoever shows nothing else is the merchant's server at an address of its list
//! alone, and elsewhere one of many strangers.

use std::net::{IpAddr, Ipv6Addr};

use crate::Context;
use crate::caller::MerchantCaller;

/// Among which values an address is known again.
const ADDRESSES: &str = "callers' addresses";
/// Whoever has one IPv6 address has all that share its first half.
const NETWORK: u128 = !(u64::MAX as u128);

/// From where a call comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its address, if it is known.
    pub client: Option<IpAddr>,
    /// Whether the merchant's servers call from there.
    pub is_servers: bool,
}

impl Source {
    /// Looks an address up in a merchant's list.
    pub fn of(caller: &MerchantCaller, client: Option<IpAddr>) -> Self {
        Self { client, is_servers: client.is_some_and(|address| caller.merchant.allows(address)) }
    }

    /// By which a merchant's callers are told apart who bring nothing but its API key: its servers are one, and all others as
    /// many as they have addresses. It does not tell the address.
    pub fn name(&self, cx: &Context) -> String {
        if self.is_servers {
            return "server".to_owned();
        }
        let network = self.client.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK),
        });
        let octets = network.map_or([0; 16], |network| network.octets());
        format!("{:032x}", u128::from_be_bytes(cx.keeper.capability(ADDRESSES, &octets)))
    }
}
