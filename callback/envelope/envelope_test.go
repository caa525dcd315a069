package envelope

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOpenEchoPublishedVector(t *testing.T) {
	keys := Keys{Current: key(t, tokenA, aesKeyA, corpA)}
	for name, echostr := range map[string]string{
		"as decoded":            cipherA1,
		"plus turned to blanks": strings.ReplaceAll(cipherA1, "+", " "),
	} {
		t.Run(name, func(t *testing.T) {
			echo, err := keys.OpenEcho(queryA1, echostr)
			require.NoError(t, err)
			require.Equal(t, echoA1, string(echo))
		})
	}
}

func TestOpenPublishedVectors(t *testing.T) {
	keys := Keys{Current: key(t, tokenA, aesKeyA, corpA)}
	outerA2 := "<xml><ToUserName><![CDATA[" + corpA + "]]></ToUserName><AgentID><![CDATA[218]]></AgentID><Encrypt><![CDATA[" + cipherA2 + "]]></Encrypt></xml>"
	for name, c := range map[string]struct {
		query         Query
		body, message string
		agent         string
		form          Form
	}{
		"one line":             {queryA2, outerA2, messageA2, "218", XML},
		"no outer ids":         {queryA2, "<xml><Encrypt>" + cipherA2 + "</Encrypt></xml>", messageA2, "", XML},
		"empty agent id":       {queryA2, strings.Replace(outerA2, "218", "", 1), messageA2, "", XML},
		"other order":          {queryA2, "<xml><Encrypt><![CDATA[" + cipherA2 + "]]></Encrypt><AgentID>218</AgentID></xml>", messageA2, "218", XML},
		"indented":             {queryA2, "\n<xml>\n  <AgentID>\n218\n</AgentID>\r\n\t<Encrypt>\n<![CDATA[" + cipherA2 + "]]>\n</Encrypt>\n</xml>\n", messageA2, "218", XML},
		"byte order mark":      {queryA2, "\ufeff" + outerA2, messageA2, "218", XML},
		"declaration, comment": {queryA2, `<?xml version="1.0" encoding="UTF-8"?><!-- x -->` + outerA2, messageA2, "218", XML},
		"attribute":            {queryA2, strings.Replace(outerA2, "<Encrypt>", `<Encrypt a="b">`, 1), messageA2, "218", XML},
		"reference":            {queryA2, "<xml><Encrypt>&#82;" + cipherA2[1:] + "</Encrypt></xml>", messageA2, "", XML},
		"unknown element":      {queryA2, strings.Replace(outerA2, "<Encrypt>", "<New><Encrypt>no</Encrypt></New><Encrypt>", 1), messageA2, "218", XML},
		"JSON, python names":   {queryC2, `{"tousername":"` + corpA + `","encrypt":"` + cipherC2 + `","agentid":218}`, messageC2, "218", JSON},
		"JSON, php names":      {queryC2, ` {"ToUserName":"` + corpA + `","Encrypt":"` + cipherC2 + `","AgentID":"218"} `, messageC2, "218", JSON},
		"JSON, bot":            {queryC2, `{"encrypt":"` + strings.ReplaceAll(cipherC2, "/", `\/`) + `"}`, messageC2, "", JSON},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := keys.Open(c.query, []byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.message, string(o.Message))
			require.Equal(t, corpA, o.ReceiveID)
			require.Equal(t, c.agent, o.OuterAgentID)
			require.Equal(t, c.form, o.Form)
		})
	}
}

func TestSealDeterministicVectors(t *testing.T) {
	for name, v := range vectorsE {
		t.Run(name, func(t *testing.T) {
			k := key(t, tokenE, aesKeyE, v.receiveID)
			salt := Salt{Timestamp: v.timestamp, Nonce: v.nonce}
			copy(salt.Random[:], v.random)

			q, echostr, err := k.SealEcho(salt, v.message)
			require.NoError(t, err)
			require.Equal(t, v.cipher, echostr)
			require.Equal(t, v.signature, q.Signature)

			for _, form := range []Form{XML, JSON} {
				r, err := k.SealRequest(salt, form, corpE, "1000042", []byte(v.message))
				require.NoError(t, err)
				o, err := Keys{Current: k}.Open(r.Query, r.Body)
				require.NoError(t, err)
				require.Equal(t, v.message, string(o.Message))
				require.Equal(t, form, o.Form)
				require.Equal(t, "1000042", o.OuterAgentID)

				reply, err := o.Seal(salt, []byte(v.message))
				require.NoError(t, err)
				back, err := k.OpenReply(reply)
				require.NoError(t, err)
				require.Equal(t, v.message, string(back))
			}
		})
	}
}

