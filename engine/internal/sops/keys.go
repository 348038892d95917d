package sops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// Keys decrypt documents. They never show in JSON: what stands for them there are the public halves.
type Keys struct {
	identities []age.Identity
	recipients []string
}

// ParseKeys reads age identities: texts with one or several of them, separated by space, comments after #.
func ParseKeys(texts []string) (*Keys, error) {
	keys := &Keys{}
	for _, text := range texts {
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, "#")
			for _, word := range strings.Fields(line) {
				if err := keys.add(word); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.Sort(keys.recipients)
	keys.recipients = slices.Compact(keys.recipients)
	return keys, nil
}

// add takes one identity; no error quotes it.
func (k *Keys) add(word string) error {
	switch {
	case strings.HasPrefix(word, "AGE-SECRET-KEY-PQ-1"):
		identity, err := age.ParseHybridIdentity(word)
		if err != nil {
			return errors.New("an age key can't be read: it was cut or changed")
		}
		k.identities = append(k.identities, identity)
		k.recipients = append(k.recipients, identity.Recipient().String())
	case strings.HasPrefix(word, "AGE-SECRET-KEY-1"):
		identity, err := age.ParseX25519Identity(word)
		if err != nil {
			return errors.New("an age key can't be read: it was cut or changed")
		}
		k.identities = append(k.identities, identity)
		k.recipients = append(k.recipients, identity.Recipient().String())
	case strings.HasPrefix(word, "AGE-PLUGIN-"):
		return errors.New("an age key needs a plugin of age, which is a program and isn't run")
	default:
		return errors.New("an age key doesn't begin with AGE-SECRET-KEY-1")
	}
	return nil
}

// Recipients are the public halves of the keys, sorted.
func (k *Keys) Recipients() []string {
	if k == nil {
		return nil
	}
	return k.recipients
}

// KeyError says that none of the keys decrypts a document.
type KeyError struct {
	// Wanted names the keys that would, such as age1… or pgp 85D7….
	Wanted []string
	// Corrupt says that one of the keys should have: the document names it.
	Corrupt bool
}

func (e *KeyError) Error() string {
	if e.Corrupt {
		return "the data key can't be decrypted, although it is encrypted for a key that is given: it was cut or changed"
	}
	return "encrypted for " + strings.Join(e.Wanted, ", ")
}

// dataKey finds the key that the values are encrypted with.
func (m *metadata) dataKey(keys *Keys) ([]byte, error) {
	var parts [][]byte
	problem := &KeyError{}
	for _, group := range m.groups {
		part, err := group.decrypt(keys, problem)
		if err == nil {
			parts = append(parts, part)
		}
	}
	if len(m.groups) == 1 && len(parts) == 1 {
		return parts[0], nil
	}
	if len(m.groups) > 1 && len(parts) > 0 && len(parts) >= m.threshold {
		return combine(parts)
	}
	return nil, problem
}

func (g group) decrypt(keys *Keys, problem *KeyError) ([]byte, error) {
	for _, key := range g {
		if key.kind == "age" && len(keys.identities) > 0 {
			part, err := decryptAge(key.encrypted, keys.identities)
			if err == nil {
				return part, nil
			}
			problem.Corrupt = problem.Corrupt || slices.Contains(keys.recipients, key.name)
		}
		problem.Wanted = append(problem.Wanted, key.String())
	}
	return nil, problem
}

// String names a key as people know it.
func (k masterKey) String() string {
	if k.kind == "age" {
		return k.name
	}
	return fmt.Sprintf("%s %s", k.kind, k.name)
}

// maxDataKey is many times the size of a data key, or of a share of one.
const maxDataKey = 1 << 10

func decryptAge(encrypted string, identities []age.Identity) ([]byte, error) {
	reader, err := age.Decrypt(armor.NewReader(strings.NewReader(encrypted)), identities...)
	if err != nil {
		return nil, err
	}
	var key bytes.Buffer
	if _, err := io.Copy(&key, io.LimitReader(reader, maxDataKey)); err != nil {
		return nil, err
	}
	return key.Bytes(), nil
}

// combine puts a data key together from its shares (Shamir's secret sharing over GF(2⁸), with the polynomial of AES):
// a share is the values of one polynomial a byte, then the place at which they were taken.
func combine(shares [][]byte) ([]byte, error) {
	size := len(shares[0])
	for at, share := range shares {
		if len(share) != size || size < 2 {
			return nil, errors.New("the shares of the data key don't fit together")
		}
		for _, other := range shares[:at] {
			if other[size-1] == share[size-1] {
				return nil, errors.New("a share of the data key is there twice")
			}
		}
	}
	key := make([]byte, size-1)
	for _, share := range shares {
		weight := byte(1)
		for _, other := range shares {
			if x, y := share[size-1], other[size-1]; x != y {
				weight = multiply(weight, multiply(y, invert(x^y)))
			}
		}
		for at := range key {
			key[at] ^= multiply(share[at], weight)
		}
	}
	return key, nil
}

func multiply(a, b byte) byte {
	var product byte
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			product ^= a
		}
		high := a & 0x80
		a <<= 1
		if high != 0 {
			a ^= 0x1b
		}
	}
	return product
}

// invert returns the multiplicative inverse: the 254th power.
func invert(a byte) byte {
	result := byte(1)
	for range 254 {
		result = multiply(result, a)
	}
	return result
}
