package callback

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"guiju/callback/envelope"
)

// BenchmarkOpenDecode compares opening and decoding a callback with the limit: the same bytes through SHA-1, base64,
// AES-CBC and one scan for tags, all from the standard library. The metric x-limit must stay ≤ 2.
func BenchmarkOpenDecode(b *testing.B) {
	approval := fixtures(b)["sys_approval_new"]
	cases := []struct{ name, plain string }{
		{"text-0.4KB", textPlain},
		{"approval-3KB", grow(approval, 3<<10)},
		{"approval-23KB", grow(approval, 23<<10)},
	}
	const token, aesKey = "FixtureToken01", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE"
	key := newKey(b, token, aesKey)
	keys := envelope.Keys{Current: key}
	raw, _ := base64.StdEncoding.DecodeString(aesKey + "=")
	block, err := aes.NewCipher(raw)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range cases {
		request, err := key.SealRequest(envelope.NewSalt(time.Unix(1767225700, 0)), envelope.XML, corp, "1000042", []byte(c.plain))
		if err != nil {
			b.Fatal(err)
		}
		ours := func() {
			o, err := keys.Open(request.Query, request.Body)
			if err == nil {
				_, err = Decode(o.Message)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		limit := func() {
			encrypt := between(request.Body, "<Encrypt><![CDATA[", "]]>")
			h := sha1.New()
			for _, part := range []string{token, request.Query.Timestamp, request.Query.Nonce} {
				h.Write([]byte(part))
			}
			h.Write(encrypt)
			sum := h.Sum(nil)
			plain := make([]byte, base64.StdEncoding.DecodedLen(len(encrypt)))
			n, err := base64.StdEncoding.Decode(plain, encrypt)
			if err != nil || len(sum) != sha1.Size {
				b.Fatal(err)
			}
			cipher.NewCBCDecrypter(block, raw[:16]).CryptBlocks(plain[:n], plain[:n])
			if scanned(plain[:n]) == 0 {
				b.Fatal("no tags")
			}
		}
		b.Run(c.name+"/ours", func(b *testing.B) { repeat(b, ours) })
		b.Run(c.name+"/limit", func(b *testing.B) { repeat(b, limit) })
		b.Run(c.name+"/ratio", func(b *testing.B) { ratio(b, ours, limit) })
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, plain := range map[string]string{
		"text-0.4KB": textPlain, "approval-3KB": grow(fixtures(b)["sys_approval_new"], 3<<10), "approval-23KB": grow(fixtures(b)["sys_approval_new"], 23<<10),
	} {
		raw := []byte(plain)
		t := new(tree)
		b.Run(name+"/whole", func(b *testing.B) { repeat(b, func() { _, _ = Decode(raw) }) })
		b.Run(name+"/parse", func(b *testing.B) { repeat(b, func() { _ = t.parse(raw) }) })
		b.Run(name+"/encoding-xml", func(b *testing.B) { repeat(b, func() { _ = t.parseXML(plain) }) })
	}
}

// scanned passes over the document once and finds every tag, the least a program that uses the fields must do.
func scanned(plain []byte) int {
	found := 0
	for {
		open := bytes.IndexByte(plain, '<')
		if open < 0 {
			return found
		}
		end := bytes.IndexByte(plain[open:], '>')
		if end < 0 {
			return found
		}
		found, plain = found+1, plain[open+end+1:]
	}
}

// grow repeats the steps of an approval until the document has at least size bytes.
func grow(doc string, size int) string {
	from, to := strings.Index(doc, "<SpRecord>"), strings.Index(doc, "</SpRecord>")+len("</SpRecord>")
	step := strings.Replace(doc[from:to], "<Speech><![CDATA[]]>", "<Speech><![CDATA["+strings.Repeat("金额已核对，同意。", 12)+"]]>", 1)
	for len(doc) < size {
		doc = doc[:to] + step + doc[to:]
	}
	return doc
}

func between(body []byte, from, to string) []byte {
	_, rest, _ := bytes.Cut(body, []byte(from))
	inside, _, _ := bytes.Cut(rest, []byte(to))
	return inside
}

func repeat(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

// ratio runs both in turns and reports the median, so that a busy machine spoils neither side.
func ratio(b *testing.B, ours, limit func()) {
	var all []float64
	for b.Loop() {
		all = append(all, float64(timed(ours))/float64(timed(limit)))
	}
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2], "x-limit")
}

func timed(f func()) time.Duration {
	start := time.Now()
	for range 10 {
		f()
	}
	return time.Since(start)
}
