package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"guiju/callback/envelope"
)

const (
	tokenA, keyA, corpA = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
	tokenE, keyE, corpE = "FixtureToken01", "Q7mZ2vXk9TjRwLbN4eHsYdPcGfUa1oKi8rVtBx0zMnE", "wwfixture00000001"
)

func testCrypter(t *testing.T, token, key, corp string) *crypter {
	t.Helper()
	c, err := newCrypter(token, key, corp)
	require.NoError(t, err)
	return c
}

func TestPublicVectorA(t *testing.T) {
	c := testCrypter(t, tokenA, keyA, corpA)
	const echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
	require.Equal(t, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", c.sign("1409659589", "263014780", echo))
	plain, err := c.decrypt(echo)
	require.NoError(t, err)
	require.Equal(t, "1616140317555161061", string(plain))
}

func TestOwnVectorsE(t *testing.T) {
	c := testCrypter(t, tokenE, keyE, corpE)
	for _, v := range []struct{ random, msg, at, nonce, signature, cipher string }{
		{"0123456789abcdef", "5189364072215543870", "1767225600", "1029384756", "4460daa62e9fa9a542a48eb17a4ff16dc6a2ed49",
			"ZpIWKqNwR3LWBKeHMbGpZS6t8XJd9ykTAc5T5O1dMgFfaTquTmKrqHI5To9LCfytHL9etkvfEBXv50GOgXhuoQ=="},
		{"AAAABBBBCCCCDDDD", strings.Repeat("x", 27), "1767225602", "1", "7850f34ae552e64dd75c4bc7aa6a45301badc811",
			"FjuhPjM6MKJ2NSPfXlWnGCubAsCppOQmZwSSQFphCQAKH+NiOpn6L4dUHzPhYSVaqxLPhMJz+TKXd11tbBBlV85aRkuyW3aXdRfix9pofbyeaSfqd/tVAtBY5EQmyh/A"},
	} {
		require.Equal(t, v.cipher, c.encrypt([16]byte([]byte(v.random)), []byte(v.msg)))
		require.Equal(t, v.signature, c.sign(v.at, v.nonce, v.cipher))
	}
}

// The app's codec and the platform's must agree in both directions.
func TestCodecAgreesWithTheApps(t *testing.T) {
	c := testCrypter(t, tokenE, keyE, corpE)
	key, err := envelope.NewKey(tokenE, keyE, corpE)
	require.NoError(t, err)
	for n := range 70 { // every padding length twice
		msg := strings.Repeat("规", n)
		s := c.seal([]byte(msg), time.Unix(1767225600, 0))
		for _, swapped := range []bool{true, false} {
			opened, err := envelope.Keys{Current: key}.Open(
				envelope.Query{Signature: s.signature, Timestamp: s.timestamp, Nonce: s.nonce}, s.body(corpE, "1000002", swapped))
			require.NoError(t, err)
			require.Equal(t, msg, string(opened.Message))
		}
		sealed, err := key.Seal(envelope.NewSalt(time.Now()), envelope.XML, corpE, []byte(msg))
		require.NoError(t, err)
		plain, err := c.openReply(sealed)
		require.NoError(t, err)
		require.Equal(t, msg, string(plain))
	}
}

func TestOpenReplyRefuses(t *testing.T) {
	c := testCrypter(t, tokenE, keyE, corpE)
	key, err := envelope.NewKey(tokenE, keyE, corpE)
	require.NoError(t, err)
	raw, err := key.Seal(envelope.NewSalt(time.Now()), envelope.XML, corpE, []byte("<xml/>"))
	require.NoError(t, err)
	good := string(raw)
	other, err := key.Seal(envelope.NewSalt(time.Now()), envelope.XML, "wwother", []byte("<xml/>"))
	require.NoError(t, err)
	for name, bad := range map[string]struct{ body, want string }{
		"wrong element name": {strings.ReplaceAll(good, "TimeStamp", "Timestamp"), "缺少 TimeStamp"},
		"no signature":       {strings.ReplaceAll(good, "MsgSignature", "Signature"), "缺少 MsgSignature"},
		"changed nonce":      {strings.Replace(good, "<Nonce><![CDATA[", "<Nonce><![CDATA[1", 1), "签名不符"},
		"other corp":         {string(other), "receiveid"},
		"JSON":               {`{"encrypt":"x"}`, "不是加密 XML"},
		"plain XML":          {"<xml><ToUserName>a</ToUserName></xml>", "缺少 Encrypt"},
	} {
		_, err := c.openReply([]byte(bad.body))
		require.ErrorContains(t, err, bad.want, name)
	}
}

func FuzzOpenReply(f *testing.F) {
	c, err := newCrypter(tokenE, keyE, corpE)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("<xml><Encrypt>AAAA</Encrypt><MsgSignature>x</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>"), "AAAA")
	f.Fuzz(func(_ *testing.T, body []byte, cipher string) {
		_, _ = c.openReply(body)
		_, _ = c.decrypt(cipher)
	})
}
