package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const lifetime = 30 * 24 * time.Hour

// keys writes what a cluster's programs prove themselves with into a directory: a certificate authority (ca.crt), a
// serving certificate of it for loopback (server.crt, server.key), and the key that service accounts' tokens are signed
// with (sa.key). The authority's own key is not kept.
func keys(arguments []string) int {
	if len(arguments) != 1 {
		fmt.Fprintln(os.Stderr, "keys: wants a directory")
		return 2
	}
	if err := writeKeys(arguments[0]); err != nil {
		fmt.Fprintln(os.Stderr, "keys:", err)
		return 1
	}
	return 0
}

func writeKeys(directory string) error {
	authority := template("pytest-gitops")
	authority.IsCA, authority.BasicConstraintsValid = true, true
	authority.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := writeCertificate(directory, "ca.crt", authority, authority, authorityKey.Public(), authorityKey); err != nil {
		return err
	}
	serving := template("kube-apiserver")
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4(10, 0, 0, 1)}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	servingKey, err := writeKey(directory, "server.key")
	if err != nil {
		return err
	}
	if err := writeCertificate(directory, "server.crt", serving, authority, servingKey.Public(), authorityKey); err != nil {
		return err
	}
	_, err = writeKey(directory, "sa.key")
	return err
}

func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func writeKey(directory, name string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, write(directory, name, "EC PRIVATE KEY", der)
}

func writeCertificate(
	directory, name string, certificate, parent *x509.Certificate, public crypto.PublicKey, signer *ecdsa.PrivateKey,
) error {
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, public, signer)
	if err != nil {
		return err
	}
	return write(directory, name, "CERTIFICATE", der)
}

func write(directory, name, kind string, der []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return os.WriteFile(filepath.Join(directory, name), text, 0o600)
}
