package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	encodingKeyLength = 43 // characters, [90930]
	maxTokenLength    = 32 // characters, [90930]
)

// Key is what one receiver and WeCom share: the Token that signs, the key that encrypts, and the receive ids
// the receiver answers to. It is safe for concurrent use. It prints as "[secret]".
type Key struct {
	token      []byte
	receiveIDs []string
	block      cipher.Block
	iv         [aes.BlockSize]byte
	decrypters sync.Pool // of blockMode, so that a callback does not copy the key schedule again
}

// blockMode is a CBC mode that can be used again from a fresh IV.
type blockMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

// A KeyError names the part of a key that cannot be right. It never contains the part itself.
type KeyError struct {
	Field   string // token | encoding_aes_key | receive_id
	Problem string
}

func (e *KeyError) Error() string { return e.Field + ": " + e.Problem }

// NewKey parses the values of the console page 接收消息. The first receive id is the one replies carry; for a
// self-built app and for contact sync it is the corp id, for an AI bot the empty text (callbacks.md 1.7).
func NewKey(token, encodingAESKey string, receiveIDs ...string) (*Key, error) {
	if err := checkToken(token); err != nil {
		return nil, err
	}
	raw, err := parseAESKey(encodingAESKey)
	if err != nil {
		return nil, err
	}
	if len(receiveIDs) == 0 {
		return nil, &KeyError{"receive_id", "at least one is needed (the corp id)"}
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("build cipher: %w", err)
	}
	k := &Key{token: []byte(token), receiveIDs: append([]string(nil), receiveIDs...), block: block}
	copy(k.iv[:], raw)
	return k, nil
}

func (*Key) String() string   { return "[secret]" }
func (*Key) GoString() string { return "[secret]" }

// Keys are the keys one receiver accepts. Previous is tried when Current does not open a request, so that no
// callback is lost while the console and the configuration are being changed; nil outside such a change.
type Keys struct {
	Current  *Key
	Previous *Key
}

// A Salt holds the values that differ from one envelope to the next.
type Salt struct {
	Random    [16]byte
	Timestamp string // Unix seconds, decimal
	Nonce     string // digits
}

// NewSalt draws an unpredictable salt for an envelope made at the given time.
func NewSalt(at time.Time) Salt {
	var drawn [24]byte
	rand.Read(drawn[:]) // never fails: the runtime aborts instead
	s := Salt{Timestamp: strconv.FormatInt(at.Unix(), 10)}
	copy(s.Random[:], drawn[:16])
	var nonce uint64
	for _, b := range drawn[16:] {
		nonce = nonce<<8 | uint64(b)
	}
	s.Nonce = strconv.FormatUint(nonce%1e10, 10)
	return s
}

func checkToken(token string) error {
	switch {
	case token == "":
		return &KeyError{"token", "is empty"}
	case len(token) > maxTokenLength:
		return &KeyError{"token", fmt.Sprintf("has %d characters, at most %d are allowed", len(token), maxTokenLength)}
	case !alphanumeric(token):
		return &KeyError{"token", "may hold only the letters A-Z, a-z and the digits 0-9"}
	}
	return nil
}

// parseAESKey is lenient about the last character: its two spare bits are not zero in real keys (callbacks.md 1.5).
func parseAESKey(text string) ([]byte, error) {
	const field = "encoding_aes_key"
	if text == "" {
		return nil, &KeyError{field, "is empty"}
	}
	if len(text) != encodingKeyLength {
		return nil, &KeyError{field, fmt.Sprintf("has %d characters, exactly %d are needed", len(text), encodingKeyLength)}
	}
	if !alphanumeric(text) {
		return nil, &KeyError{field, "may hold only the letters A-Z, a-z and the digits 0-9"}
	}
	raw, err := base64.StdEncoding.DecodeString(text + "=")
	if err != nil || len(raw) != 32 {
		return nil, &KeyError{field, "does not decode to 32 bytes"}
	}
	return raw, nil
}

func alphanumeric(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// expects reports whether id is one of the receive ids of k.
func (k *Key) expects(id []byte) bool {
	for _, want := range k.receiveIDs {
		if string(id) == want {
			return true
		}
	}
	return false
}

// decrypt replaces ciphertext by its plaintext, in place.
func (k *Key) decrypt(ciphertext []byte) {
	mode, ok := k.decrypters.Get().(blockMode)
	if ok {
		mode.SetIV(k.iv[:])
		mode.CryptBlocks(ciphertext, ciphertext)
		k.decrypters.Put(mode)
		return
	}
	fresh := cipher.NewCBCDecrypter(k.block, k.iv[:])
	fresh.CryptBlocks(ciphertext, ciphertext)
	if mode, ok := fresh.(blockMode); ok {
		k.decrypters.Put(mode)
	}
}
