package demo

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"pado/domain/gateway"
)

// Key is a demonstration API key with a call that works, in demo.json.
type Key struct {
	Product string  `json:"product"`
	Key     string  `json:"key"`
	Secret  string  `json:"secret"`
	Example Example `json:"example"`
}

// Example is one ready call: sent as it stands it is answered, once and within a few minutes of the
// time it was signed for (domain/gateway/SIGNING.md). A served demonstration city writes it anew.
type Example struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// Sign signs the key's example for a time; the nonce follows from key and time.
func (k *Key) Sign(at time.Time) error {
	secret, err := hex.DecodeString(k.Secret)
	if err != nil {
		return fmt.Errorf("the secret is no hex: %w", err)
	}
	path, query, _ := strings.Cut(k.Example.Path, "?")
	s := gateway.Signed{Method: k.Example.Method, Path: path, RawQuery: query, Body: []byte(k.Example.Body), Key: k.Key, Time: fmt.Sprint(at.Unix()), Nonce: fmt.Sprintf("example-%d", at.UnixNano())}
	sign, err := gateway.Sign(gateway.Credential{Algorithm: "HMAC-SHA256", Secret: secret}, s)
	if err != nil {
		return fmt.Errorf("sign the example: %w", err)
	}
	k.Example.Headers = map[string]string{"X-Pado-Key": k.Key, "X-Pado-Time": s.Time, "X-Pado-Nonce": s.Nonce, "X-Pado-Signature": sign}
	return nil
}

// Project is a sandbox project with a person who may ask in it.
type Project struct {
	No   string `json:"no"`
	User string `json:"user"`
}
