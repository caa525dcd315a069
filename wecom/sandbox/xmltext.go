package sandbox

import (
	"bytes"
	"strconv"
	"strings"
)

// xmlText writes WeCom's flat XML: one line, text in CDATA, numbers bare. User
// text goes in unchanged, also control characters, which WeCom is not known to
// filter; only "]]>" is split over two sections.
type xmlText struct{ b bytes.Buffer }

func (x *xmlText) open(name string) *xmlText {
	x.b.WriteString("<" + name + ">")
	return x
}

func (x *xmlText) close(name string) *xmlText {
	x.b.WriteString("</" + name + ">")
	return x
}

func (x *xmlText) cdata(name, value string) *xmlText {
	x.open(name)
	x.b.WriteString("<![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]>")
	return x.close(name)
}

func (x *xmlText) bare(name, value string) *xmlText {
	x.open(name)
	x.b.WriteString(value)
	return x.close(name)
}

func (x *xmlText) num(name string, v int64) *xmlText { return x.bare(name, strconv.FormatInt(v, 10)) }

func (x *xmlText) coord(name string, v float64) *xmlText {
	return x.bare(name, strconv.FormatFloat(v, 'f', -1, 64))
}

func (x *xmlText) bytes() []byte  { return x.b.Bytes() }
func (x *xmlText) string() string { return x.b.String() }
