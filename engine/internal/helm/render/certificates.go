package render

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"text/template"
	"time"
)

// certificate is what templates get of sprig's functions.
type certificate struct{ Cert, Key string }

// request is what a certificate is to say.
type request struct {
	name       string
	ips, names []any
	days       int
	authority  bool
}

// certificates are the functions that make keys and certificates. Theirs are real ones, whose key follows from what the
// certificate says and so is no secret.
func (f *functions) certificates() template.FuncMap {
	used := func(request request, key string, by *certificate) (certificate, error) {
		f.use(Random)
		return request.make(key, by)
	}
	return template.FuncMap{
		"genPrivateKey": func(kind string) string {
			f.use(Random)
			return keyText(keyFor("genPrivateKey " + kind))
		},
		"genCA": func(name string, days int) (certificate, error) {
			return used(request{name: name, days: days, authority: true}, "", nil)
		},
		"genCAWithKey": func(name string, days int, key string) (certificate, error) {
			return used(request{name: name, days: days, authority: true}, key, nil)
		},
		"genSelfSignedCert": func(name string, ips, names []any, days int) (certificate, error) {
			return used(request{name: name, ips: ips, names: names, days: days}, "", nil)
		},
		"genSelfSignedCertWithKey": func(name string, ips, names []any, days int, key string) (certificate, error) {
			return used(request{name: name, ips: ips, names: names, days: days}, key, nil)
		},
		"genSignedCert": func(name string, ips, names []any, days int, by certificate) (certificate, error) {
			return used(request{name: name, ips: ips, names: names, days: days}, "", &by)
		},
		"genSignedCertWithKey": func(name string, ips, names []any, days int, by certificate, key string) (certificate, error) {
			return used(request{name: name, ips: ips, names: names, days: days}, key, &by)
		},
		"buildCustomCert": customCertificate,
	}
}

func (r request) make(key string, by *certificate) (certificate, error) {
	signer := crypto.Signer(keyFor(fmt.Sprintf("%q %q %q %v", r.name, r.ips, r.names, r.authority)))
	if key == "" {
		key = keyText(signer)
	} else {
		var err error
		if signer, err = parseKey(key); err != nil {
			return certificate{}, fmt.Errorf("parsing private key: %w", err)
		}
	}
	wanted, err := r.template()
	if err != nil {
		return certificate{}, err
	}
	parent, authority := wanted, signer
	if by != nil {
		if parent, authority, err = by.parse(); err != nil {
			return certificate{}, err
		}
	}
	made, err := x509.CreateCertificate(nothing{}, wanted, parent, signer.Public(), steady{authority})
	if err != nil {
		return certificate{}, fmt.Errorf("error creating certificate: %w", err)
	}
	return certificate{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})), key}, nil
}

func (r request) template() (*x509.Certificate, error) {
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: r.name}, NotBefore: moment,
		NotAfter: moment.Add(24 * time.Hour * time.Duration(r.days)), BasicConstraintsValid: true, IsCA: r.authority,
		KeyUsage:    x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if r.authority {
		wanted.KeyUsage |= x509.KeyUsageCertSign
	}
	for _, ip := range r.ips {
		text, is := ip.(string)
		if !is {
			return nil, fmt.Errorf("error parsing ip: %v is not a string", ip)
		}
		parsed := net.ParseIP(text)
		if parsed == nil {
			return nil, fmt.Errorf("error parsing ip: %s", text)
		}
		wanted.IPAddresses = append(wanted.IPAddresses, parsed)
	}
	for _, name := range r.names {
		text, is := name.(string)
		if !is {
			return nil, fmt.Errorf("error processing alternate dns name: %v is not a string", name)
		}
		wanted.DNSNames = append(wanted.DNSNames, text)
	}
	return wanted, nil
}

func (c certificate) parse() (*x509.Certificate, crypto.Signer, error) {
	block, _ := pem.Decode([]byte(c.Cert))
	if block == nil {
		return nil, nil, errors.New("unable to decode certificate")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("error parsing certificate: decodedSignerCert.Bytes: %w", err)
	}
	key, err := parseKey(c.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("error parsing private key: %w", err)
	}
	return parsed, key, nil
}

func customCertificate(encoded, encodedKey string) (certificate, error) {
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return certificate{}, errors.New("unable to decode base64 certificate")
	}
	key, err := base64.StdEncoding.DecodeString(encodedKey)
	if err != nil {
		return certificate{}, errors.New("unable to decode base64 private key")
	}
	made := certificate{string(text), string(key)}
	_, _, err = made.parse()
	return made, err
}

func keyFor(text string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("gitops-placeholder " + text))
	return ed25519.NewKeyFromSeed(seed[:])
}

func keyText(key crypto.Signer) string {
	data, _ := x509.MarshalPKCS8PrivateKey(key) // an ed25519 key always can be
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: data}))
}

func parseKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM data in input")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		if signer, is := key.(crypto.Signer); is {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

// steady signs without chance: keys that sign by a random number take it from what they sign where they get none.
type steady struct{ crypto.Signer }

// Sign implements crypto.Signer.
func (s steady) Sign(_ io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	return s.Signer.Sign(nil, digest, options)
}

// nothing is a source of zeros.
type nothing struct{}

// Read implements io.Reader.
func (nothing) Read(data []byte) (int, error) {
	clear(data)
	return len(data), nil
}