func TestReplyNamesOfBothForms(t *testing.T) {
	v := vectorsE["E1 echo"]
	k := key(t, tokenE, aesKeyE, corpE)
	salt := Salt{Timestamp: v.timestamp, Nonce: v.nonce}
	copy(salt.Random[:], v.random)

	body, err := k.Seal(salt, XML, corpE, []byte(v.message))
	require.NoError(t, err)
	require.Equal(t, "<xml><Encrypt><![CDATA["+v.cipher+"]]></Encrypt><MsgSignature><![CDATA["+v.signature+
		"]]></MsgSignature><TimeStamp>1767225600</TimeStamp><Nonce><![CDATA[1029384756]]></Nonce></xml>", string(body))
	require.NoError(t, xml.Unmarshal(body, new(struct{})))

	body, err = k.Seal(salt, JSON, corpE, []byte(v.message))
	require.NoError(t, err)
	var parts map[string]any
	require.NoError(t, json.Unmarshal(body, &parts))
	require.Equal(t, map[string]any{"encrypt": v.cipher, "msgsignature": v.signature, "timestamp": 1767225600.0, "nonce": "1029384756"}, parts)
}

func TestOpenRefuses(t *testing.T) {
	e := key(t, tokenE, aesKeyE, corpE)
	e1, e2 := vectorsE["E1 echo"], vectorsE["E2 markup and Chinese"]
	queryE1 := Query{e1.signature, e1.timestamp, e1.nonce}
	wrap := func(encrypt string) []byte { return []byte("<xml><Encrypt>" + encrypt + "</Encrypt></xml>") }
	plain := func(n uint32, rest string) []byte { // 16 random bytes, a length field, and what stands behind it
		return append(binary.BigEndian.AppendUint32(make([]byte, 16), n), rest...)
	}
	forge := func(plain []byte, pad ...byte) (Query, []byte) { // signed and encrypted with the right key
		encrypt := encryptRaw(e, append(plain, pad...))
		return signQuery(e, encrypt), wrap(encrypt)
	}
	good := func(plain []byte) (Query, []byte) {
		n := 32 - len(plain)%32
		return forge(plain, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	type request struct {
		query Query
		body  []byte
	}
	of := func(q Query, body []byte) request { return request{q, body} }

	flipped := e1.signature[:39] + string("0123456789abcdef"[(strings.IndexByte("0123456789abcdef", e1.signature[39])+1)%16])
	other := key(t, tokenE, aesKeyE, "ww0000000000000000")
	foreign, err := other.SealRequest(NewSalt(time.Unix(1767225601, 0)), XML, corpE, "", []byte(messageE2))
	require.NoError(t, err)

	for name, c := range map[string]struct {
		request request
		err     error
		reason  string
	}{
		"last digit of the signature changed": {of(Query{flipped, e1.timestamp, e1.nonce}, wrap(e1.cipher)), ErrSignature, "signature"},
		"signature in capitals":               {of(Query{strings.ToUpper(e1.signature), e1.timestamp, e1.nonce}, wrap(e1.cipher)), ErrSignature, "signature"},
		"plus turned to a blank":              {of(Query{e2.signature, e2.timestamp, e2.nonce}, wrap(strings.Replace(e2.cipher, "+", " ", 1))), ErrSignature, "signature"},
		"ciphertext changed":                  {of(queryE1, wrap("A"+e1.cipher[1:])), ErrSignature, "signature"},
		"other timestamp":                     {of(Query{e1.signature, "1767225601", e1.nonce}, wrap(e1.cipher)), ErrSignature, "signature"},
		"short signature":                     {of(Query{e1.signature[:39], e1.timestamp, e1.nonce}, wrap(e1.cipher)), ErrQuery, "query"},
		"no parameters":                       {of(Query{}, wrap(e1.cipher)), ErrQuery, "query"},
		"endless nonce":                       {of(Query{e1.signature, e1.timestamp, strings.Repeat("1", 500)}, wrap(e1.cipher)), ErrQuery, "query"},
		"another corp's receive id":           {of(foreign.Query, foreign.Body), ErrReceiveID, "receiveid"},
		"receive id cut":                      {of(good(plain(2, "hi"+corpE[:5]))), ErrReceiveID, "receiveid"},
		"receive id longer":                   {of(good(plain(2, "hi"+corpE+"x"))), ErrReceiveID, "receiveid"},
		"no ciphertext":                       {of(queryE1, wrap("")), ErrEmpty, "empty"},
		"no Encrypt element":                  {of(queryE1, []byte("<xml><AgentID>1</AgentID></xml>")), ErrEmpty, "empty"},
		"empty JSON":                          {of(queryE1, []byte("{}")), ErrEmpty, "empty"},
		"not base64":                          {of(signQuery(e, "!!!!"), wrap("!!!!")), ErrBase64, "base64"},
		"base64 cut":                          {of(signQuery(e, "QUJD="), wrap("QUJD=")), ErrBase64, "base64"},
		"half a block":                        {of(signQuery(e, "QUJDREVGR0g="), wrap("QUJDREVGR0g=")), ErrBlock, "block"},
		"only line breaks":                    {of(signQuery(e, "\n"), []byte("<xml><Encrypt><![CDATA[\n]]></Encrypt></xml>")), ErrEmpty, "empty"},
		"one block of 16":                     {of(forge(bytes.Repeat([]byte{12}, 16))), ErrLength, "length"},
		"nothing but padding":                 {of(forge(bytes.Repeat([]byte{32}, 32))), ErrLength, "length"},
		"pad value 0":                         {of(forge(make([]byte, 32))), ErrPadding, "padding"},
		"pad value 33":                        {of(forge(bytes.Repeat([]byte{33}, 64))), ErrPadding, "padding"},
		"pad longer than the text":            {of(forge(bytes.Repeat([]byte{20}, 16))), ErrPadding, "padding"},
		"pad bytes differ":                    {of(forge(make([]byte, 30), 1, 2)), ErrPadding, "padding"},
		"length beyond the end":               {of(good(plain(100, "hi"+corpE))), ErrLength, "length"},
		"length one too long":                 {of(good(plain(uint32(len(corpE)+1), corpE))), ErrLength, "length"},
		"length wraps 32 bits":                {of(good(plain(0xFFFFFFFF, "hi"+corpE))), ErrLength, "length"},
		"length wraps 32 bits to the start":   {of(good(plain(0xFFFFFFEC, "hi"+corpE))), ErrLength, "length"},
		"two roots":                           {of(queryE1, append(wrap(e1.cipher), wrap(e1.cipher)...)), ErrXML, "xml"},
		"two ciphertexts":                     {of(queryE1, []byte("<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>")), ErrXML, "xml"},
		"text behind":                         {of(queryE1, append(wrap(e1.cipher), 'x')), ErrXML, "xml"},
		"truncated":                           {of(queryE1, wrap(e1.cipher)[:60]), ErrXML, "xml"},
		"empty body":                          {of(queryE1, nil), ErrXML, "xml"},
		"HTML":                                {of(queryE1, []byte("<html><body>hi</body></html>")), ErrXML, "xml"},
		"entity bomb":                         {of(queryE1, []byte(`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>`)), ErrXML, "xml"},
		"deep":                                {of(queryE1, []byte("<xml>"+strings.Repeat("<a>", 10000)+strings.Repeat("</a>", 10000)+"</xml>")), ErrXML, "xml"},
		"many elements":                       {of(queryE1, []byte("<xml>"+strings.Repeat("<a></a>", 10000)+"</xml>")), ErrXML, "xml"},
		"broken JSON":                         {of(queryE1, []byte(`{"encrypt":`)), ErrJSON, "json"},
		"JSON list":                           {of(queryE1, []byte(`{"encrypt":[1]}`)), ErrJSON, "json"},
		"oversize":                            {of(queryE1, bytes.Repeat([]byte{' '}, MaxBody+1)), ErrSize, "size"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Keys{Current: e}.Open(c.request.query, c.request.body)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.reason, Reason(err))
		})
	}
}

