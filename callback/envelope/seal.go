package envelope

import (
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
)

// Seal encrypts a passive reply for receiveID and wraps it in the elements Encrypt, MsgSignature, TimeStamp and
// Nonce, or their JSON names (callbacks.md 1.8, 1.10).
func (k *Key) Seal(s Salt, form Form, receiveID string, reply []byte) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	b := buffers.Get().(*buffer)
	defer b.release()
	encrypt := k.encrypt(b, s.Random, receiveID, reply)
	signature := k.signature(s.Timestamp, s.Nonce, encrypt)
	out := make([]byte, 0, len(encrypt)+len(signature)+len(s.Timestamp)+len(s.Nonce)+160)
	if form == JSON {
		out = append(out, `{"encrypt":"`...)
		out = append(out, encrypt...)
		out = append(out, `","msgsignature":"`...)
		out = append(out, signature...)
		out = append(out, `","timestamp":`...)
		out = append(out, s.Timestamp...)
		out = append(out, `,"nonce":"`...)
		out = append(out, s.Nonce...)
		return append(out, `"}`...), nil
	}
	out = append(out, `<xml><Encrypt><![CDATA[`...)
	out = append(out, encrypt...)
	out = append(out, `]]></Encrypt><MsgSignature><![CDATA[`...)
	out = append(out, signature...)
	out = append(out, `]]></MsgSignature><TimeStamp>`...)
	out = append(out, s.Timestamp...)
	out = append(out, `</TimeStamp><Nonce><![CDATA[`...)
	out = append(out, s.Nonce...)
	return append(out, `]]></Nonce></xml>`...), nil
}

// Request is a callback as WeCom sends it.
type Request struct {
	Query Query
	Body  []byte
}

// SealRequest builds a callback as the platform does: toUser and agentID stand in the outer body, agentID only if
// it is not empty, and the plaintext carries the first receive id of k.
func (k *Key) SealRequest(s Salt, form Form, toUser, agentID string, message []byte) (Request, error) {
	if err := s.check(); err != nil {
		return Request{}, err
	}
	if !plainText(toUser) || !plainText(agentID) {
		return Request{}, fmt.Errorf("seal request: outer ids may hold only letters, digits and - _ @ .")
	}
	b := buffers.Get().(*buffer)
	defer b.release()
	encrypt := k.encrypt(b, s.Random, k.receiveIDs[0], message)
	r := Request{Query: Query{Signature: k.signature(s.Timestamp, s.Nonce, encrypt), Timestamp: s.Timestamp, Nonce: s.Nonce}}
	if form == JSON {
		r.Body = fmt.Appendf(nil, `{"tousername":"%s","encrypt":"%s","agentid":"%s"}`, toUser, encrypt, agentID)
		return r, nil
	}
	r.Body = fmt.Appendf(nil, `<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt>`, toUser, encrypt)
	if agentID != "" {
		r.Body = fmt.Appendf(r.Body, `<AgentID><![CDATA[%s]]></AgentID>`, agentID)
	}
	r.Body = append(r.Body, `</xml>`...)
	return r, nil
}

// SealEcho builds the parameters of a URL verification as the platform does. The echostr is not yet escaped for a URL.
func (k *Key) SealEcho(s Salt, echo string) (q Query, echostr string, err error) {
	if err := s.check(); err != nil {
		return Query{}, "", err
	}
	b := buffers.Get().(*buffer)
	defer b.release()
	encrypt := k.encrypt(b, s.Random, k.receiveIDs[0], []byte(echo))
	q = Query{Signature: k.signature(s.Timestamp, s.Nonce, encrypt), Timestamp: s.Timestamp, Nonce: s.Nonce}
	return q, string(encrypt), nil
}

// OpenReply opens a passive reply as the platform does: it checks the printed signature over the printed values,
// then everything Open checks.
func (k *Key) OpenReply(body []byte) ([]byte, error) {
	if len(body) > MaxBody {
		return nil, ErrSize
	}
	r, err := parseReply(body)
	if err != nil {
		return nil, err
	}
	q := Query{Signature: r.MsgSignature, Timestamp: r.TimeStamp, Nonce: r.Nonce}
	if err := q.check(); err != nil {
		return nil, err
	}
	if r.Encrypt == "" {
		return nil, ErrEmpty
	}
	message, _, err := k.open(q, []byte(r.Encrypt))
	return message, err
}

// encrypt lays out random, length, message and receive id, pads, encrypts and encodes. The result lives in b.
func (k *Key) encrypt(b *buffer, random [16]byte, receiveID string, message []byte) []byte {
	plain := append(b.plain[:0], random[:]...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(message)))
	plain = append(plain, message...)
	plain = append(plain, receiveID...)
	pad := padBlock - len(plain)%padBlock
	for range pad {
		plain = append(plain, byte(pad))
	}
	cipher.NewCBCEncrypter(k.block, k.iv[:]).CryptBlocks(plain, plain)
	b.plain = plain
	b.text = base64.StdEncoding.AppendEncode(b.text[:0], plain)
	return b.text
}

// check keeps foreign markup out of the envelope, whose values are written without escaping.
func (s Salt) check() error {
	if _, err := strconv.ParseUint(s.Timestamp, 10, 63); err != nil {
		return fmt.Errorf("seal: timestamp must be Unix seconds")
	}
	if s.Nonce == "" || len(s.Nonce) > 128 || !plainText(s.Nonce) {
		return fmt.Errorf("seal: nonce may hold only letters, digits and - _ @ .")
	}
	return nil
}

func plainText(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '-', '_', '@', '.':
		default:
			if !alphanumeric(s[i : i+1]) {
				return false
			}
		}
	}
	return true
}

// buffer holds the intermediate forms of one envelope.
type buffer struct{ plain, text []byte }

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// release keeps ordinary buffers; a rare huge one is left to the collector.
func (b *buffer) release() {
	const keep = 64 << 10
	if cap(b.text) <= keep {
		buffers.Put(b)
	}
}

// replyBody is the reply envelope in either notation.
type replyBody struct {
	Encrypt      string
	MsgSignature string
	TimeStamp    string
	Nonce        string
}

func parseReply(body []byte) (replyBody, error) {
	body = trimStart(body)
	if len(body) > 0 && body[0] == '{' {
		var r struct {
			Encrypt      string      `json:"encrypt"`
			MsgSignature string      `json:"msgsignature"`
			TimeStamp    json.Number `json:"timestamp"`
			Nonce        string      `json:"nonce"`
		}
		if err := json.Unmarshal(body, &r); err != nil {
			return replyBody{}, ErrJSON
		}
		return replyBody{r.Encrypt, r.MsgSignature, r.TimeStamp.String(), r.Nonce}, nil
	}
	var r replyBody
	fields := map[string]*string{"Encrypt": &r.Encrypt, "MsgSignature": &r.MsgSignature, "TimeStamp": &r.TimeStamp, "Nonce": &r.Nonce}
	err := parseXML(body, func(name, text string) error {
		field, ok := fields[name]
		if !ok {
			return nil
		}
		if *field != "" {
			return ErrXML
		}
		*field = text
		return nil
	})
	return r, err
}
