package envelope

import (
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkSeal compares sealing a reply with the limit: the same bytes through AES-CBC, base64 and SHA-1 of the
// standard library, written once. The metric x-limit must stay ≤ 1.5.
func BenchmarkSeal(b *testing.B) {
	k := key(b, tokenE, aesKeyE, corpE)
	reply := []byte("<xml><ToUserName><![CDATA[chenmo]]></ToUserName><FromUserName><![CDATA[" + corpE + "]]></FromUserName>" +
		"<CreateTime>1767225702</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" +
		strings.Repeat("已收到，单号 M20260302-0001。", 4) + "]]></Content></xml>")
	at := time.Unix(1767225601, 0)
	ours := func() {
		if _, err := k.Seal(NewSalt(at), XML, corpE, reply); err != nil {
			b.Fatal(err)
		}
	}
	limit := func() {
		salt := NewSalt(at) // unpredictable bytes are part of the work
		plain := make([]byte, 0, len(reply)+80)
		plain = append(plain, salt.Random[:]...)
		plain = binary.BigEndian.AppendUint32(plain, uint32(len(reply)))
		plain = append(append(plain, reply...), corpE...)
		for pad := 32 - len(plain)%32; len(plain)%32 != 0; {
			plain = append(plain, byte(pad))
		}
		cipher.NewCBCEncrypter(k.block, k.iv[:]).CryptBlocks(plain, plain)
		out := make([]byte, 0, base64.StdEncoding.EncodedLen(len(plain))+200)
		out = append(out, "<xml><Encrypt><![CDATA["...)
		out = base64.StdEncoding.AppendEncode(out, plain)
		h := sha1.New()
		h.Write(k.token)
		h.Write(out[23:])
		var sum [20]byte
		out = append(out, "]]></Encrypt><MsgSignature><![CDATA["...)
		out = hex.AppendEncode(out, h.Sum(sum[:0]))
		out = append(out, "]]></MsgSignature><TimeStamp>"...)
		out = append(out, salt.Timestamp...)
		out = append(out, "</TimeStamp><Nonce><![CDATA["...)
		out = append(out, salt.Nonce...)
		_ = append(out, "]]></Nonce></xml>"...)
	}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ours()
		}
	})
	b.Run("limit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			limit()
		}
	})
	b.Run("ratio", func(b *testing.B) {
		var all []float64
		for b.Loop() {
			all = append(all, float64(timed(ours))/float64(timed(limit)))
		}
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], "x-limit")
	})
}

// timed runs f often enough for the clock. The two sides take turns and the median counts, so that a busy machine
// spoils neither.
func timed(f func()) time.Duration {
	start := time.Now()
	for range 10 {
		f()
	}
	return time.Since(start)
}
