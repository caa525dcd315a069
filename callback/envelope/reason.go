package envelope

import "errors"

// Why an envelope was refused. None of these errors carries any part of what was refused.
var (
	ErrQuery     = errors.New("query parameters missing or malformed")
	ErrSize      = errors.New("body larger than allowed")
	ErrXML       = errors.New("body is not the XML of an envelope")
	ErrJSON      = errors.New("body is not the JSON of an envelope")
	ErrEmpty     = errors.New("envelope carries no ciphertext")
	ErrSignature = errors.New("signature does not match")
	ErrBase64    = errors.New("ciphertext is not base64")
	ErrBlock     = errors.New("ciphertext is not whole blocks")
	ErrPadding   = errors.New("padding is wrong")
	ErrLength    = errors.New("length field exceeds the plaintext")
	ErrReceiveID = errors.New("receive id is another receiver's")
)

var reasons = []struct {
	err  error
	name string
}{
	{ErrQuery, "query"}, {ErrSize, "size"}, {ErrXML, "xml"}, {ErrJSON, "json"}, {ErrEmpty, "empty"},
	{ErrSignature, "signature"}, {ErrBase64, "base64"}, {ErrBlock, "block"}, {ErrPadding, "padding"},
	{ErrLength, "length"}, {ErrReceiveID, "receiveid"},
}

// Reason is the one-word cause of an error of this package, for counting; "other" for any other error, "" for none.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "other"
}

// FailedProof reports whether reason, a word of Reason, is of a request that
// claimed to be WeCom's and did not prove it: its Token, EncodingAESKey or
// receive id differs.
func FailedProof(reason string) bool {
	switch reason {
	case "signature", "base64", "block", "padding", "length", "receiveid":
		return true
	}
	return false
}
