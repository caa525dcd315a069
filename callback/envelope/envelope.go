// Package envelope opens and seals the encrypted envelopes that WeCom and an app exchange over a callback URL
// (callbacks.md chapter 1; [90930], [90968]).
package envelope

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const (
	// MaxBody is the largest request body Open looks at, in bytes.
	MaxBody = 1 << 20

	cbcBlock     = 16 // bytes; what AES works on
	padBlock     = 32 // bytes; WeCom pads to twice the cipher's block
	messageStart = 20 // bytes: 16 random, 4 length
)

// Form is the notation of an envelope's body.
type Form uint8

const (
	XML Form = iota
	JSON
)

// A Query holds the parameters WeCom puts into the URL, decoded once, exactly as they were signed.
type Query struct {
	Signature string // msg_signature
	Timestamp string
	Nonce     string
}

// Opened is a request that proved to be from WeCom.
type Opened struct {
	Message   []byte // the plaintext; the caller owns it
	ReceiveID string
	Form      Form
	Key       *Key // the key that opened it; replies are sealed with the same one

	// Outer values stand outside the signature: hints for a log, never a basis of a decision.
	OuterToUser  string
	OuterAgentID string
}

// Open verifies, decrypts and checks one POST body. The error is, or wraps, one of the Err values.
func (ks Keys) Open(q Query, body []byte) (Opened, error) {
	if len(body) > MaxBody {
		return Opened{}, ErrSize
	}
	if err := q.check(); err != nil {
		return Opened{}, err
	}
	outer, err := scanOuter(body)
	if err != nil {
		return Opened{}, err
	}
	if len(outer.encrypt) == 0 {
		return Opened{}, ErrEmpty
	}
	key, message, id, err := ks.open(q, outer.encrypt)
	if err != nil {
		return Opened{}, err
	}
	return Opened{
		Message: message, ReceiveID: id, Form: outer.form, Key: key,
		OuterToUser: string(outer.toUser), OuterAgentID: string(outer.agentID),
	}, nil
}

// OpenEcho answers a URL verification: it returns the bytes to send back, and nothing around them ([90930]).
// Blanks in echostr become '+' again, which a proxy that decodes the query turned into blanks.
func (ks Keys) OpenEcho(q Query, echostr string) ([]byte, error) {
	if len(echostr) > MaxBody {
		return nil, ErrSize
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	if echostr == "" {
		return nil, ErrEmpty
	}
	_, message, _, err := ks.open(q, []byte(strings.ReplaceAll(echostr, " ", "+")))
	return message, err
}

// Seal encrypts a reply to the request that was opened, in the request's form and for its receive id.
func (o Opened) Seal(s Salt, reply []byte) ([]byte, error) {
	return o.Key.Seal(s, o.Form, o.ReceiveID, reply)
}

// check bounds what is going to be hashed. WeCom's timestamps are ten digits and its nonces at most twenty characters.
func (q Query) check() error {
	const longest = 128
	if len(q.Signature) != signatureLength || q.Timestamp == "" || q.Nonce == "" ||
		len(q.Timestamp) > longest || len(q.Nonce) > longest {
		return ErrQuery
	}
	return nil
}

// open tries the current key, then the previous one. When neither opens, the error is that of the key whose
// signature matched, because it tells an administrator more.
func (ks Keys) open(q Query, encrypt []byte) (*Key, []byte, string, error) {
	message, id, err := ks.Current.open(q, encrypt)
	if err == nil || ks.Previous == nil {
		return ks.Current, message, id, err
	}
	message, id, previousErr := ks.Previous.open(q, encrypt)
	if previousErr == nil {
		return ks.Previous, message, id, nil
	}
	if err == ErrSignature {
		err = previousErr
	}
	return nil, nil, "", err
}

// open checks in the order of callbacks.md 1.6, the signature first. The message is the only thing allocated.
func (k *Key) open(q Query, encrypt []byte) (message []byte, receiveID string, err error) {
	if !k.signed(q, encrypt) {
		return nil, "", ErrSignature
	}
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt)))
	n, err := base64.StdEncoding.Decode(plain, encrypt)
	if err != nil {
		return nil, "", ErrBase64
	}
	plain = plain[:n]
	if n == 0 || n%cbcBlock != 0 {
		return nil, "", ErrBlock
	}
	k.decrypt(plain)
	plain, err = unpad(plain)
	if err != nil {
		return nil, "", err
	}
	if len(plain) < messageStart {
		return nil, "", ErrLength
	}
	// In 64 bits: the sum of a hostile length and an offset must not wrap.
	end := uint64(messageStart) + uint64(binary.BigEndian.Uint32(plain[16:messageStart]))
	if end > uint64(len(plain)) {
		return nil, "", ErrLength
	}
	id := plain[end:]
	if !k.expects(id) {
		return nil, "", ErrReceiveID
	}
	return plain[messageStart:end:end], string(id), nil
}

// unpad removes PKCS#7 padding of block size 32 after looking at every byte of it.
func unpad(plain []byte) ([]byte, error) {
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padBlock || pad > len(plain) {
		return nil, ErrPadding
	}
	rest := len(plain) - pad
	for _, b := range plain[rest:] {
		if int(b) != pad {
			return nil, ErrPadding
		}
	}
	return plain[:rest], nil
}
