package envelope

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"sync"
)

// signatureLength is 40 lowercase hexadecimal characters.
const signatureLength = sha1.Size * 2

// signer keeps what one signature needs, so that signing allocates nothing.
type signer struct {
	hash  hash.Hash
	short []byte // timestamp and nonce as bytes
	parts [4][]byte
	sum   [sha1.Size]byte
	text  [signatureLength]byte
}

var signers = sync.Pool{New: func() any { return &signer{hash: sha1.New()} }}

// signed compares in constant time.
func (k *Key) signed(q Query, encrypt []byte) bool {
	s := signers.Get().(*signer)
	want := s.sign(k.token, q.Timestamp, q.Nonce, encrypt)
	s.short = append(s.short[:0], q.Signature...)
	ok := subtle.ConstantTimeCompare(want, s.short) == 1
	s.release()
	return ok
}

// signature is the msg_signature of a ciphertext, as text.
func (k *Key) signature(timestamp, nonce string, encrypt []byte) string {
	s := signers.Get().(*signer)
	text := string(s.sign(k.token, timestamp, nonce, encrypt))
	s.release()
	return text
}

// sign hashes the four values in the order of their bytes, without separators (callbacks.md 1.4). The result is
// valid until the next use of s.
func (s *signer) sign(token []byte, timestamp, nonce string, encrypt []byte) []byte {
	s.short = append(append(s.short[:0], timestamp...), nonce...)
	s.parts = [4][]byte{token, s.short[:len(timestamp)], s.short[len(timestamp):], encrypt}
	for i := 1; i < len(s.parts); i++ {
		for j := i; j > 0 && bytes.Compare(s.parts[j], s.parts[j-1]) < 0; j-- {
			s.parts[j], s.parts[j-1] = s.parts[j-1], s.parts[j]
		}
	}
	s.hash.Reset()
	for _, part := range s.parts {
		s.hash.Write(part)
	}
	s.hash.Sum(s.sum[:0])
	hex.Encode(s.text[:], s.sum[:])
	return s.text[:]
}

// release gives s back without the caller's bytes.
func (s *signer) release() {
	s.parts = [4][]byte{}
	signers.Put(s)
}
