package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func mechanismOf(name, user, password string) sasl.Mechanism {
	switch name {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	}
	panic("no such mechanism: " + name)
}

func showSasl(bootstrap, prefix string, arguments []string) {
	mechanism, user, password := arguments[0], arguments[1], arguments[2]
	topic := prefix + "-" + mechanism
	optionsOf := func(password string) []kgo.Opt {
		options := []kgo.Opt{kgo.SASL(mechanismOf(mechanism, user, password)), kgo.RetryTimeout(5 * time.Second)}
		if len(arguments) > 3 {
			authorities := x509.NewCertPool()
			authorities.AppendCertsFromPEM(need(os.ReadFile(arguments[3])))
			options = append(options, kgo.DialTLSConfig(&tls.Config{RootCAs: authorities}))
		}
		return options
	}
	connect := func(password string) *kadm.Client {
		return kadm.NewClient(newClient(bootstrap, optionsOf(password)...))
	}
	admin := connect(password)
	defer admin.Close()
	createTopic(admin, topic, 1, nil)
	fact("topics after login", topicsOf(bootstrap, topic, optionsOf(password)...))
	stranger := connect("not " + password)
	defer stranger.Close()
	limited, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	_, err := stranger.ListTopics(limited)
	fact("a wrong password is refused", errors.Is(err, kerr.SaslAuthenticationFailed))
}