// Legal XML that WeCom does not write is read up to a size: it is not proved yet, and costs a hundred times the proof.
func TestUnusualBodiesAreBounded(t *testing.T) {
	e := key(t, tokenE, aesKeyE, corpE)
	c := vectorsE["E2 markup and Chinese"]
	q := Query{c.signature, c.timestamp, c.nonce}
	for blanks, want := range map[int]error{1: nil, maxUnusual / 2: nil, maxUnusual: ErrXML} {
		for name, body := range map[string]string{
			"comment": "<xml><!--" + strings.Repeat(" ", blanks) + "--><Encrypt>" + c.cipher + "</Encrypt></xml>",
			"header":  "<?xml version='1.0'?>" + strings.Repeat(" ", blanks) + "<xml><Encrypt>" + c.cipher + "</Encrypt></xml>",
		} {
			_, err := Keys{Current: e}.Open(q, []byte(body))
			require.ErrorIs(t, err, want, "%s of %d bytes", name, blanks)
		}
	}
	_, err := Keys{Current: e}.Open(q, []byte("<xml>"+strings.Repeat(" ", maxUnusual)+"<Encrypt>"+c.cipher+"</Encrypt></xml>"))
	require.NoError(t, err, "WeCom's own dialect may be as long as it likes")
}

func TestWrongAESKeyIsBadPadding(t *testing.T) {
	mixed := Keys{Current: key(t, tokenA, aesKeyE, corpA)}
	_, err := mixed.OpenEcho(queryA2, cipherA2)
	require.ErrorIs(t, err, ErrPadding)
}

