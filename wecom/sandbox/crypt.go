package sandbox

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"math/big"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The platform's end of the envelope (callbacks.md 1). It is written apart from
// callback/envelope on purpose: an app that judged its own codec with that same
// codec would never see a mistake in it. crypt_test.go holds both to the public
// vectors and to each other.

const padBlock = 32

// crypter seals what the platform sends to one receiver and opens its replies.
type crypter struct {
	token  string
	block  cipher.Block
	iv     []byte
	corpID string
}

func newCrypter(token, encodingKey, corpID string) (*crypter, error) {
	key, err := base64.StdEncoding.DecodeString(encodingKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("EncodingAESKey does not decode to 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &crypter{token: token, block: block, iv: key[:aes.BlockSize], corpID: corpID}, nil
}

// sign is msg_signature over the values in byte order.
func (c *crypter) sign(timestamp, nonce, cipherText string) string {
	parts := []string{c.token, timestamp, nonce, cipherText}
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// encrypt seals msg behind 16 random bytes, Base64.
func (c *crypter) encrypt(random [16]byte, msg []byte) string {
	plain := make([]byte, 0, 20+len(msg)+len(c.corpID)+padBlock)
	plain = append(plain, random[:]...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(msg)))
	plain = append(append(plain, msg...), c.corpID...)
	pad := padBlock - len(plain)%padBlock
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(c.block, c.iv).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

// decrypt opens one ciphertext with every check of callbacks.md 1.6.
func (c *crypter) decrypt(cipherText string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(cipherText)
	if err != nil {
		return nil, errors.New("Encrypt 不是 Base64")
	}
	if len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return nil, errors.New("密文长度不是 16 的倍数")
	}
	cipher.NewCBCDecrypter(c.block, c.iv).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad < 1 || pad > padBlock || pad > len(raw) {
		return nil, errors.New("填充错误（EncodingAESKey 不对？）")
	}
	for _, b := range raw[len(raw)-pad:] {
		if int(b) != pad {
			return nil, errors.New("填充错误（EncodingAESKey 不对？）")
		}
	}
	raw = raw[:len(raw)-pad]
	if len(raw) < 20 {
		return nil, errors.New("明文过短")
	}
	n := uint64(binary.BigEndian.Uint32(raw[16:20]))
	if 20+n > uint64(len(raw)) {
		return nil, errors.New("长度字段超出明文")
	}
	if id := string(raw[20+n:]); id != c.corpID {
		return nil, fmt.Errorf("receiveid 是 %q，应为 %q", cutBytes(id, 64), c.corpID)
	}
	return raw[20 : 20+n], nil
}

// sealed is one outgoing request: URL parameters and body.
type sealed struct {
	signature, timestamp, nonce, encrypted string
}

// seal encrypts msg with fresh randomness at business time at.
func (c *crypter) seal(msg []byte, at time.Time) sealed {
	var random [16]byte
	rand.Read(random[:])
	s := sealed{timestamp: strconv.FormatInt(at.Unix(), 10), nonce: digits(10)}
	s.encrypted = c.encrypt(random, msg)
	s.signature = c.sign(s.timestamp, s.nonce, s.encrypted)
	return s
}

// body is the POST body (callbacks.md 1.3). The order of its elements is not
// fixed: swapped prints the other one seen.
func (s sealed) body(corpID, agentID string, swapped bool) []byte {
	var x xmlText
	x.open("xml").cdata("ToUserName", corpID)
	if swapped {
		x.cdata("Encrypt", s.encrypted)
	}
	if agentID != "" {
		x.cdata("AgentID", agentID)
	}
	if !swapped {
		x.cdata("Encrypt", s.encrypted)
	}
	x.close("xml")
	return x.bytes()
}

// openReply verifies and decrypts a passive reply's envelope (callbacks.md 1.8).
func (c *crypter) openReply(body []byte) ([]byte, error) {
	var in struct {
		XMLName      xml.Name `xml:"xml"`
		Encrypt      *string  `xml:"Encrypt"`
		MsgSignature *string  `xml:"MsgSignature"`
		TimeStamp    *string  `xml:"TimeStamp"`
		Nonce        *string  `xml:"Nonce"`
	}
	if err := xml.Unmarshal(body, &in); err != nil {
		return nil, errors.New("回复不是加密 XML")
	}
	switch {
	case in.Encrypt == nil:
		return nil, errors.New("回复缺少 Encrypt")
	case in.MsgSignature == nil:
		return nil, errors.New("回复缺少 MsgSignature")
	case in.TimeStamp == nil:
		return nil, errors.New("回复缺少 TimeStamp")
	case in.Nonce == nil:
		return nil, errors.New("回复缺少 Nonce")
	}
	want := c.sign(strings.TrimSpace(*in.TimeStamp), *in.Nonce, *in.Encrypt)
	if subtle.ConstantTimeCompare([]byte(want), []byte(strings.TrimSpace(*in.MsgSignature))) != 1 {
		return nil, errors.New("回复签名不符")
	}
	return c.decrypt(*in.Encrypt)
}

// digits is a random decimal number of n digits without a leading zero.
func digits(n int) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n-1)), nil)
	span := new(big.Int).Mul(low, big.NewInt(9))
	v, err := rand.Int(rand.Reader, span)
	if err != nil { // crypto/rand never fails on supported systems
		panic(err)
	}
	return v.Add(v, low).String()
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// letters is a random opaque id of n letters and digits.
func letters(n int) string {
	raw := make([]byte, n)
	rand.Read(raw)
	for i := range raw {
		raw[i] = alphabet[int(raw[i])%len(alphabet)]
	}
	return string(raw)
}
