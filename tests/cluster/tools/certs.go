package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// authority signs what it writes into its folder.
type authority struct {
	folder string
	pem    []byte
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

// identity is whom a certificate is about: a server has addresses, a user may be in a group.
type identity struct {
	file, name, group string
	names             []string
	addresses         []net.IP
}

// certs writes, for a cluster of one node: the authority, the certificates of both servers, the key of service accounts,
// and a kubeconfig for each of its users.
func certs(folder, server, node string, addresses []string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	ca, err := newAuthority(folder)
	if err != nil {
		return err
	}
	var ips []net.IP
	for _, address := range addresses {
		ips = append(ips, net.ParseIP(address))
	}
	kubernetes := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	for _, of := range []identity{
		{file: "apiserver", name: "kube-apiserver", names: kubernetes, addresses: ips},
		{file: "kubelet-server", name: node, names: []string{node, "localhost"}, addresses: ips},
		{file: "apiserver-kubelet", name: "kube-apiserver-kubelet-client", group: "system:masters"},
	} {
		if _, _, err := ca.sign(of); err != nil {
			return err
		}
	}
	for _, user := range []identity{
		{file: "admin", name: "admin", group: "system:masters"},
		{file: "controllers", name: "system:kube-controller-manager"},
		{file: "scheduler", name: "system:kube-scheduler"},
		{file: "kubelet", name: "system:node:" + node, group: "system:nodes"},
	} {
		if err := ca.kubeconfig(user, server); err != nil {
			return err
		}
	}
	return serviceAccounts(folder)
}

func newAuthority(folder string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template(identity{name: "tests"})
	template.IsCA, template.KeyUsage, template.ExtKeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature, nil
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	ca := &authority{folder: folder, cert: cert, key: key}
	ca.pem, _, err = ca.write("ca", der, key)
	return ca, err
}

func template(of identity) *x509.Certificate {
	subject := pkix.Name{CommonName: of.name}
	if of.group != "" {
		subject.Organization = []string{of.group}
	}
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    of.names, IPAddresses: of.addresses, BasicConstraintsValid: true,
	}
}

func (ca *authority) sign(of identity) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template(of), ca.cert, &private.PublicKey, ca.key)
	if err != nil {
		return nil, nil, err
	}
	return ca.write(of.file, der, private)
}

func (ca *authority) write(file string, der []byte, private *ecdsa.PrivateKey) (cert, key []byte, err error) {
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
	path := filepath.Join(ca.folder, file)
	return cert, key, errors.Join(os.WriteFile(path+".crt", cert, 0o600), os.WriteFile(path+".key", key, 0o600))
}

// kubeconfig writes one that needs no other file.
func (ca *authority) kubeconfig(user identity, server string) error {
	cert, key, err := ca.sign(user)
	if err != nil {
		return err
	}
	data := base64.StdEncoding.EncodeToString
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- {name: bed, cluster: {server: %q, certificate-authority-data: %s}}
users:
- {name: %[3]s, user: {client-certificate-data: %[4]s, client-key-data: %[5]s}}
contexts:
- {name: bed, context: {cluster: bed, user: %[3]s, namespace: default}}
current-context: bed
`, server, data(ca.pem), user.file, data(cert), data(key))
	return os.WriteFile(filepath.Join(ca.folder, user.file+".kubeconfig"), []byte(text), 0o600)
}

// serviceAccounts writes the pair by which tokens of service accounts are signed.
func serviceAccounts(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	write := func(file, kind string, der []byte) error {
		return os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	return errors.Join(write("sa.key", "EC PRIVATE KEY", secret), write("sa.pub", "PUBLIC KEY", public))
}

// wait asks a server of the cluster, as its administrator, until it answers 200.
func wait(folder, url, limit string) error {
	most, err := seconds(limit)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "admin.crt"), filepath.Join(folder, "admin.key"))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	settings := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{TLSClientConfig: settings}}
	last := errors.New("not asked")
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		answer, err := client.Get(url)
		if err != nil {
			last = err
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		last = fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return fmt.Errorf("not within %s: %w", most, last)
}