func TestEchoRefusals(t *testing.T) {
	keys := Keys{Current: key(t, tokenA, aesKeyA, corpA)}
	for name, c := range map[string]struct {
		q       Query
		echostr string
		want    error
	}{
		"empty":     {queryA1, "", ErrEmpty},
		"no query":  {Query{}, cipherA1, ErrQuery},
		"oversize":  {queryA1, strings.Repeat("A", MaxBody+1), ErrSize},
		"other one": {queryA2, cipherA1, ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keys.OpenEcho(c.q, c.echostr)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestKeyChange(t *testing.T) {
	old := key(t, tokenA, aesKeyA, corpA)
	salt := NewSalt(time.Unix(1767225601, 0))
	for name, next := range map[string]*Key{
		"both changed":       key(t, tokenE, aesKeyE, corpA),
		"only token changed": key(t, tokenE, aesKeyA, corpA),
		"only key changed":   key(t, tokenA, aesKeyE, corpA),
	} {
		t.Run(name, func(t *testing.T) {
			keys := Keys{Current: next, Previous: old}
			for _, from := range []*Key{old, next} {
				r, err := from.SealRequest(salt, XML, corpA, "", []byte("hello"))
				require.NoError(t, err)
				o, err := keys.Open(r.Query, r.Body)
				require.NoError(t, err)
				require.Same(t, from, o.Key)
				reply, err := o.Seal(salt, []byte("answer"))
				require.NoError(t, err)
				back, err := from.OpenReply(reply)
				require.NoError(t, err, "a reply is sealed with the key that opened the request")
				require.Equal(t, "answer", string(back))
			}
		})
	}
	t.Run("neither opens: the matching signature tells", func(t *testing.T) {
		keys := Keys{Current: key(t, tokenE, aesKeyE, corpA), Previous: key(t, tokenA, aesKeyA, "wwother")}
		_, err := keys.OpenEcho(queryA1, cipherA1)
		require.ErrorIs(t, err, ErrReceiveID)
	})
}

func TestNewKeyNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		token, aes string
		ids        []string
		want       string
	}{
		"no token":        {"", aesKeyE, []string{corpE}, "token: is empty"},
		"long token":      {strings.Repeat("a", 33), aesKeyE, []string{corpE}, "token: has 33 characters, at most 32 are allowed"},
		"token with sign": {"abc def", aesKeyE, []string{corpE}, "token: may hold only the letters A-Z, a-z and the digits 0-9"},
		"no key":          {tokenE, "", []string{corpE}, "encoding_aes_key: is empty"},
		"short key":       {tokenE, aesKeyE[:42], []string{corpE}, "encoding_aes_key: has 42 characters, exactly 43 are needed"},
		"key with sign":   {tokenE, aesKeyE[:42] + "=", []string{corpE}, "encoding_aes_key: may hold only the letters A-Z, a-z and the digits 0-9"},
		"no receive id":   {tokenE, aesKeyE, nil, "receive_id: at least one is needed (the corp id)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewKey(c.token, c.aes, c.ids...)
			require.EqualError(t, err, c.want)
			var ke *KeyError
			require.ErrorAs(t, err, &ke)
		})
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	k := key(t, tokenE, aesKeyE, corpE)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, k), tokenE)
		require.NotContains(t, fmt.Sprintf(verb, Keys{Current: k}), tokenE)
	}
}

