// Package policy decides what may be fetched: from which addresses and hosts, how much, and for how long.
package policy

import (
	"fmt"
	"net/netip"
)

// notPublic are the ranges that are of no use, or of another use, on the internet (IANA's special-purpose registries),
// beside those that netip has a name for.
var notPublic = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "::/96", "100::/64", "2001:2::/48", "2001:db8::/32", "2002::/16", "2001::/32", "5f00::/16",
	"fec0::/10",
)

// translated are the ranges whose last four bytes are an IPv4 address that a translator connects to.
var translated = prefixes("64:ff9b::/96", "64:ff9b:1::/48")

// metadata are the addresses at which clouds hand out credentials of the machine. Nothing else is there.
var metadata = prefixes(
	"169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
	"fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
)

func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for index, text := range texts {
		parsed[index] = netip.MustParsePrefix(text)
	}
	return parsed
}

func within(address netip.Addr, ranges []netip.Prefix) bool {
	for _, prefix := range ranges {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// checkAddress returns why an address may not be connected to, nil where it may.
func checkAddress(address netip.Addr, private bool) error {
	address = meant(address)
	switch {
	case within(address, metadata):
		return fmt.Errorf("%s is an address of cloud metadata", address)
	case private:
		return nil
	case address.IsLoopback():
		return fmt.Errorf("%s is a loopback address", address)
	case address.IsPrivate():
		return fmt.Errorf("%s is a private address", address)
	case address.IsLinkLocalUnicast(), address.IsLinkLocalMulticast(), address.IsInterfaceLocalMulticast():
		return fmt.Errorf("%s is a link-local address", address)
	case !address.IsGlobalUnicast(), within(address, notPublic):
		return fmt.Errorf("%s is not a public address", address)
	}
	return nil
}

// meant returns the IPv4 address where an IPv6 address stands for one.
func meant(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if within(address, translated) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}
