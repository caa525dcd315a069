package callback

import (
	"encoding/xml"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	headMark  = regexp.MustCompile(`HEAD\((\w+)\)`)
	eventMark = regexp.MustCompile(`EVENT\((\w+)\)`)
)

// fixtures are the plaintexts of callbacks.md 6.1–6.4 by name, in the layout of real traffic: one line.
func fixtures(t testing.TB) map[string]string {
	t.Helper()
	file, err := os.ReadFile("testdata/fixtures.txt")
	require.NoError(t, err)
	all := map[string]string{}
	for line := range strings.Lines(string(file)) {
		name, doc, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue
		}
		doc = headMark.ReplaceAllString(doc, "<ToUserName><![CDATA[ww9f2c41d07ab83e56]]></ToUserName>"+
			"<FromUserName><![CDATA[$1]]></FromUserName><CreateTime>1767225700</CreateTime>")
		all[name] = eventMark.ReplaceAllString(doc, "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[$1]]></Event>")
	}
	require.Len(t, all, 42)
	return all
}

// layouts are the ways a document may be laid out without meaning anything else.
func layouts(t testing.TB, doc string) map[string]string {
	return map[string]string{
		"one line":             doc,
		"indented":             indented(t, doc, false),
		"CDATA on its own":     indented(t, doc, true),
		"carriage returns":     strings.ReplaceAll(indented(t, doc, true), "\n", "\r\n"),
		"byte order mark":      "\ufeff" + doc,
		"declaration, comment": `<?xml version="1.0" encoding="utf-8"?>` + "\n<!-- from a log -->\n" + doc,
	}
}

// indented writes every element on a line of its own; loose also puts line breaks around the CDATA sections.
func indented(t testing.TB, doc string, loose bool) string {
	t.Helper()
	var out strings.Builder
	d := xml.NewDecoder(strings.NewReader(doc))
	depth, leaf := 0, false
	for {
		from := d.InputOffset()
		token, err := d.RawToken()
		if err == io.EOF {
			return out.String()
		}
		require.NoError(t, err)
		written := doc[from:d.InputOffset()]
		switch token.(type) {
		case xml.StartElement:
			out.WriteString("\n" + strings.Repeat("   ", depth) + written)
			depth, leaf = depth+1, true
		case xml.EndElement:
			depth--
			if !leaf {
				out.WriteString("\n" + strings.Repeat("   ", depth))
			}
			out.WriteString(written)
			leaf = false
		case xml.CharData:
			if loose && strings.HasPrefix(written, "<![CDATA[") {
				written = "\n      " + written + "\n   "
			}
			out.WriteString(written)
		}
	}
}