func TestReceiveIDIsASet(t *testing.T) {
	k := key(t, tokenE, aesKeyE, "wwprovider", corpE)
	v := vectorsE["E1 echo"]
	echo, err := Keys{Current: k}.OpenEcho(Query{v.signature, v.timestamp, v.nonce}, v.cipher)
	require.NoError(t, err)
	require.Equal(t, v.message, string(echo))
}

func TestSaltsDifferAndAreChecked(t *testing.T) {
	at := time.Unix(1767225601, 0)
	a, b := NewSalt(at), NewSalt(at)
	require.NotEqual(t, a.Random, b.Random)
	require.NotEqual(t, a.Nonce, b.Nonce)
	require.Equal(t, "1767225601", a.Timestamp)
	k := key(t, tokenE, aesKeyE, corpE)
	for _, bad := range []Salt{{}, {Timestamp: "soon", Nonce: "1"}, {Timestamp: "1", Nonce: "]]>"}, {Timestamp: "1"}} {
		_, err := k.Seal(bad, XML, corpE, nil)
		require.Error(t, err)
	}
}

func TestOpenReplyRefuses(t *testing.T) {
	k := key(t, tokenE, aesKeyE, corpE)
	reply, err := k.Seal(NewSalt(time.Unix(1767225601, 0)), XML, corpE, []byte("x"))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		body string
		want error
	}{
		"documented name TimeStamp": {strings.ReplaceAll(string(reply), "TimeStamp", "Timestamp"), ErrQuery},
		"tampered":                  {strings.Replace(string(reply), "<Nonce><![CDATA[", "<Nonce><![CDATA[1", 1), ErrSignature},
		"plain text":                {"success", ErrXML},
		"twice":                     {strings.Replace(string(reply), "</xml>", "<Nonce>1</Nonce></xml>", 1), ErrXML},
		"JSON error":                {`{"status":"ok"}`, ErrQuery},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := k.OpenReply([]byte(c.body))
			require.ErrorIs(t, err, c.want)
		})
	}
}

// FuzzOpen holds Open to its promises over arbitrary bodies: no panic, a known reason, and only what was sealed opens.
func FuzzOpen(f *testing.F) {
	k := key(f, tokenA, aesKeyA, corpA)
	keys := Keys{Current: k, Previous: key(f, tokenE, aesKeyE, corpE)}
	for _, body := range []string{"<xml><Encrypt><![CDATA[" + cipherA2 + "]]></Encrypt></xml>", `{"encrypt":"` + cipherC2 + `"}`, "<xml/>", ""} {
		f.Add([]byte(body), []byte("plain"), true)
	}
	f.Fuzz(func(t *testing.T, body, plain []byte, pad bool) {
		if _, err := keys.Open(queryA2, body); err != nil {
			require.NotEqual(t, "other", Reason(err))
		} else {
			require.Contains(t, string(body), "Encrypt")
		}
		if pad { // a well padded but otherwise arbitrary plaintext, signed with the right key
			n := 32 - len(plain)%32
			plain = append(plain, bytes.Repeat([]byte{byte(n)}, n)...)
		} else {
			plain = append(plain, make([]byte, (16-len(plain)%16)%16)...)
		}
		if len(plain) == 0 {
			return
		}
		encrypt := encryptRaw(k, plain)
		o, err := keys.Open(signQuery(k, encrypt), []byte("<xml><Encrypt>"+encrypt+"</Encrypt></xml>"))
		if err != nil {
			require.Contains(t, []string{"padding", "length", "receiveid"}, Reason(err))
			return
		}
		require.Equal(t, corpA, o.ReceiveID)
		require.True(t, bytes.Contains(plain, o.Message))
	})
}

func key(t testing.TB, token, aes string, ids ...string) *Key {
	t.Helper()
	k, err := NewKey(token, aes, ids...)
	require.NoError(t, err)
	return k
}

// encryptRaw encrypts whole blocks as they are, which no sender does.
func encryptRaw(k *Key, plain []byte) string {
	out := append([]byte(nil), plain...)
	cipher.NewCBCEncrypter(k.block, k.iv[:]).CryptBlocks(out, out)
	return base64.StdEncoding.EncodeToString(out)
}

func signQuery(k *Key, encrypt string) Query {
	return Query{Signature: k.signature("1767225600", "1", []byte(encrypt)), Timestamp: "1767225600", Nonce: "1"}
}
