//! Which addresses a plugin's request may go to, whatever the name it came from.
//!
//! A name that is granted may resolve to anything its owner likes: to this machine, to its neighbours, to the
//! address that hands out a cloud machine's credentials. So the address is judged, and then connected to, without
//! asking again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The internet.
    Public,
    /// This machine and its neighbours.
    Private,
    /// Where clouds hand out credentials.
    Metadata,
    /// Nobody in particular: unspecified, multicast, broadcast, reserved.
    Nowhere,
}

impl Reach {
    /// Judges an address. One that carries another inside is judged as that other.
    pub(crate) const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::v4(address),
            IpAddr::V6(address) => Self::v6(address),
        }
    }

    const fn v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [169, 254, 169, 254] | [169, 254, 170, 2 | 23] | [100, 100, 100, 200] => Self::Metadata,
            // 192.0.0.0/24 belongs to protocols, 198.18.0.0/15 to benchmarks, 100.64.0.0/10 to carriers.
            [10 | 127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0, _]
            | [198, 18 | 19, ..]
            | [100, 64..=127, ..] => Self::Private,
            [0 | 224..=255, ..] => Self::Nowhere,
            _ => Self::Public,
        }
    }

    const fn v6(address: Ipv6Addr) -> Self {
        let [a, b, c, d, e, f, g, h] = address.segments();
        match [a, b, c, d, e, f, g, h] {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::Nowhere,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Private,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => Self::Metadata,
            // An IPv4 address, mapped or translated.
            [0, 0, 0, 0, 0, 0xffff | 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Self::v4(embedded(g, h)),
            // 6to4.
            [0x2002, ..] => Self::v4(embedded(b, c)),
            // Teredo hides an address that cannot be judged; NAT64 with a prefix of its own does so as well.
            [0x2001, 0, ..] | [0x64, 0xff9b, ..] => Self::Nowhere,
            [0xfc00..=0xfdff | 0xfe80..=0xfeff, ..] => Self::Private,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Nowhere,
        }
    }

    /// Whether a request may go there.
    ///
    /// `private` is the grant's word; `literal` says that the grant names this very address: only so can credentials
    /// of the machine be asked for.
    pub(crate) const fn allowed(self, private: bool, literal: bool) -> bool {
        match self {
            Self::Public => true,
            Self::Private => private,
            Self::Metadata => private && literal,
            Self::Nowhere => false,
        }
    }
}

const fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_by_what_they_reach() {
        for (reach, addresses) in [
            (
                Reach::Public,
                &["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"][..],
            ),
            (
                Reach::Private,
                &[
                    "127.0.0.1",
                    "127.9.9.9",
                    "10.0.0.1",
                    "172.16.0.1",
                    "192.168.1.1",
                    "100.64.0.1",
                    "169.254.1.1",
                    "::1",
                    "fe80::1",
                    "fc00::1",
                    "fd12::1",
                    "fec0::1",
                    "::ffff:127.0.0.1",
                    "::127.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:7f00:1::",
                    "2002:a00:1::1",
                ],
            ),
            (
                Reach::Metadata,
                &[
                    "169.254.169.254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "fd00:ec2::254",
                    "169.254.170.2",
                ],
            ),
            (
                Reach::Nowhere,
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "224.0.0.1",
                    "255.255.255.255",
                    "240.0.0.1",
                    "::",
                    "ff02::1",
                    "2001::1",
                    "100::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(Reach::of(address.parse().unwrap()), reach, "{address}");
            }
        }
    }

    #[test]
    fn credentials_of_the_machine_are_asked_for_by_address_only() {
        assert!(Reach::Private.allowed(true, false) && !Reach::Private.allowed(false, true));
        assert!(Reach::Metadata.allowed(true, true) && !Reach::Metadata.allowed(true, false));
        assert!(!Reach::Nowhere.allowed(true, true) && Reach::Public.allowed(false, false));
    }
}
